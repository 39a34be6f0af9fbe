import type { Charge } from '../charge.js';
import type { Terms } from './case.builder.js';
import { Life, staysPending } from './life.story.js';

/** A daily subscription (unless `terms` say otherwise) whose second and third period are both asked for, and not answered. */
export function twoInFlight(terms: Terms = {}): { life: Life; second: Charge; third: Charge } {
  const life = Life.active({ version: { interval: 'day', amount: 1000 }, ...terms });
  life.passDays(1, staysPending);
  const second = life.latest;
  life.passDays(1, staysPending);
  return { life, second, third: life.latest };
}
