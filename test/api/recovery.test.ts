import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Measuring } from '../../src/telemetry/measuring.js';
import { type Life, plan, sellAndPay, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, send } from './outsider.js';

const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');
const day = (n: number): string => new Date(RENEWAL + n * 86_400_000).toISOString();

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
  await fail('20051', day(4), 2);
  await fail('20068', day(1), 1);
  const suspected = await fail('20059', day(1));
  await wallet(world, suspected, { outcome: 'capture' });
  await world.post(`/v1/subscriptions/${suspected.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  await world.pay(suspected.subscription);
  const ours = await fail('20003', day(1), 1);
  const [owed] = await world.list(`/v1/invoices?subscription=${ours.subscription}&status=open`);
  await world.post(`/v1/invoices/${owed?.id}/pay`);
  await world.settle();
  await fail('200R1', day(20));
  await fail('20051', day(2));
  // One that fails in May, in another currency.
  const hongKong = (await plan(world, { currency: 'HKD', amount: 500 })).code;
  const late = await sellAndPay(world, hongKong, '2026-04-20T02:00:00Z');
  await wallet(world, late, { outcome: 'decline', response_code: '20051' });
  await world.advance(late.clock, '2026-05-20T02:00:00Z');
  // And one that never failed.
  await world.advance((await sellAndPay(world, code, START)).clock, day(1));
});
afterAll(() => world.close());

/** A renewal that fails with this code so often, lived up to an instant. */
async function fail(response_code: string, until: string, times?: number): Promise<Life> {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code, ...(times !== undefined && { times }) });
  await world.advance(life.clock, until);
  return life;
}

const of = (count: number, amount = count * 3900) => ({ count, amount });
const outcome = (failed: number, recovered: number, lost: number, in_play: number, price = 3900) => ({
  failed: of(failed, failed * price), recovered: of(recovered, recovered * price), lost: of(lost, lost * price), in_play: of(in_play, in_play * price),
});

const APRIL = {
  currency: 'CNY', ...outcome(6, 4, 1, 1),
  by_class: {
    funds: outcome(2, 1, 0, 1), technical: outcome(1, 1, 0, 0), reauthorise: outcome(1, 0, 1, 0), risk: outcome(1, 1, 0, 0), configuration: outcome(1, 1, 0, 0),
  },
  recovered_by: expect.arrayContaining([
    { by: 'step', step: 2, ...of(1) }, { by: 'technical', step: null, ...of(1) }, { by: 'customer', step: null, ...of(1) }, { by: 'operator', step: null, ...of(1) },
  ]),
};
const none = outcome(0, 0, 0, 0);
const MAY = {
  currency: 'HKD', ...outcome(1, 0, 0, 1, 500), recovered_by: [],
  by_class: { funds: outcome(1, 0, 0, 1, 500), technical: none, reauthorise: none, risk: none, configuration: none },
};

const report = (query = '') => world.get(`/v1/reports/recovery${query}`);

describe('what became of payments that failed', () => {
  test('in all, per currency: by class, and by what recovered them', async () => {
    const whole = await report();
    expect(whole).toEqual({
      object: 'recovery_report', from: null, to: null, interval: null, created_at: new Date(world.clock.at).toISOString(),
      data: [{ start: null, end: null, ...APRIL }, { start: null, end: null, ...MAY }],
    });
    expect(whole.data[0].recovered_by).toHaveLength(4);
  });

  test('by month, in the engine’s time zone', async () => {
    expect((await report('?interval=month')).data).toEqual([
      { start: '2026-03-31T16:00:00.000Z', end: '2026-04-30T16:00:00.000Z', ...APRIL },
      { start: '2026-04-30T16:00:00.000Z', end: '2026-05-31T16:00:00.000Z', ...MAY },
    ]);
    const days = (await report('?interval=day')).data.map(({ start, end, failed }: Record<string, any>) => [start, end, failed.count]);
    expect(days).toEqual([['2026-04-09T16:00:00.000Z', '2026-04-10T16:00:00.000Z', 6], ['2026-05-19T16:00:00.000Z', '2026-05-20T16:00:00.000Z', 1]]);
    expect((await report('?interval=week')).data).toMatchObject([{ start: '2026-04-05T16:00:00.000Z' }, { start: '2026-05-17T16:00:00.000Z' }]);
  });

  test('by when the first try failed, half-open: a later failure of the same invoice is none of its own', async () => {
    const counts = async (query: string) => (await report(query)).data.map(({ currency, failed }: Record<string, any>) => [currency, failed.count]);
    expect(await counts(`?from=${day(0)}&to=${day(1)}`)).toEqual([['CNY', 6]]);
    expect(await counts(`?from=${day(1)}&to=${day(30)}`)).toEqual([]);
    expect(await counts(`?from=${day(1)}`)).toEqual([['HKD', 1]]);
    expect(await report(`?from=${day(0)}&to=${day(1)}`)).toMatchObject({ from: day(0), to: day(1), data: [{ start: day(0), end: day(1) }] });
  });

  test.each([
    ['interval=year', ['interval']],
    ['interval=', ['interval']],
    ['interval=day&interval=month', ['interval']],
    ['from=yesterday&interval=hour&by=class', ['from', 'interval', 'by']],
  ])('%s is refused, and named', async (query, paths) => {
    expectProblem(await send(world, 'get', `/v1/reports/recovery?${query}`), { ...INVALID, paths });
  });

});

test('/metrics counts those that are being dunned, by who must act', async () => {
  await fail('43102', day(1));
  await fail('20012', day(1));
  await world.app.get(Measuring).run();
  const { text } = await send(world, 'get', '/metrics', { key: null });
  for (const [waits, count] of [['time', 2], ['customer', 1], ['operator', 1]]) {
    expect(text).toContain(`zhouqi_dunning_subscriptions{waits_for="${waits}"} ${count}`);
  }
  expect(text).toContain('zhouqi_parked_rows{kind="decline"} 2');
});
