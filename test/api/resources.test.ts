import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { refused, send, TEA, WEB } from './outsider.js';

type Json = Record<string, any>;

let world: World;
let life: { plan: Json; customer: Json; clock: Json; sold: Json };
beforeAll(async () => {
  world = await World.open({ now: '2026-03-01T00:00:00Z' });
  const plan = await world.post('/v1/plans', TEA);
  const clock = await world.post('/v1/test_clocks', { now: '2026-01-31T04:00:00Z', metadata: { of: 'Li' } });
  const customer = await world.post('/v1/customers', { email: 'li@example.com', test_clock: clock.id });
  const sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', quantity: 2, ...WEB, metadata: { order: '4711' } });
  await world.pay(sold.id);
  await world.advance(clock.id, '2026-02-28T04:00:00Z');
  const [charge] = await world.list('/v1/charges?status=captured');
  await world.post(`/v1/charges/${charge?.['id']}/refunds`, { amount: 100, reason: 'one cup was cold' });
  await world.settle();
  await world.post('/v1/webhook_endpoints', { url: 'https://shop.example/', active: false });
  life = { plan, customer, clock, sold };
});
afterAll(() => world.close());

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const TIME_FIELD = /(_at|trial_end|_until|\.start|\.end|^now|_anchor)$/;
const GATEWAY_ID = /^(pay|src|cus|act|evt)_/;

const RESOURCES: [resource: string, object: string, prefix: string][] = [
  ['plans', 'plan', 'plan'],
  ['dunning_policies', 'dunning_policy', 'dun'],
  ['customers', 'customer', 'cust'],
  ['subscriptions', 'subscription', 'sub'],
  ['invoices', 'invoice', 'inv'],
  ['charges', 'charge', 'chg'],
  ['refunds', 'refund', 'rfnd'],
  ['events', 'event', 'evnt'],
  ['messages', 'message', 'msg'],
  ['webhook_endpoints', 'webhook_endpoint', 'whk'],
  ['test_clocks', 'test_clock', 'clk'],
];

describe.each(RESOURCES)('%s', (resource, object, prefix) => {
  test('have an id, an object, times and metadata, in lists and alone alike', async () => {
    const listed = await world.list(`/v1/${resource}?limit=100`);
    expect(listed.length).toBeGreaterThan(0);
    for (const item of listed) {
      expect(item).toMatchObject({ object, created_at: expect.stringMatching(TIME), updated_at: expect.stringMatching(TIME) });
      expect(item['id']).toMatch(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`));
      expect(item['metadata']).toBeTypeOf('object');
      expect(await world.get(`/v1/${resource}/${item['id']}`)).toEqual(item);
    }
  });

  test('tell times in UTC, money in whole numbers, and the gateway’s ids only where they belong', async () => {
    for (const item of await world.list(`/v1/${resource}?limit=100`)) {
      for (const [path, value] of leaves(item)) {
        if (TIME_FIELD.test(path) && value !== null) expect(value, path).toMatch(TIME);
        if (typeof value === 'number') expect(Number.isInteger(value), path).toBe(true);
        const ofSource = item['data']?.object?.object === 'source';
        if (typeof value === 'string' && GATEWAY_ID.test(value) && !ofSource) expect(path).toMatch(/gateway_|source/);
      }
    }
  });
});

/** Everything in a view that is no object, with its dotted path. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

describe('what a create answers', () => {
  test('a plan, with everything that was left out', () => {
    expect(life.plan).toEqual({
      id: expect.any(String), object: 'plan', ...TEA, description: null, interval_count: 1, trial_days: 0, trial_amount: 0, setup_fee: 0,
      proration: 'second', dunning_policy: 'default', catch_up: 'all', renewal_notice: 'required', spread_minutes: 0, active: true,
      version: 1, metadata: {}, created_at: expect.any(String), updated_at: life.plan['created_at'],
    });
  });

  test('a plan, with everything that was given', async () => {
    const given = {
      code: '茶/tea & co.', name: '茶', description: 'x'.repeat(2_000), amount: 1_000, currency: 'CNY', interval: 'week', interval_count: 2,
      trial_days: 7, trial_amount: 1_000, setup_fee: 1, proration: 'day', dunning_policy: 'default', catch_up: 'latest',
      renewal_notice: 'off', spread_minutes: 1_440, active: false, metadata: { a: '' },
    };
    const response = await send(world, 'post', '/v1/plans', { body: given });
    expect([response.status, response.body]).toEqual([201, expect.objectContaining(given)]);
    expect(await world.get(`/v1/plans/${encodeURIComponent(given.code)}`)).toEqual(response.body);
  });

  test('a customer who told nothing', async () => {
    const response = await send(world, 'post', '/v1/customers', { body: {} });
    expect([response.status, response.body]).toEqual([201, {
      id: expect.any(String), object: 'customer', email: null, name: null, phone: null, locale: null, time_zone: null, country: null,
      external_id: null, balances: [], test_clock: null, metadata: {}, created_at: expect.any(String), updated_at: expect.any(String),
    }]);
  });

  test('a subscription, with the link to pay it', () => {
    expect(life.sold).toMatchObject({
      object: 'subscription', status: 'incomplete', customer: life.customer['id'], plan: life.plan['id'], plan_version: 1, quantity: 2,
      currency: 'CNY', current_period: null, period_no: 0, billing_anchor: null, next_charge_at: null, trial_end: null, access_until: null,
      access_reason: 'none', cancel_at_period_end: false, canceled_at: null, paused_at: null, resumes_at: null,
      latest_invoice: expect.stringMatching(/^inv_/), source: { id: expect.stringMatching(/^src_/), status: 'pending' },
      checkout: { status: 'ready', url: expect.stringMatching(/^http/), expires_at: expect.stringMatching(TIME) }, metadata: { order: '4711' },
    });
  });

  test('an invoice and a charge, once it is paid', async () => {
    const [invoice] = await world.list(`/v1/invoices?subscription=${life.sold['id']}&period_no=1`);
    expect(invoice).toMatchObject({
      status: 'paid', number: expect.any(String), currency: 'CNY', period_no: 1, subtotal: 7800, discount: 0, tax: 0, total: 7800,
      balance_applied: 0, amount_paid: 7800, amount_due: 0, period: { start: '2026-01-31T04:00:00.000Z', end: '2026-02-28T04:00:00.000Z' },
      lines: [{ type: 'recurring', description: expect.any(String), quantity: 2, unit_amount: 3900, amount: 7800, period: invoice?.['period'] }],
    });
    const [charge] = await world.list(`/v1/charges?invoice=${invoice?.['id']}`);
    expect(charge).toMatchObject({
      kind: 'initial', attempt: 1, amount: 7800, amount_refunded: 0, currency: 'CNY', status: 'captured', surplus: false,
      reference: expect.stringMatching(/^[A-Za-z0-9-]{1,50}$/), gateway_payment_id: expect.stringMatching(/^pay_/),
      source: expect.stringMatching(/^src_/), requested_at: expect.any(String), settled_at: expect.any(String),
    });
    const again = await send(world, 'post', `/v1/charges/${charge?.['id']}/reconcile`);
    expect([again.status, again.body]).toEqual([200, expect.objectContaining({ id: charge?.['id'], status: 'captured' })]);
  });

  test('events of one subject count up from one', async () => {
    const events = await world.list(`/v1/events?subject=${life.sold['id']}&limit=100`);
    expect(events.map((event) => event['sequence'])).toEqual(events.map((_, i) => events.length - i));
    for (const event of events) expect(event['data']).toMatchObject({ object: { id: expect.any(String), object: expect.any(String) } });
  });
});

describe('metadata', () => {
  const FULL = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`.padEnd(255, 'k'), '茶'.repeat(255)]));

  test.each([
    ['20 keys and values of 255 characters', FULL],
    ['names that are anything but fields', { constructor: 'a', toString: 'b', hasOwnProperty: 'c', prototype: 'd', 'a.b': 'e', ' ': 'f' }],
    ['nothing', {}],
  ])('keeps %s as they are', async (_, metadata) => {
    for (const [path, body] of [['/v1/customers', {}], ['/v1/plans', { ...TEA, code: `of ${Object.keys(metadata).length} keys` }]] as const) {
      const made = await world.post(path, { ...body, metadata });
      expect((await world.get(`${path}/${made.id}`)).metadata).toEqual(metadata);
      const patched = await send(world, 'patch', `${path}/${made.id}`, { body: { metadata } });
      expect(patched.body.metadata).toEqual(metadata);
    }
  });

  test.each(['plans', 'customers', 'subscriptions'])('of %s is replaced as a whole', async (resource) => {
    const [thing] = await world.list(`/v1/${resource}?limit=1`);
    const path = `/v1/${resource}/${thing?.['id']}`;
    await world.call('patch', path).send({ metadata: { a: '1', b: '2' } }).expect(200);
    await world.call('patch', path).send({ metadata: { c: '3' } }).expect(200);
    expect((await world.get(path)).metadata).toEqual({ c: '3' });
    await world.call('patch', path).send({}).expect(200);
    expect((await world.get(path)).metadata).toEqual({ c: '3' });
    await world.call('patch', path).send({ metadata: {} }).expect(200);
    expect((await world.get(path)).metadata).toEqual({});
  });
});

describe('PATCH', () => {
  const LI = {
    email: 'li@example.com', name: 'Li', phone: '+86 (10) 6552-9988', locale: 'zh-CN', time_zone: 'Asia/Shanghai', country: 'CN', external_id: 'A/1',
  } as const;

  test.each(Object.keys(LI))('null clears a customer’s %s and nothing else', async (field) => {
    const li = await world.post('/v1/customers', LI);
    const { body } = await send(world, 'patch', `/v1/customers/${li.id}`, { body: { [field]: null } });
    expect(body).toMatchObject({ ...LI, [field]: null });
    expect(await world.get(`/v1/customers/${li.id}`)).toEqual(body);
  });

  test('a plan’s description is cleared by null; its price terms stay', async () => {
    const plan = await world.post('/v1/plans', { ...TEA, code: 'described', description: 'Green' });
    const patch = { name: 'Green tea', description: null, active: false };
    const { body } = await send(world, 'patch', '/v1/plans/described', { body: patch });
    expect(body).toEqual({ ...plan, ...patch, updated_at: body.updated_at });
  });

  test('a new version is the plan’s price from now on; what was left out stays', async () => {
    const plan = await world.post('/v1/plans', { ...TEA, code: 'dearer', trial_days: 7 });
    const response = await send(world, 'post', '/v1/plans/dearer/versions', { body: { amount: 4900 } });
    expect([response.status, response.body]).toEqual([201, { ...plan, amount: 4900, version: 2, updated_at: response.body.updated_at }]);
    expect(await world.get(`/v1/plans/${plan.id}`)).toEqual(response.body);
  });

  test('a customer without subscriptions is deleted, one with them is not', async () => {
    const { id } = await world.post('/v1/customers', {});
    expect((await send(world, 'delete', `/v1/customers/${id}`)).status).toBe(204);
    await refused(world, 'delete', `/v1/customers/${id}`, {}, { status: 404, code: 'customer_not_found' });
    await refused(world, 'delete', `/v1/customers/${life.customer['id']}`, {}, { status: 409, code: 'customer_has_subscriptions' });
  });
});

test('a price term that is given in place is told where it changes', async () => {
  const { code } = await world.post('/v1/plans', { ...TEA, code: 'priced' });
  const response = await refused(world, 'patch', `/v1/plans/${code}`, { body: { amount: 5900, interval: 'year' } }, { status: 422, code: 'validation_failed', paths: ['amount', 'interval'] });
  expect(response.body.errors[0].message).toContain('POST /v1/plans/{id}/versions');
});
