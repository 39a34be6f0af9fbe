import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import {
  BAD_ADVANCE, BAD_CANCEL, BAD_CHECKOUT, BAD_CLOCK, BAD_CUSTOMER, BAD_ENDPOINT, BAD_ENDPOINT_UPDATE, BAD_NOTHING, BAD_PAUSE, BAD_PLAN, BAD_PLAN_UPDATE, BAD_POLICY, BAD_POLICY_PARTS,
  BAD_POLICY_UPDATE, BAD_REFUND, BAD_REPLAY, BAD_RESUME, BAD_SUBSCRIPTION, BAD_SWITCH, BAD_TEMPLATE, BAD_VERSION, type BadValues,
} from './bad.values.js';
import { expectProblem, INVALID, type Method, nobody, refused, send, stored, TEA, WEB } from './outsider.js';

let world: World;
/** Ids of what there is, by the name that the tables below use. */
const made: Record<string, string> = {};
beforeAll(async () => {
  world = await World.open();
  made['plan'] = (await world.post('/v1/plans', { ...TEA, code: 'first' })).id;
  made['customer'] = (await world.post('/v1/customers', {})).id;
  made['clock'] = (await world.post('/v1/test_clocks', { now: '2026-03-01T00:00:00Z' })).id;
  const sold = await world.post('/v1/subscriptions', { customer: made['customer'], plan: 'first', ...WEB });
  await world.pay(sold.id);
  made['subscription'] = sold.id;
  made['endpoint'] = (await world.post('/v1/webhook_endpoints', { url: 'https://shop.example/', events: ['plan.*'] })).id;
});
afterAll(() => world.close());

const at = (path: string): string => path.replace(/\{(\w+)\}/g, (_, name: string) => made[name] ?? name);

/** Method and path of a write, a body that it would take, and what each field must refuse. */
const WRITES: [method: Method, path: string, good: () => object, bad: BadValues][] = [
  ['post', '/v1/plans', () => TEA, BAD_PLAN],
  ['patch', '/v1/plans/{plan}', () => ({}), BAD_PLAN_UPDATE],
  ['patch', '/v1/plans/first', () => ({}), { name: [''] }],
  ['post', '/v1/plans/{plan}/versions', () => ({ amount: 4900 }), BAD_VERSION],
  ['post', '/v1/dunning_policies', () => ({ code: 'patient' }), BAD_POLICY],
  ['patch', '/v1/dunning_policies/default', () => ({}), { ...BAD_POLICY_UPDATE, code: ['other'] }],
  ['post', '/v1/customers', () => ({}), BAD_CUSTOMER],
  ['patch', '/v1/customers/{customer}', () => ({}), { ...BAD_CUSTOMER, test_clock: [nobody('clk'), null] }],
  ['post', '/v1/subscriptions', () => ({ customer: made['customer'], plan: 'first', ...WEB }), BAD_SUBSCRIPTION],
  ['patch', '/v1/subscriptions/{subscription}', () => ({}), { metadata: BAD_PLAN['metadata'] ?? [], quantity: [2], plan: ['first'] }],
  ['post', '/v1/subscriptions/{subscription}/checkout', () => WEB, BAD_CHECKOUT],
  ['post', '/v1/subscriptions/{subscription}/cancel', () => ({ at: 'period_end' }), BAD_CANCEL],
  ['post', '/v1/subscriptions/{subscription}/uncancel', () => ({}), BAD_NOTHING],
  ['post', '/v1/subscriptions/{subscription}/pause', () => ({}), BAD_PAUSE],
  ['post', '/v1/subscriptions/{subscription}/resume', () => ({}), BAD_RESUME],
  ['put', '/v1/message_templates/receipt/en', () => ({ subject: 'Hello', text: 'You paid {{amount}}.' }), BAD_TEMPLATE],
  ['put', '/v1/message_templates/receipt', () => ({ active: false }), BAD_SWITCH],
  ['post', '/v1/test_clocks', () => ({ now: '2026-03-01T00:00:00Z' }), BAD_CLOCK],
  ['post', '/v1/test_clocks/{clock}/advance', () => ({ to: '2026-04-01T00:00:00Z' }), BAD_ADVANCE],
  ['post', '/v1/webhook_endpoints', () => ({ url: 'https://shop.example/' }), BAD_ENDPOINT],
  ['patch', '/v1/webhook_endpoints/{endpoint}', () => ({}), BAD_ENDPOINT_UPDATE],
  ['post', '/v1/webhook_endpoints/{endpoint}/rotate_secret', () => ({}), BAD_NOTHING],
  ['post', '/v1/webhook_endpoints/{endpoint}/test', () => ({}), BAD_NOTHING],
  ['post', '/v1/webhook_endpoints/{endpoint}/replay', () => ({ from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }), BAD_REPLAY],
  ['post', `/v1/webhook_deliveries/${nobody('dlv')}/redeliver`, () => ({}), BAD_NOTHING],
  ['post', `/v1/charges/${nobody('chg')}/reconcile`, () => ({}), BAD_NOTHING],
  ['post', `/v1/charges/${nobody('chg')}/refunds`, () => ({}), BAD_REFUND],
];

describe.each(WRITES)('%s %s', (method, path, good, bad) => {
  test.each(Object.keys(bad))('%s: every bad value is refused, named, and leaves nothing behind', async (field) => {
    const before = await stored(world);
    for (const value of bad[field] ?? []) {
      const body = { ...good(), [field]: value };
      expectProblem(await send(world, method, at(path), { body }), { ...INVALID, paths: [field] }, `${field} ${JSON.stringify(value)}`);
    }
    expect(await stored(world)).toEqual(before);
  });
});

describe('fields within fields', () => {
  test.each(Object.entries(BAD_POLICY_PARTS))('%s', async (field, [make, values]) => {
    for (const value of values) {
      const body = { code: 'patient', ...make(value) };
      await refused(world, 'post', '/v1/dunning_policies', { body }, { ...INVALID, paths: [field] });
      await refused(world, 'patch', '/v1/dunning_policies/default', { body: make(value) }, { ...INVALID, paths: [field] });
    }
  });
});

describe('rules between fields', () => {
  test.each<[string, object, string]>([
    ['a paid trial without days', { ...TEA, trial_amount: 1_000 }, 'trial_amount'],
    ['a trial below the gateway’s minimum', { ...TEA, trial_days: 7, trial_amount: 9 }, 'trial_amount'],
    ['an amount below the minimum in yen', { ...TEA, currency: 'JPY', amount: 0 }, 'amount'],
  ])('plan: %s', async (_, body, path) => {
    await refused(world, 'post', '/v1/plans', { body }, { ...INVALID, paths: [path] });
  });

  test.each(['WAP', 'APP'])('%s needs to know the system', async (terminal_type) => {
    const body = { customer: made['customer'], plan: 'first', ...WEB, terminal_type };
    await refused(world, 'post', '/v1/subscriptions', { body }, { ...INVALID, paths: ['os_type'] });
    const path = at('/v1/subscriptions/{subscription}/checkout');
    await refused(world, 'post', path, { body: { ...WEB, terminal_type } }, { ...INVALID, paths: ['os_type'] });
  });

  test('no charge is larger than the gateway takes: quantity, setup fee and paid trial together', async () => {
    await world.post('/v1/plans', { ...TEA, code: 'dear', amount: 333_333_333, setup_fee: 1 });
    const order = { customer: made['customer'], plan: 'dear', ...WEB };
    const tooMany = { ...order, quantity: 4 };
    await refused(world, 'post', '/v1/subscriptions', { body: tooMany }, { ...INVALID, paths: ['quantity'] });
    // Three times the amount is the most there is, and the fee makes it one too many.
    await refused(world, 'post', '/v1/subscriptions', { body: { ...order, quantity: 3 } }, { status: 422, code: /^validation_failed$/ });
    const trial = { ...order, trial_days: 7, trial_amount: 999_999_999 };
    await refused(world, 'post', '/v1/subscriptions', { body: trial }, { status: 422, code: /^(validation_failed|amount_not_chargeable)$/ });
    expect((await send(world, 'post', '/v1/subscriptions', { body: { ...order, quantity: 2 } })).status).toBe(201);
  });

  test('the largest charge there is', async () => {
    await world.post('/v1/plans', { ...TEA, code: 'largest', amount: 333_333_333 });
    const body = { customer: made['customer'], plan: 'largest', ...WEB, quantity: 3 };
    const response = await send(world, 'post', '/v1/subscriptions', { body });
    expect(response.status).toBe(201);
    expect(await world.get(`/v1/invoices/${response.body.latest_invoice}`)).toMatchObject({ total: 999_999_999 });
  });

  test.each([
    ['thousandths that the gateway cannot charge', 'KWD', 11],
    ['nine digits of thousandths', 'BHD', 999_999_999],
    ['nine digits in a currency that is sent with more', 'CLP', 999_999_999],
  ])('%s are refused, at the latest when they are sold', async (_, currency, amount) => {
    const plan = await send(world, 'post', '/v1/plans', { body: { ...TEA, code: `in ${currency}`, currency, amount } });
    if (plan.status === 422) return;
    const body = { customer: made['customer'], plan: plan.body.id, ...WEB };
    await refused(world, 'post', '/v1/subscriptions', { body }, { status: 422, code: /^amount_not_chargeable$/ });
  });

  test('no date lies beyond the year 9999', async () => {
    const clock = await world.post('/v1/test_clocks', { now: '9999-12-30T23:00:00Z' });
    const customer = await world.post('/v1/customers', { test_clock: clock.id });
    for (const trial_days of [0, 1_000]) {
      const body = { customer: customer.id, plan: 'first', ...WEB, trial_days };
      await refused(world, 'post', '/v1/subscriptions', { body }, { status: 422, code: /^instant_out_of_range$/ });
    }
  });
});

describe('what is referred to must exist', () => {
  test.each([
    ['customer', nobody('cust'), 'customer_not_found'],
    ['customer', nobody('plan'), 'customer_not_found'],
    ['customer', 'Li', 'customer_not_found'],
    ['plan', nobody('plan'), 'plan_not_found'],
    ['plan', 'no such code', 'plan_not_found'],
    ['plan', 'constructor', 'plan_not_found'],
  ])('a subscription’s %s %s', async (field, value, code) => {
    const body = { customer: made['customer'], plan: 'first', ...WEB, [field]: value };
    await refused(world, 'post', '/v1/subscriptions', { body }, { status: 404, code, paths: [field] });
  });

  test.each([nobody('clk'), 'clk_', 'soon'])('a customer’s test clock %s', async (test_clock) => {
    await refused(world, 'post', '/v1/customers', { body: { test_clock } }, { status: 404, code: 'test_clock_not_found', paths: ['test_clock'] });
  });
});
