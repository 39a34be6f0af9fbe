import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { type Life, plan, sell, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const UTC = { customer: { time_zone: 'UTC' } };

/** The invoices of a subscription, oldest first. */
async function invoicesOf(life: Life) {
  return (await world.list(`/v1/invoices?subscription=${life.subscription}&limit=100`)).toReversed();
}

/** What was captured of this subscription's money, by the gateway's own book. */
async function captured(life: Life): Promise<number[]> {
  const charges = await world.list(`/v1/charges?subscription=${life.subscription}&limit=100`);
  const references = new Set(charges.map((charge) => charge.reference));
  return (await world.book()).filter((entry) => references.has(entry.reference)).map((entry) => entry.amount);
}

/** Pays by checkout what is owed. */
async function payByCheckout(life: Life): Promise<void> {
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
}

describe('periods', () => {
  test.each([
    ['a common year', '2023-01-31', ['2023-01-31', '2023-02-28', '2023-03-31', '2023-04-30']],
    ['a leap year', '2024-01-31', ['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']],
  ])('A01: monthly from 31 January falls on the day nearest to it, in %s', async (_, start, expected) => {
    const life = await sellAndPay(world, (await plan(world)).code, `${start}T00:00:00Z`, UTC);
    await world.advance(life.clock, `${expected.at(-1)}T00:00:00Z`);
    const invoices = await invoicesOf(life);
    expect(invoices.map((invoice) => invoice.period?.start)).toEqual(expected.map((day) => `${day}T00:00:00.000Z`));
    expect(invoices.map((invoice) => invoice.status)).toEqual(Array(4).fill('paid'));
    expect(await captured(life)).toHaveLength(4);
  });

  test('B13: swept again and again around local midnight, a weekly period gets exactly one invoice', async () => {
    const weekly = await plan(world, { interval: 'week', amount: 1000 });
    const life = await sellAndPay(world, weekly.code, '2023-05-01T22:00:00Z', { customer: { time_zone: 'Europe/Paris' } });
    await world.advance(life.clock, '2023-05-21T22:00:00Z');
    const before = (await invoicesOf(life)).length;
    for (const at of ['2023-05-22T20:00:00Z', '2023-05-22T21:00:00Z', '2023-05-22T22:10:00Z']) {
      await world.advance(life.clock, at);
      await world.settle();
    }
    const added = (await invoicesOf(life)).slice(before);
    expect(added.map((invoice) => [invoice.period?.start, invoice.status])).toEqual([['2023-05-22T22:00:00.000Z', 'paid']]);
    expect(await captured(life)).toHaveLength(before + 1);
  });
});

describe('trials and fees', () => {
  test('E01: a free trial of ten days from 10 September bills the month from 20 September', async () => {
    const tea = await plan(world, { amount: 2495, trial_days: 10 });
    const life = await sell(world, tea.code, '2021-09-10T00:00:00Z', UTC);
    expect(await invoicesOf(life), 'nothing now').toEqual([]);
    await world.advance(life.clock, '2021-09-19T23:59:59Z');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'trialing', access_reason: 'trial' });
    await world.advance(life.clock, '2021-09-20T00:00:00Z');
    await payByCheckout(life);
    expect(await invoicesOf(life)).toMatchObject([
      { total: 2495, status: 'paid', period: { start: '2021-09-20T00:00:00.000Z', end: '2021-10-20T00:00:00.000Z' } },
    ]);
    await world.advance(life.clock, '2021-10-20T00:00:00Z');
    expect(await captured(life)).toEqual([2495, 2495]);
  });

  test('E02: a setup fee of 50 goes with the first 24.95, and never again', async () => {
    const tea = await plan(world, { amount: 2495, setup_fee: 5000 });
    const life = await sellAndPay(world, tea.code, '2026-03-10T00:00:00Z');
    await world.advance(life.clock, '2026-05-11T00:00:00Z');
    const invoices = await invoicesOf(life);
    expect(invoices.map((invoice) => invoice.total)).toEqual([7495, 2495, 2495]);
    expect(invoices.map((invoice) => invoice.lines.length)).toEqual([2, 1, 1]);
    expect(await captured(life)).toEqual([7495, 2495, 2495]);
  });

  test('E08: a trial of seven days from 28 April converts on 5 May, which is the anchor from then on', async () => {
    const tea = await plan(world, { trial_days: 7, trial_amount: 1000 });
    const life = await sellAndPay(world, tea.code, '2024-04-28T12:00:00Z', UTC);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'trialing', trial_end: '2024-05-05T12:00:00.000Z', period_no: 0 });
    await world.advance(life.clock, '2024-05-05T12:00:00Z');
    expect(await subscriptionOf(world, life)).toMatchObject({
      status: 'active',
      period_no: 1,
      billing_anchor: '2024-05-05T12:00:00.000Z',
      current_period: { start: '2024-05-05T12:00:00.000Z', end: '2024-06-05T12:00:00.000Z' },
      next_charge_at: '2024-06-05T12:00:00.000Z',
    });
    expect(await captured(life)).toEqual([1000, 3900]);
  });
});

describe('ladders', () => {
  const START = '2026-03-10T00:00:00Z';
  const T0 = Date.parse('2026-04-10T00:00:00Z');
  const day = (n: number): string => new Date(T0 + n * 86_400_000).toISOString();
  let long: string;
  beforeAll(async () => {
    const retries = ['2d', '5d', '7d', '7d'].map((after) => ({ after }));
    await world.post('/v1/dunning_policies', { code: 'long', retries });
    long = (await plan(world, { dunning_policy: 'long' })).code;
  });

  test.each([0, 1, 2, 3, 4])('H10: waits of 2, 5, 7 and 7 days try at +2, +7, +14 and +21; success at try %i recovers', async (failures) => {
    const life = await sellAndPay(world, long, START, UTC);
    if (failures > 0) await wallet(world, life, { outcome: 'decline', response_code: '20051', times: failures });
    const tries = [0, 2, 7, 14, 21].slice(0, failures + 1);
    await world.advance(life.clock, day(tries.at(-1) ?? 0));
    const charges = (await world.list(`/v1/charges?subscription=${life.subscription}`)).toReversed().slice(1);
    expect(charges.map((charge) => charge.created_at)).toEqual(tries.map(day));
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', billing_anchor: '2026-03-10T00:00:00.000Z' });
    expect(await captured(life)).toEqual([3900, 3900]);
  });

  test('H10: four failures after the first end it on day 21', async () => {
    const life = await sellAndPay(world, long, START, UTC);
    await wallet(world, life, { outcome: 'decline', response_code: '20051' });
    await world.advance(life.clock, day(60));
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'canceled', canceled_at: day(21) });
    expect(await captured(life)).toEqual([3900]);
  });

  test('H12: "pay now" pressed three times in vain leaves the ladder where it was', async () => {
    const life = await sellAndPay(world, long, START, UTC);
    await wallet(world, life, { outcome: 'decline', response_code: '20051' });
    await world.advance(life.clock, day(3));
    const before = await subscriptionOf(world, life);
    expect(before).toMatchObject({ status: 'past_due', next_charge_at: day(7) });
    const owed = (await invoicesOf(life)).at(-1);
    for (let press = 1; press <= 3; press += 1) {
      await world.post(`/v1/invoices/${owed?.id}/pay`);
      await world.settle();
      await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
      await world.control('POST', `/payments/${await world.redirectPayment(life.subscription)}/decline`);
      await world.settle();
    }
    const { updated_at: _then, checkout: _link, source: _wallet, ...position } = before;
    expect(await subscriptionOf(world, life)).toMatchObject(position);
    await world.advance(life.clock, day(21));
    const charges = (await world.list(`/v1/charges?subscription=${life.subscription}&limit=100`)).toReversed();
    expect(charges.filter((charge) => charge.dunning_step !== null).map((charge) => charge.created_at)).toEqual([2, 7, 14, 21].map(day));
    expect(charges.filter((charge) => charge.trigger === 'operator')).toHaveLength(3);
    expect(charges.filter((charge) => charge.kind === 'checkout')).toHaveLength(3);
  });

  test('H22: a weekly subscription recovered after three weeks is charged week by week, an hour apart', async () => {
    const weekly = await plan(world, { interval: 'week', amount: 1000, dunning_policy: 'long' });
    const life = await sellAndPay(world, weekly.code, START, UTC);
    await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 4 });
    // Its second week fell due on 17 March and is paid at its fourth retry, on 7 April, when two more have begun.
    await world.advance(life.clock, '2026-04-07T12:00:00Z');
    const charges = (await world.list(`/v1/charges?subscription=${life.subscription}&status=captured`)).toReversed().slice(1);
    expect(charges.map(({ created_at }) => created_at)).toEqual([
      '2026-04-07T00:00:00.000Z', '2026-04-07T01:00:00.000Z', '2026-04-07T02:00:00.000Z', '2026-04-07T03:00:00.000Z',
    ]);
    expect((await invoicesOf(life)).map((invoice) => invoice.status)).toEqual(Array(5).fill('paid'));
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 5 });
  });
});

describe('ends', () => {
  test('H14: canceled at once while a retry is due, it is never tried again', async () => {
    const life = await sellAndPay(world, (await plan(world)).code, '2026-03-10T02:00:00Z');
    await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 1 });
    await world.advance(life.clock, '2026-04-11T01:59:59Z');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', next_charge_at: '2026-04-11T02:00:00.000Z' });
    await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'now' });
    await world.advance(life.clock, '2026-06-01T00:00:00Z');
    expect(await world.list(`/v1/charges?subscription=${life.subscription}`)).toHaveLength(2);
    expect((await invoicesOf(life)).map((invoice) => invoice.status)).toEqual(['paid', 'uncollectible']);
    expect(await captured(life)).toEqual([3900]);
  });

  test('H19: a first payment that is never made lets the sign-up expire and voids its invoice', async () => {
    const life = await sell(world, (await plan(world)).code, '2026-03-10T02:00:00Z');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete' });
    await world.advance(life.clock, '2026-03-11T02:00:00Z');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete_expired' });
    expect((await invoicesOf(life)).map((invoice) => invoice.status)).toEqual(['void']);
    expect(await captured(life)).toEqual([]);
  });
});

describe('races', () => {
  test('I12: the answer and its webhook race for one charge: one row, one capture, nothing parked', async () => {
    const life = await sellAndPay(world, (await plan(world)).code, '2026-03-10T02:00:00Z');
    await world.control('POST', '/faults', { type: 'webhook_before_response', times: 1 });
    await world.control('POST', '/faults', { type: 'webhook_parallel', times: 1 });
    await world.post(`/v1/test_clocks/${life.clock}/advance`, { to: '2026-04-10T02:00:00Z' });
    const engine = world.app.get(Scheduler);
    await Promise.all([engine.drain(), engine.drain(), engine.drain()]);
    await world.settle();
    const [renewal, first] = await world.list(`/v1/charges?subscription=${life.subscription}`);
    expect([first?.status, renewal?.status]).toEqual(['captured', 'captured']);
    const news = await world.news(life.subscription);
    expect(news.filter((type) => type === 'charge.captured')).toHaveLength(1);
    expect(news.filter((type) => type === 'subscription.renewed')).toHaveLength(1);
    expect(await captured(life)).toEqual([3900, 3900]);
    expect(await world.database.query('select * from parked_rows')).toEqual([]);
    const { fired } = await world.control('GET', '/faults');
    expect(fired, 'the webhook really came first').toMatchObject({ webhook_before_response: 1, webhook_parallel: 1 });
  });
});
