import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargesOf, sell as sellWeekly, DAY, liveToRenewal, NOTICE } from '../gateway/shop.js';
import { plan, sellAndPay, subscriptionOf } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
/** When its first renewal is to be told, which is the first thing to fail. */
const NOTICED = '2026-04-05T02:00:00Z';

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

/** A row that no code can work on, and the way back. */
async function poison(subscription: string): Promise<() => Promise<unknown>> {
  const zone = (value: string) => world.database.query('update subscriptions set time_zone = $2 where id = $1', [subscription, value]);
  await zone('Nowhere/Atlantis');
  return () => zone('Asia/Shanghai');
}

test('a poison subscription stops only itself; released too early it is parked again, cured it lives on', async () => {
  const ill = await sellWeekly(world);
  const well = [await sellWeekly(world), await sellWeekly(world), await sellWeekly(world)];
  const cure = await poison(ill);
  // The engine was away for long enough that all of them are due in one set.
  await world.pass(8 * DAY);
  for (const subscription of well) {
    expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'active', period_no: 2 });
  }
  expect(await world.get(`/v1/subscriptions/${ill}`)).toMatchObject({ period_no: 1 });
  const [parked] = await world.list(`/v1/parked?kind=subscription&row=${ill}`);
  expect(parked).toMatchObject({ object: 'parked_row', error: expect.stringContaining('Nowhere/Atlantis') });

  await world.post(`/v1/parked/${parked?.id}/release`);
  await world.settle();
  const [again] = await world.list(`/v1/parked?row=${ill}`);
  expect(again?.id).not.toBe(parked?.id);
  expect((await world.news(ill)).filter((type) => type === 'row.parked')).toHaveLength(2);

  await cure();
  await world.post(`/v1/parked/${again?.id}/release`);
  await world.settle();
  expect(await world.get(`/v1/subscriptions/${ill}`)).toMatchObject({ status: 'active', period_no: 2 });
  // While it was parked nobody could tell its customer of the renewal, so its charge waits for that.
  expect((await chargesOf(world, ill)).map((charge) => charge.status)).toEqual(['captured']);
  await world.pass(NOTICE);
  expect((await chargesOf(world, ill)).map((charge) => charge.status)).toEqual(['captured', 'captured']);
  expect(await world.list(`/v1/parked?row=${ill}`)).toEqual([]);
});

test('a parked charge waits for its release and is then asked about at once', async () => {
  const subscription = await sellWeekly(world);
  const { id: fault } = await world.control('POST', '/faults', { type: 'webhook_lost', params: {}, match: {} });
  await world.control('POST', '/faults', { type: 'pending_long', params: { seconds: 30 }, match: { kind: 'stored' }, times: 1 });
  await liveToRenewal(world, subscription);
  const charge = (await chargesOf(world, subscription)).at(-1);
  expect(charge).toMatchObject({ status: 'pending' });
  await world.database.query('update charges set parked_at = $2 where id = $1', [charge?.id, new Date(world.clock.at)]);
  await world.database.query(`insert into parked_rows (id, kind, row_id, error, parked_at) values ('park_01m87t9d8vfqft1bgra81ar0m8', 'charge', $1, 'by hand', $2)`, [charge?.id, new Date(world.clock.at)]);
  await world.pass(DAY);
  expect((await chargesOf(world, subscription)).at(-1)).toMatchObject({ status: 'pending' });
  await world.post('/v1/parked/park_01m87t9d8vfqft1bgra81ar0m8/release');
  await world.settle();
  expect((await chargesOf(world, subscription)).at(-1)).toMatchObject({ status: 'captured', parked_at: null });
  await world.control('DELETE', `/faults/${fault}`);
});

test('a test clock fails on a parked row, and goes on without it by advancing again', async () => {
  const ill = await sellAndPay(world, code, START);
  const customer = await world.post('/v1/customers', { email: 'neighbour@example.com', test_clock: ill.clock });
  const neighbour = await world.post('/v1/subscriptions', {
    customer: customer.id, plan: code, terminal_type: 'WEB', success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no',
  });
  await world.pay(neighbour.id);
  const cure = await poison(ill.subscription);
  await world.post(`/v1/test_clocks/${ill.clock}/advance`, { to: '2026-04-20T00:00:00Z' });
  await world.settle();
  expect(await world.get(`/v1/test_clocks/${ill.clock}`)).toMatchObject({
    status: 'failed', now: new Date(NOTICED).toISOString(), reason: expect.stringContaining(`${ill.subscription} is parked`),
  });

  await world.advance(ill.clock, '2026-05-11T00:00:00Z');
  expect(await world.get(`/v1/subscriptions/${neighbour.id}`)).toMatchObject({ status: 'active', period_no: 3 });
  expect(await subscriptionOf(world, ill)).toMatchObject({ period_no: 1 });

  await cure();
  const [parked] = await world.list(`/v1/parked?row=${ill.subscription}`);
  await world.post(`/v1/parked/${parked?.id}/release`);
  await world.advance(ill.clock, '2026-05-12T00:00:00Z');
  expect(await subscriptionOf(world, ill)).toMatchObject({ status: 'active', period_no: 3 });
});

test('with a test clock go the parked rows of those who lived in its time', async () => {
  const ill = await sellAndPay(world, code, START);
  await poison(ill.subscription);
  await world.post(`/v1/test_clocks/${ill.clock}/advance`, { to: NOTICED });
  await world.settle();
  expect(await world.list(`/v1/parked?row=${ill.subscription}`)).toHaveLength(1);
  expect((await world.call('delete', `/v1/test_clocks/${ill.clock}`)).status).toBe(204);
  expect(await world.list(`/v1/parked?row=${ill.subscription}`)).toEqual([]);
});
