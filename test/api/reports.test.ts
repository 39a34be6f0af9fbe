import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arm, chargesOf, DAY, HOUR, lastCharge, liveToRenewal, MINUTE, sell, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, send } from './outsider.js';

const START = Date.parse('2026-03-01T00:00:00Z');
const at = (days: number) => new Date(START + days * DAY).toISOString();
const STORED = { match: { kind: 'stored' } };

let world: World;
afterAll(() => world.close());

const report = (query = '') => world.get(`/v1/reports/reconciliation${query}`);

describe('a book in which all is well', () => {
  beforeAll(async () => {
    world = await World.open({ now: at(0) });
    const first = await sell(world);
    await world.post(`/v1/subscriptions/${first}/cancel`, { at: 'now' });
    await world.pass(10 * DAY);
    const { id: second } = await signUp(world, {}, { amount: 500, currency: 'HKD', interval: 'year' });
    await world.pay(second);
    await signUp(world, {}, { interval: 'year' });
    await world.pass(5 * DAY, DAY);
  });

  test('counts and sums per currency what was sent, captured, compared, and is yet to be', async () => {
    expect(await report()).toEqual({
      object: 'reconciliation_report', from: null, to: null, interval: null, created_at: new Date(world.clock.at).toISOString(),
      currencies: [
        { start: null, end: null, currency: 'CNY', sent: { count: 2, amount: 7800 }, captured: { count: 1, amount: 3900 }, compared: { count: 1, amount: 3900 }, to_compare: { count: 1, amount: 3900 } },
        { start: null, end: null, currency: 'HKD', sent: { count: 1, amount: 500 }, captured: { count: 1, amount: 500 }, compared: { count: 0, amount: 0 }, to_compare: { count: 1, amount: 500 } },
      ],
      differences: [], more_differences: false,
    });
  });

  test('by the time of the first sending, half-open', async () => {
    const currencies = async (query: string) => (await report(query)).currencies.map((row: { currency: string; sent: { count: number } }) => [row.currency, row.sent.count]);
    expect(await currencies(`?from=${at(10)}`)).toEqual([['CNY', 1], ['HKD', 1]]);
    expect(await currencies(`?to=${at(10)}`)).toEqual([['CNY', 1]]);
    expect(await currencies(`?from=${at(0)}&to=${at(1)}`)).toEqual([['CNY', 1]]);
    expect(await currencies(`?from=${at(20)}&to=${at(30)}`)).toEqual([]);
    const [first] = await world.database.query<{ at: Date }>('select min(first_sent_at) as at from charges');
    const instant = first?.at.toISOString() as string;
    expect(await currencies(`?to=${instant}`)).toEqual([]);
    expect((await report(`?from=${instant}`)).from).toBe(instant);
  });

  test('divided into days, weeks or months of the merchant, those without charges left out', async () => {
    const rows = async (query: string) => (await report(query)).currencies.map((row: Record<string, any>) => [row['start'], row['end'], row['currency'], row['sent'].count]);
    const midnight = (day: string) => new Date(`${day}T00:00:00+08:00`).toISOString();
    expect(await rows('?interval=day')).toEqual([
      [midnight('2026-03-01'), midnight('2026-03-02'), 'CNY', 1],
      [midnight('2026-03-11'), midnight('2026-03-12'), 'CNY', 1],
      [midnight('2026-03-11'), midnight('2026-03-12'), 'HKD', 1],
    ]);
    expect(await rows('?interval=month')).toEqual([
      [midnight('2026-03-01'), midnight('2026-04-01'), 'CNY', 2],
      [midnight('2026-03-01'), midnight('2026-04-01'), 'HKD', 1],
    ]);
    expect(await rows(`?interval=week&to=${at(10)}`)).toEqual([[midnight('2026-02-23'), midnight('2026-03-02'), 'CNY', 1]]);
  });

  test.each([
    ['from=yesterday', ['from']],
    ['interval=fortnight', ['interval']],
    ['interval=day&interval=week', ['interval']],
    ['from=&to=2026-13-01T00:00:00Z', ['from', 'to']],
    ['from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', ['to']],
    ['from=2026-01-02T00:00:00Z&from=2026-01-03T00:00:00Z', ['from']],
    ['limit=1&currency=CNY', ['limit', 'currency']],
    ['from[gte]=2026-01-02T00:00:00Z', ['from[gte]']],
    ['__proto__=1', ['__proto__']],
  ])('%s is refused, and named', async (query, paths) => {
    expectProblem(await send(world, 'get', `/v1/reports/reconciliation?${query}`), { ...INVALID, paths });
  });

  test('other reports do not exist', async () => {
    expectProblem(await send(world, 'get', '/v1/reports/everything'), { status: 404, code: 'not_found' });
    await world.close();
  });
});

describe('whatever is not as it should be', () => {
  beforeAll(async () => {
    world = await World.open({ now: at(0) });
  });

  const kinds = async () => (await report()).differences.map((difference: { kind: string }) => difference.kind);

  test('a capture that pays for nothing and did not go back', async () => {
    const subscription = await sell(world);
    await arm(world, 'refund_declined', { times: 1 });
    await arm(world, 'decline', { ...STORED, times: 1 });
    await arm(world, 'late_capture', { ...STORED, params: { seconds: 2 * 24 * 3600 }, times: 1 });
    await liveToRenewal(world, subscription);
    const declined = await lastCharge(world, subscription);
    await world.pass(3 * DAY, HOUR);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    const { differences } = await report();
    expect(differences).toEqual([
      {
        kind: 'surplus_capture', id: declined.id, parked_row: null, charge: declined.id, subscription, gateway_payment_id: declined.gateway_payment_id,
        reference: declined.reference, amount: 3900, currency: 'CNY', detail: 'captured, and pays for nothing; 0 given back',
        since: declined.first_sent_at?.toISOString(),
      },
    ]);
  });

  test('an outcome that is unknown for more than a day', async () => {
    await arm(world, 'outage', { for_seconds: 40 * 3600 });
    await signUp(world);
    await world.pass(23 * HOUR, HOUR);
    expect(await kinds()).toEqual(['surplus_capture']);
    await world.pass(2 * HOUR, HOUR);
    expect(await kinds()).toEqual(['unknown', 'surplus_capture']);
    await world.pass(4 * DAY, HOUR);
    expect(await kinds()).toEqual(['surplus_capture']);
  });

  test('what does not fit, what is parked, and what is unknown here', async () => {
    const subscription = await sell(world);
    const fault = await arm(world, 'details_amount_mismatch', { ...STORED });
    await liveToRenewal(world, subscription);
    const charge = await lastCharge(world, subscription);
    const parkedIds = { subscription, orphan: `pay_${'o'.repeat(26)}` };
    await world.database.query(`insert into parked_rows (id, kind, row_id, error, parked_at) values
      ('park_01h455vb4pex5vsknk084sn021', 'subscription', $1, 'poison', $3), ('park_01h455vb4pex5vsknk084sn022', 'orphan', $2, 'unknown here', $3)`, [
      parkedIds.subscription, parkedIds.orphan, new Date(world.clock.at + 1000),
    ]);
    const { differences } = await report();
    const about = (id: string) => differences.find((one: { id: string }) => one.id === id);
    const [orphan, poison, mismatch] = [parkedIds.orphan, subscription, charge.id].map(about);
    expect(mismatch).toMatchObject({ kind: 'mismatch', id: charge.id, charge: charge.id, subscription, parked_row: expect.stringMatching(/^park_/) });
    expect(poison).toMatchObject({ kind: 'parked', id: subscription, subscription, charge: null, parked_row: 'park_01h455vb4pex5vsknk084sn021', detail: 'poison' });
    expect(orphan).toMatchObject({ kind: 'orphan', id: parkedIds.orphan, gateway_payment_id: parkedIds.orphan, parked_row: 'park_01h455vb4pex5vsknk084sn022' });
    await world.control('DELETE', `/faults/${fault}`);
    await world.pass(HOUR, 10 * MINUTE);
    expect((await chargesOf(world, subscription)).map(({ status }) => status)).toEqual(['captured', 'captured']);
    await world.database.query('delete from parked_rows');
    expect(await kinds()).toEqual(['surplus_capture']);
  });
});
