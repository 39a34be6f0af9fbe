import { afterAll, beforeAll, expect, test } from 'vitest';
import { plan, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const DAY = 86_400_000;
const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');

const after = (days: number, seconds = 0) => new Date(RENEWAL + days * DAY + seconds * 1000).toISOString();

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

const declined = ['charge.created', 'dunning.retried', 'charge.pending', 'charge.declined', 'invoice.payment_failed'];

test('an empty wallet is tried on days 0, 1, 4, 9 and 16, then the subscription is canceled', async () => {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code: '20051' });

  await world.advance(life.clock, after(0));
  expect(await world.news(life.subscription)).toEqual([
    'subscription.renewal_upcoming',
    'invoice.finalized', 'charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed',
    'subscription.past_due', 'dunning.started',
  ]);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', next_charge_at: after(1) });

  for (const [day, next] of [[1, 4], [4, 9], [9, 16]] as const) {
    await world.advance(life.clock, after(day, -1));
    expect(await world.news(life.subscription)).toEqual([]);
    await world.advance(life.clock, after(day));
    expect(await world.news(life.subscription)).toEqual(declined);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', next_charge_at: after(next) });
  }
  await world.advance(life.clock, after(16));
  expect(await world.news(life.subscription)).toEqual([
    ...declined, 'dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled',
  ]);
  await world.advance(life.clock, after(100));
  expect(await world.news(life.subscription)).toEqual([]);
  expect((await world.book()).filter((entry) => entry.customer_email === life.email)).toHaveLength(1);
});

test('money that comes back in time recovers the subscription on its old anchor', async () => {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 2 });
  await world.advance(life.clock, after(5));
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'active',
    current_period: { start: '2026-04-10T02:00:00.000Z', end: '2026-05-10T02:00:00.000Z' },
    access_reason: 'paid',
  });
  expect((await world.news(life.subscription)).slice(-4)).toEqual([
    'charge.captured', 'invoice.paid', 'subscription.renewed', 'subscription.recovered',
  ]);
  await world.advance(life.clock, '2026-05-10T02:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 3 });
});

test('a revoked mandate is tried once, its source ends, and one link brings everything back', async () => {
  const life = await sellAndPay(world, code, START);
  const before = await subscriptionOf(world, life);
  await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
  await world.advance(life.clock, after(0));
  expect(await world.news(life.subscription)).toEqual([
    'subscription.renewal_upcoming',
    'invoice.finalized', 'charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed', 'source.revoked',
    'subscription.past_due', 'dunning.started',
  ]);
  await world.advance(life.clock, after(10));
  expect(await world.news(life.subscription)).toEqual([]);

  const link = await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WAP', os_type: 'IOS', ...URLS });
  expect(link).toMatchObject({ status: 'past_due', checkout: { status: 'ready' } });
  await world.pay(life.subscription);
  expect(await world.news(life.subscription)).toEqual([
    'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'invoice.paid', 'subscription.renewed',
    'subscription.recovered',
  ]);
  const back = await subscriptionOf(world, life);
  expect(back).toMatchObject({ status: 'active', billing_anchor: before.billing_anchor, source: { status: 'active' } });
  expect(back.source.id).not.toBe(before.source.id);
  await world.advance(life.clock, '2026-05-10T02:00:00Z');
  expect((await subscriptionOf(world, life)).period_no).toBe(3);
});

test('a revoked mandate that nobody renews ends the subscription after the ladder’s total of 16 days', async () => {
  const life = await sellAndPay(world, code, START);
  await world.control('POST', `/wallets/${life.email}/revoke`, { mode: 'unknown' });
  await world.advance(life.clock, after(16, -1));
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', source: { status: 'revoked' } });
  await world.advance(life.clock, after(16));
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'canceled' });
  const charges = await world.list(`/v1/charges?subscription=${life.subscription}`);
  expect(charges.map((charge) => charge.status)).toEqual(['refused', 'captured']);
});

test('a period that begins while the last one is owed is invoiced on its date and collected at a distance', async () => {
  const weekly = await plan(world, { interval: 'week' });
  const life = await sellAndPay(world, weekly.code, START);
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 4 });
  const periods = async (status: string) =>
    (await world.list(`/v1/invoices?subscription=${life.subscription}&status=${status}`)).map((i) => i.period_no);
  // Week 2 falls due on the 17th and is tried on days 0, 1, 4, 9 and 16; weeks 3 and 4 begin meanwhile.
  await world.advance(life.clock, '2026-04-02T01:59:59Z');
  expect(await periods('open')).toEqual([4, 3, 2]);
  await world.advance(life.clock, '2026-04-02T02:00:00Z');
  expect([await periods('paid'), await periods('open')]).toEqual([[2, 1], [4, 3]]);
  await world.advance(life.clock, '2026-04-02T02:59:59Z');
  expect(await periods('open')).toEqual([4, 3]);
  await world.advance(life.clock, '2026-04-02T03:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due' });
  await world.advance(life.clock, '2026-04-02T04:00:00Z');
  expect(await periods('open')).toEqual([]);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 4 });
});
