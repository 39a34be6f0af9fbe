import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface Options {
  seeds: number[];
  subscriptions: number;
  /** Virtual days under faults. */
  days: number;
  calmDays: number;
  /** Seeds that are lived through at once, each in a process of its own. */
  workers: number;
  /** Whether all fault classes and all edges must show, as they must in the default run. */
  complete: boolean;
}

const DEFAULT_SEEDS = 4;
/** Many at once for a few days: what falls due together is worked on in sets, and more is seen in the same time. */
const DEFAULT_SUBSCRIPTIONS = 260;
const DEFAULT_YEARS = 0.03;
const CALM_DAYS = 34;

/** Reads `--seed N --subscriptions N --years N`; without a seed several are lived through. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, seeds: { type: 'string' }, subscriptions: { type: 'string' }, years: { type: 'string' }, 'calm-days': { type: 'string' }, workers: { type: 'string' } },
  });
  const seed = values.seed === undefined ? null : whole(values.seed, '--seed');
  const seeds = seed === null ? Array.from({ length: whole(values.seeds ?? String(DEFAULT_SEEDS), '--seeds') }, (_, i) => i + 1) : [seed];
  const years = Number(values.years ?? DEFAULT_YEARS);
  if (!(years > 0 && years <= 100)) throw new Error('--years must be a number above 0');
  return {
    seeds,
    subscriptions: whole(values.subscriptions ?? String(DEFAULT_SUBSCRIPTIONS), '--subscriptions'),
    days: Math.ceil(years * 365),
    calmDays: whole(values['calm-days'] ?? String(CALM_DAYS), '--calm-days'),
    workers: whole(values.workers ?? String(Math.min(2, availableParallelism())), '--workers'),
    complete: args.length === 0,
  };
}

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new Error(`${name} must be a whole number above 0`);
  return value;
}
