import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, INVALID, send } from '../api/outsider.js';
import { type Life, plan, sell, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
const RENEWAL = '2026-04-10T02:00:00.000Z';
const FOLLOWING = '2026-05-10T02:00:00.000Z';
const WEB = { terminal_type: 'WEB', ...URLS } as const;

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

const checkout = (life: Life, more: object = {}) => world.post(`/v1/subscriptions/${life.subscription}/checkout`, { ...WEB, ...more });
const chargesOf = async (life: Life) =>
  (await world.list(`/v1/charges?subscription=${life.subscription}`)).toReversed().map(({ kind, status, amount }) => [kind, status, amount]);
const captured = async (life: Life) => (await world.book()).filter((entry) => entry.customer_email === life.email).map((entry) => entry.amount);
/** What the customer's pay page ends with. */
async function redirectEnds(life: Life, how: 'decline' | 'cancel' | 'expire'): Promise<void> {
  await world.control('POST', `/payments/${await world.redirectPayment(life.subscription)}/${how}`);
  await world.settle();
}

describe('with nothing owed, a checkout changes the wallet', () => {
  test('by the next renewal, paid in advance and never charged again at its boundary', async () => {
    const life = await sellAndPay(world, code, START);
    const before = await subscriptionOf(world, life);
    const link = await checkout(life);
    expect(link).toMatchObject({ status: 'active', checkout: { status: 'ready' }, source: { id: before.source.id } });
    await world.pay(life.subscription);
    expect(await world.news(life.subscription)).toEqual([
      'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'source.superseded',
      'invoice.paid', 'subscription.renewed',
    ]);
    const after = await subscriptionOf(world, life);
    expect(after).toMatchObject({ status: 'active', period_no: 1, access_until: FOLLOWING, next_charge_at: FOLLOWING, source: { status: 'active' } });
    expect(after.source.id).not.toBe(before.source.id);
    for (const filter of [`next_charge_at=${FOLLOWING}`, `access_until=${FOLLOWING}`]) {
      expect((await world.list(`/v1/subscriptions?${filter}&customer=${life.customer}`)).map(({ id }) => id)).toEqual([life.subscription]);
    }
    await world.advance(life.clock, RENEWAL);
    expect(await world.news(life.subscription)).toEqual([]);
    expect(await subscriptionOf(world, life)).toMatchObject({ period_no: 2, current_period: { start: RENEWAL, end: FOLLOWING } });
    await world.advance(life.clock, FOLLOWING);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 3 });
    expect(await chargesOf(life)).toEqual([['initial', 'captured', 3900], ['checkout', 'captured', 3900], ['recurring', 'captured', 3900]]);
    expect(await captured(life)).toEqual([3900, 3900, 3900]);
  });

  test.each(['decline', 'cancel', 'expire'] as const)('a redirect that ends with %s voids its invoice; the old wallet is charged in time', async (how) => {
    const life = await sellAndPay(world, code, START);
    await checkout(life, { amount: 'next_renewal' });
    await redirectEnds(life, how);
    expect((await world.news(life.subscription)).slice(-2)).toEqual(['invoice.payment_failed', 'invoice.voided']);
    const [advance] = await world.list(`/v1/invoices?subscription=${life.subscription}`);
    expect(advance).toMatchObject({ status: 'void', void_reason: 'checkout_ended', period_no: 2 });
    // Once more, in vain, so that the renewal is the third attempt of its period.
    await checkout(life);
    await redirectEnds(life, how);
    await world.advance(life.clock, RENEWAL);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 2, access_reason: 'paid' });
    expect((await chargesOf(life)).at(-1)).toEqual(['recurring', 'captured', 3900]);
    expect(await captured(life)).toEqual([3900, 3900]);
  });

  test('by the least amount, which becomes the customer’s balance', async () => {
    const life = await sellAndPay(world, code, START);
    await checkout(life, { amount: 'minimum' });
    await world.pay(life.subscription);
    expect(await world.news(life.subscription)).toEqual([
      'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'source.superseded',
      'invoice.voided', 'charge.surplus',
    ]);
    expect((await world.get(`/v1/customers/${life.customer}`)).balances).toEqual([{ currency: 'CNY', amount: 10 }]);
    expect((await world.list(`/v1/messages?customer=${life.customer}`))[0]).toMatchObject({ name: 'receipt', subject: expect.stringContaining('0.10') });
    await world.advance(life.clock, RENEWAL);
    expect(await chargesOf(life)).toEqual([['initial', 'captured', 3900], ['checkout', 'captured', 10], ['recurring', 'captured', 3890]]);
  });

  test('what it cannot be', async () => {
    const life = await sellAndPay(world, code, START);
    for (const amount of [null, '', 'all', 3900]) {
      expectProblem(await send(world, 'post', `/v1/subscriptions/${life.subscription}/checkout`, { body: { ...WEB, amount } }), { ...INVALID, paths: ['amount'] });
    }
    await checkout(life);
    const other = await send(world, 'post', `/v1/subscriptions/${life.subscription}/checkout`, { body: { ...WEB, amount: 'minimum' } });
    expectProblem(other, { status: 409, code: 'charge_in_progress' });
    expect(Number(other.headers['retry-after'])).toBeGreaterThan(800);
    await world.pay(life.subscription);
    expectProblem(await send(world, 'post', `/v1/subscriptions/${life.subscription}/checkout`, { body: WEB }), { status: 409, code: 'renewal_paid' });
  });
});

describe('with something owed, it pays that, on the old anchor and period', () => {
  test('also where the wallet was merely poor: another one takes its place', async () => {
    const life = await sellAndPay(world, code, START);
    const before = await subscriptionOf(world, life);
    await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 2 });
    await world.advance(life.clock, '2026-04-12T00:00:00Z');
    await world.news(life.subscription);
    await checkout(life, { amount: 'minimum' });
    await world.pay(life.subscription);
    expect(await world.news(life.subscription)).toEqual([
      'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'source.superseded', 'invoice.paid',
      'subscription.renewed', 'subscription.recovered',
    ]);
    expect(await subscriptionOf(world, life)).toMatchObject({
      status: 'active', billing_anchor: before.billing_anchor, current_period: { start: RENEWAL, end: FOLLOWING }, next_charge_at: FOLLOWING,
    });
  });
});

describe('a free trial', () => {
  const START_OF_TRIAL = '2026-03-10T02:00:00Z';
  const END = '2026-03-20T02:00:00.000Z';
  let trial: string;
  beforeAll(async () => {
    trial = (await plan(world, { trial_days: 10 })).code;
  });

  test('tells three days before, and at its end, that the wallet is wanted; a capture within 24 hours starts the period at its end', async () => {
    const life = await sell(world, trial, START_OF_TRIAL);
    expect(await world.news(life.subscription)).toEqual(['subscription.created']);
    await world.advance(life.clock, '2026-03-17T02:00:00Z');
    expect(await world.news(life.subscription)).toEqual(['subscription.trial_will_end']);
    await world.advance(life.clock, END);
    expect(await world.news(life.subscription)).toEqual(['invoice.finalized', 'subscription.updated']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete', access_reason: 'none' });
    await world.advance(life.clock, '2026-03-21T01:00:00Z');
    await checkout(life);
    await world.pay(life.subscription);
    expect(await world.news(life.subscription)).toEqual([
      'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'invoice.paid', 'subscription.activated',
    ]);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 1, current_period: { start: END } });
  });

  test('that nobody pays for expires a day after its end, its invoice void', async () => {
    const life = await sell(world, trial, START_OF_TRIAL);
    await world.advance(life.clock, '2026-03-21T01:59:59Z');
    await world.news(life.subscription);
    await world.advance(life.clock, '2026-03-21T02:00:00Z');
    expect(await world.news(life.subscription)).toEqual(['invoice.voided', 'subscription.expired']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete_expired' });
    await world.advance(life.clock, '2026-06-01T00:00:00Z');
    expect(await world.news(life.subscription)).toEqual([]);
  });

  test('may be paid for before its end, through the same link', async () => {
    const life = await sell(world, trial, START_OF_TRIAL);
    await world.advance(life.clock, '2026-03-17T02:00:00Z');
    await checkout(life);
    await world.pay(life.subscription);
    expect((await world.news(life.subscription)).slice(-3)).toEqual(['charge.captured', 'source.captured', 'invoice.paid']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'trialing', access_reason: 'trial', access_until: END, next_charge_at: '2026-04-20T02:00:00.000Z' });
    await world.advance(life.clock, END);
    expect(await world.news(life.subscription)).toEqual(['subscription.activated']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 1, current_period: { start: END, end: '2026-04-20T02:00:00.000Z' } });
    await world.advance(life.clock, '2026-04-20T02:00:00Z');
    expect(await captured(life)).toEqual([3900, 3900]);
  });
});
