import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Life, plan, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const HOUR = 3_600_000;
/** Ten in the morning in Shanghai. */
const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');
const after = (days: number, hours = 0, seconds = 0) => new Date(RENEWAL + days * 24 * HOUR + hours * HOUR + seconds * 1000).toISOString();

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let policies = 0;
/** A subscription under such a policy whose wallet answers from its first renewal on with this code. */
async function lifeUnder(policy: object, response_code = '20051', terms: object = {}): Promise<Life> {
  const { code } = await world.post('/v1/dunning_policies', { code: `policy ${(policies += 1)}`, ...policy });
  const life = await sellAndPay(world, (await plan(world, { dunning_policy: code, ...terms })).code, START);
  await wallet(world, life, { outcome: 'decline', response_code });
  return life;
}

const triesOf = async (life: Life) =>
  (await world.list(`/v1/charges?subscription=${life.subscription}&limit=100`)).toReversed().slice(1).map((charge) => charge.created_at);

const FELL = [
  'subscription.renewal_upcoming', 'invoice.finalized', 'charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed',
  'subscription.past_due', 'dunning.started',
];
const TRIED = ['charge.created', 'dunning.retried', 'charge.pending', 'charge.declined', 'invoice.payment_failed'];

describe('the final action', () => {
  const WEEK = { retries: [{ after: '7d' }] };

  test('cancel gives the invoice up and ends it', async () => {
    const life = await lifeUnder({ ...WEEK, final_action: 'cancel' });
    await world.advance(life.clock, after(100));
    expect(await world.news(life.subscription)).toEqual([...FELL, ...TRIED, 'dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'canceled', canceled_at: after(7), cancel_reason: 'dunning_exhausted' });
  });

  test('unpaid keeps the invoice, invoices nothing new, and comes back weeks later without a burst', async () => {
    const life = await lifeUnder({ ...WEEK, final_action: 'unpaid' }, '20051', { interval: 'week' });
    const first = Date.parse('2026-03-17T02:00:00Z');
    await world.advance(life.clock, new Date(first + 60 * 24 * HOUR).toISOString());
    expect((await world.news(life.subscription)).slice(-2)).toEqual(['dunning.exhausted', 'subscription.unpaid']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'unpaid', period_no: 3, access_until: null, access_reason: 'none', next_charge_at: null });
    const owed = await world.list(`/v1/invoices?subscription=${life.subscription}&status=open`);
    expect(owed.map((invoice) => invoice.period_no), 'the week that began before the end is kept as well').toEqual([3, 2]);

    await wallet(world, life, { outcome: 'capture' });
    for (const invoice of owed.toReversed()) {
      await world.post(`/v1/invoices/${invoice.id}/pay`);
      await world.settle();
    }
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 3 });
    await world.news(life.subscription);
    await world.advance(life.clock, new Date(first + 61 * 24 * HOUR).toISOString());
    expect(await world.news(life.subscription), 'one week, an hour later, and none of the weeks between').toEqual([
      'subscription.renewal_upcoming', 'invoice.finalized',
    ]);
    await world.advance(life.clock, new Date(first + 65 * 24 * HOUR).toISOString());
    expect(await world.news(life.subscription), 'charged when its customer has known of it for five days; the week after is told in time').toEqual([
      'subscription.renewal_upcoming', 'charge.created', 'charge.pending', 'charge.captured', 'invoice.paid', 'subscription.renewed',
    ]);
    expect(await subscriptionOf(world, life)).toMatchObject({ period_no: 4, billing_anchor: new Date(first + (60 * 24 + 1) * HOUR).toISOString() });
  });

  test('pause invoices nothing either; resumed, what is owed is tried anew', async () => {
    const life = await lifeUnder({ ...WEEK, final_action: 'pause' });
    await world.advance(life.clock, after(60));
    expect(await world.news(life.subscription)).toEqual([...FELL, ...TRIED, 'dunning.exhausted', 'subscription.paused']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'paused', period_no: 2, paused_at: after(7) });
    await wallet(world, life, { outcome: 'capture' });
    await world.post(`/v1/subscriptions/${life.subscription}/resume`, { confirm_charge: true });
    await world.settle();
    expect((await world.news(life.subscription)).slice(0, 3)).toEqual(['subscription.resumed', 'subscription.past_due', 'dunning.started']);
    await world.advance(life.clock, after(61));
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 3, access_reason: 'paid' });
  });
});

describe('hours', () => {
  test('a try that falls outside is made at the next of them, in the customer’s time zone; the renewal itself keeps its date', async () => {
    const life = await lifeUnder({ retries: [{ after: '1d' }, { after: '36h' }], allowed_hours: { from: '09:00', to: '20:00' } });
    await world.advance(life.clock, after(0));
    expect(await subscriptionOf(world, life)).toMatchObject({ next_charge_at: after(1) });
    await world.advance(life.clock, after(1));
    expect(await subscriptionOf(world, life), '22:00 becomes 09:00').toMatchObject({ next_charge_at: after(2, 23) });
    await world.advance(life.clock, after(2, 23, -1));
    expect(await world.news(life.subscription)).toEqual([...FELL, ...TRIED]);
    await world.advance(life.clock, after(2, 23));
    expect(await world.news(life.subscription)).toEqual([...TRIED, 'dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled']);
    expect(await triesOf(life)).toEqual([after(0), after(1), after(2, 23)]);
  });

  test('they keep technical retries too', async () => {
    const life = await lifeUnder({ technical_retries: [{ after: '3h' }], allowed_hours: { from: '22:00', to: '06:00' } }, '20096');
    await world.advance(life.clock, after(0));
    expect(await subscriptionOf(world, life)).toMatchObject({ next_charge_at: after(0, 12) });
  });
});

test('grace days say until when to serve a customer who is past due, also in the list', async () => {
  const life = await lifeUnder({ grace_days: 3 });
  await world.advance(life.clock, after(0));
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', access_until: after(3), access_reason: 'grace' });
  expect((await world.list(`/v1/subscriptions?access_until=${after(3)}`)).map(({ id }) => id)).toEqual([life.subscription]);
});

test('a change of the policy counts from the next decision on', async () => {
  const life = await lifeUnder({ retries: [{ after: '1d' }, { after: '1d' }] });
  await world.advance(life.clock, after(0));
  const { plan: id } = await subscriptionOf(world, life);
  const { dunning_policy } = await world.get(`/v1/plans/${id}`);
  await world.call('patch', `/v1/dunning_policies/${encodeURIComponent(dunning_policy)}`).send({ retries: [{ after: '9d' }, { after: '2d' }, { after: '2d' }] });
  await world.advance(life.clock, after(40));
  expect(await triesOf(life)).toEqual([after(0), after(1), after(3), after(5)]);
});

describe('tries of others', () => {
  test('a redirect that fails moves no step; one that is open lets a due step wait', async () => {
    const life = await lifeUnder({});
    await world.advance(life.clock, after(0));
    await world.news(life.subscription);
    await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
    await world.control('POST', `/payments/${await world.redirectPayment(life.subscription)}/decline`);
    await world.settle();
    expect(await world.news(life.subscription)).toEqual(['charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed']);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', next_charge_at: after(1) });

    await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
    await world.advance(life.clock, after(1));
    expect(await world.news(life.subscription), 'the step has not been made').toEqual(['charge.created', 'charge.pending']);
    const { next_charge_at: waits } = await subscriptionOf(world, life);
    expect(Date.parse(waits)).toBeGreaterThan(Date.parse(after(1)));
    await wallet(world, life, { outcome: 'capture' });
    await world.pay(life.subscription);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active' });
  });

  test('a step whose gateway is down is not used up', async () => {
    const life = await lifeUnder({});
    await world.advance(life.clock, after(0));
    await world.control('POST', '/faults', { type: 'apm_unavailable', times: 2 });
    await world.post(`/v1/test_clocks/${life.clock}/advance`, { to: after(1) });
    await world.pass(5 * 60_000, 30_000);
    expect(await world.get(`/v1/test_clocks/${life.clock}`)).toMatchObject({ status: 'ready' });
    const charges = await world.list(`/v1/charges?subscription=${life.subscription}`);
    expect(charges.map(({ dunning_step, status }) => [dunning_step, status])).toEqual([[1, 'declined'], [null, 'declined'], [null, 'captured']]);
    expect(await subscriptionOf(world, life)).toMatchObject({ next_charge_at: after(4) });
  });

  test.each(['pause', 'cancel'] as const)('a %s stops the ladder', async (action) => {
    const life = await lifeUnder({});
    await world.advance(life.clock, after(0));
    await world.post(`/v1/subscriptions/${life.subscription}/${action}`, action === 'cancel' ? { at: 'now' } : {});
    await world.news(life.subscription);
    await world.advance(life.clock, after(60));
    expect(await world.news(life.subscription)).toEqual([]);
    expect(await triesOf(life)).toEqual([after(0)]);
  });
});
