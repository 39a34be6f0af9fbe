import type { SandboxGateway } from '../gateway.js';
import { ControlRefusal, wholeNumber, type ControlRoute } from './router.js';

/** The clock, and what is going on. */
export function timeRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { clock } = gateway.context;
  const time = (): { now: string } => ({ now: new Date(clock.now()).toISOString() });
  return [
    { method: 'GET', pattern: '/clock', description: 'the time in the sandbox', run: time },
    {
      method: 'POST', pattern: '/clock/advance', description: '{seconds} lives through that time: decisions, expiries, webhook retries',
      run: async ({ body }) => {
        const seconds = body['seconds'];
        if (typeof seconds !== 'number' || !(seconds >= 0 && seconds < 1e10)) throw new ControlRefusal(422, 'seconds: must be a number from 0');
        await gateway.advanceTo(clock.now() + seconds * 1000);
        return time();
      },
    },
    {
      method: 'POST', pattern: '/clock/set', description: '{now} (RFC 3339) likewise, up to that instant; never backwards',
      run: async ({ body }) => {
        const instant = Date.parse(String(body['now']));
        if (Number.isNaN(instant)) throw new ControlRefusal(422, 'now: must be an instant');
        if (instant < clock.now()) throw new ControlRefusal(409, `now: the clock is already at ${time().now}`);
        await gateway.advanceTo(instant);
        return time();
      },
    },
    {
      method: 'GET', pattern: '/idle', description: 'whether anything is scheduled or in flight, webhook retries and open pay pages aside; ?within_seconds= looks no further',
      run: ({ query }) => gateway.activity(wholeNumber(query, 'within_seconds', Infinity) * 1000),
    },
    {
      method: 'GET', pattern: '/stats', description: 'requests by operation and outcome, webhooks sent, faults struck',
      run: () => ({ requests: gateway.requests, webhooks: gateway.webhooks.counts, faults: gateway.context.faults.firedByType() }),
    },
    { method: 'POST', pattern: '/reset', description: 'forgets payments, book, faults and changed settings', run: () => gateway.reset() },
  ];
}
