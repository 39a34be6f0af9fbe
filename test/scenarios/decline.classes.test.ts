import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Life, plan, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const HOUR = 3_600_000;
const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');
const after = (days: number, hours = 0, seconds = 0) => new Date(RENEWAL + days * 24 * HOUR + hours * HOUR + seconds * 1000).toISOString();

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

const FELL = [
  'subscription.renewal_upcoming', 'invoice.finalized', 'charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed',
  'subscription.past_due', 'dunning.started',
];
const TRIED = ['charge.created', 'dunning.retried', 'charge.pending', 'charge.declined', 'invoice.payment_failed'];
const RECOVERED = ['charge.captured', 'invoice.paid', 'subscription.renewed', 'subscription.recovered'];
const ENDED = ['dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled'];
const UNTRIED = ['charge.created', 'charge.pending'];

/** A wallet that answers its renewal with `response_code`, for good or so often. */
async function renewing(response_code: string, times?: number): Promise<Life> {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code, ...(times !== undefined && { times }) });
  await world.advance(life.clock, after(0));
  expect(await world.news(life.subscription)).toEqual(FELL);
  return life;
}

const chargesOf = async (life: Life) => (await world.list(`/v1/charges?subscription=${life.subscription}`)).toReversed();
const parked = (charge: string) => world.list(`/v1/parked?kind=decline&row=${charge}`);

describe('technical failures', () => {
  test('are tried again after one and four hours, beside the ladder; then it climbs', async () => {
    const life = await renewing('20068');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', past_due_class: 'technical', next_charge_at: after(0, 1) });
    for (const [days, hours, next] of [[0, 1, after(0, 5)], [0, 5, after(1, 5)], [1, 5, after(4, 5)]] as const) {
      await world.advance(life.clock, after(days, hours, -1));
      expect(await world.news(life.subscription)).toEqual([]);
      await world.advance(life.clock, after(days, hours));
      expect(await world.news(life.subscription)).toEqual(TRIED);
      expect(await subscriptionOf(world, life)).toMatchObject({ next_charge_at: next });
    }
    const charges = await chargesOf(life);
    expect(charges.slice(1).map(({ kind, trigger, dunning_step, decline_class }) => [kind, trigger, dunning_step, decline_class])).toEqual([
      ['recurring', 'schedule', null, 'technical'], ['retry', 'technical', null, 'technical'],
      ['retry', 'technical', null, 'technical'], ['retry', 'schedule', 1, 'technical'],
    ]);
    expect(new Set(charges.map((charge) => charge.reference)).size, 'each try is a payment of its own').toBe(charges.length);
  });

  test('that pass leave the ladder where it was', async () => {
    const life = await renewing('20096', 1);
    await world.advance(life.clock, after(0, 1));
    expect(await world.news(life.subscription)).toEqual([...TRIED.slice(0, 3), ...RECOVERED]);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', past_due_class: null });
  });
});

describe('a suspicion', () => {
  test('is not tried again; the wallet stays, and a link pays what is owed', async () => {
    const life = await renewing('20059');
    expect(await subscriptionOf(world, life)).toMatchObject({
      status: 'past_due', past_due_reason: '20059', past_due_class: 'risk', next_charge_at: null, source: { status: 'active' },
    });
    await world.advance(life.clock, after(10));
    expect(await world.news(life.subscription)).toEqual([]);
    await wallet(world, life, { outcome: 'capture' });
    await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
    await world.pay(life.subscription);
    expect(await world.news(life.subscription)).toEqual([
      ...UNTRIED, 'charge.captured', 'source.captured', 'source.superseded', 'invoice.paid', 'subscription.renewed', 'subscription.recovered',
    ]);
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', billing_anchor: START.replace('Z', '.000Z') });
  });

  test('that nobody clears ends it when the ladder would have ended', async () => {
    const life = await renewing('43102');
    await world.advance(life.clock, after(16, 0, -1));
    expect(await world.news(life.subscription)).toEqual([]);
    await world.advance(life.clock, after(16));
    expect(await world.news(life.subscription)).toEqual(ENDED);
  });
});

describe('our own fault', () => {
  test('alerts, is not tried again, and waits as long as the ladder lasts', async () => {
    const life = await renewing('20003');
    const [, renewal] = await chargesOf(life);
    expect(renewal).toMatchObject({ status: 'declined', decline_class: 'configuration' });
    expect(await parked(String(renewal?.id))).toMatchObject([{ kind: 'decline', row: renewal?.id, error: expect.stringContaining('20003') }]);
    expect(await world.news(String(renewal?.id))).toEqual(['row.parked']);
    expect(await subscriptionOf(world, life)).toMatchObject({ past_due_class: 'configuration', next_charge_at: null, source: { status: 'active' } });
    expect(await world.get('/v1/reports/reconciliation'), 'it is no difference with the gateway').toMatchObject({ differences: [] });
    await world.advance(life.clock, after(16));
    expect(await world.news(life.subscription)).toEqual(ENDED);
  });

  test('may also be a request that is refused', async () => {
    const life = await sellAndPay(world, code, START);
    await world.control('POST', '/faults', { type: 'unprocessable', times: 1, params: { error_codes: ['request_invalid', 'currency_not_supported'] } });
    await world.advance(life.clock, after(0));
    const [, renewal] = await chargesOf(life);
    expect(renewal).toMatchObject({ status: 'refused', decline_class: 'configuration', response_summary: 'request_invalid, currency_not_supported' });
    expect(await parked(String(renewal?.id))).toHaveLength(1);
  });
});

describe('an unknown reason', () => {
  test('is told, tried once more, and then waited for', async () => {
    const life = await renewing('29999');
    const [, renewal] = await chargesOf(life);
    expect(renewal).toMatchObject({ decline_class: 'funds' });
    expect(await parked(String(renewal?.id))).toHaveLength(1);
    await world.advance(life.clock, after(1));
    expect(await world.news(life.subscription)).toEqual(TRIED);
    expect(await subscriptionOf(world, life)).toMatchObject({ next_charge_at: null, past_due_reason: '29999' });
    await world.advance(life.clock, after(17, 0, -1));
    expect(await world.news(life.subscription)).toEqual([]);
    await world.advance(life.clock, after(17));
    expect(await world.news(life.subscription)).toEqual(ENDED);
  });
});

describe('a mandate that is over', () => {
  test.each(['200R3', '20101', '20054', '2006P'])('(%s) ends the wallet, with the reason, and is not tried again', async (response_code) => {
    const life = await sellAndPay(world, code, START);
    await wallet(world, life, { outcome: 'decline', response_code });
    await world.advance(life.clock, after(0));
    expect(await world.news(life.subscription)).toEqual([...FELL.slice(0, 6), 'source.revoked', ...FELL.slice(6)]);
    expect(await subscriptionOf(world, life)).toMatchObject({ past_due_reason: response_code, past_due_class: 'reauthorise', source: { status: 'revoked' } });
    await world.advance(life.clock, after(16));
    expect(await world.news(life.subscription)).toEqual(ENDED);
  });
});
