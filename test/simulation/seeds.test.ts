import { expect, test } from 'vitest';
import { run } from './program.js';

const PATIENCE_MS = 120_000;
const size = (subscriptions: number, years: number, calmDays: number): string[] => [
  '--subscriptions', String(subscriptions), '--years', String(years), '--calm-days', String(calmDays), '--workers', '1',
];

/** Seeds that failed once, in the smallest size that showed it, and what they showed. */
const FAILED_ONCE: [number, string[], string][] = [
  [1, size(8, 0.015, 15), 'a commit that was lost parked a healthy charge'],
];

test('one seed, run twice, gives one trace, and holds', { timeout: PATIENCE_MS }, async () => {
  const small = ['--seed', '2', ...size(12, 0.015, 15)];
  const [once, again] = await Promise.all([run('main', ...small), run('main', ...small)]);
  const trace = /trace ([0-9a-f]{16})/;
  expect(once.output).toMatch(/doubles 0, missed 0, other violations 0/);
  expect(once.code, once.output).toBe(0);
  expect(trace.exec(again.output)?.[1]).toBe(trace.exec(once.output)?.[1]);
});

test.each(FAILED_ONCE)('seed %i holds again', { timeout: PATIENCE_MS }, async (seed, numbers) => {
  const { code, output } = await run('main', '--seed', String(seed), ...numbers);
  expect(code, output).toBe(0);
});
