import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { expectProblem, type Method, nobody, refused, send, TEA } from './outsider.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** Resource, the prefix of its ids, and what can be done to one of them. */
const RESOURCES: [resource: string, prefix: string, missing: string, actions: [Method, string][]][] = [
  ['plans', 'plan', 'plan_not_found', [['patch', ''], ['post', '/versions']]],
  ['dunning_policies', 'dun', 'dunning_policy_not_found', [['patch', '']]],
  ['customers', 'cust', 'customer_not_found', [['patch', ''], ['delete', '']]],
  ['subscriptions', 'sub', 'subscription_not_found', [['patch', ''], ['post', '/uncancel'], ['post', '/pause'], ['post', '/resume'], ['get', '/timeline'], ['get', '/upcoming_invoice']]],
  ['invoices', 'inv', 'invoice_not_found', []],
  ['charges', 'chg', 'charge_not_found', [['post', '/reconcile'], ['post', '/refunds']]],
  ['refunds', 'rfnd', 'refund_not_found', []],
  ['events', 'evnt', 'event_not_found', []],
  ['messages', 'msg', 'message_not_found', []],
  ['webhook_endpoints', 'whk', 'webhook_endpoint_not_found', [['patch', ''], ['delete', ''], ['post', '/rotate_secret'], ['post', '/test'], ['get', '/deliveries']]],
  ['webhook_deliveries', 'dlv', 'webhook_delivery_not_found', [['post', '/redeliver']]],
  ['test_clocks', 'clk', 'test_clock_not_found', [['delete', '']]],
];

describe.each(RESOURCES)('%s: an id that nothing has is not found', (resource, prefix, code, actions) => {
  test.each([
    ['unknown', nobody(prefix)],
    ['of another kind', nobody(prefix === 'sub' ? 'plan' : 'sub')],
    ['only the prefix', `${prefix}_`],
    ['in capitals', nobody(prefix).toUpperCase()],
    ['a letter too long', `${nobody(prefix)}0`],
    ['above the largest UUID', `${prefix}_8zzzzzzzzzzzzzzzzzzzzzzzzz`],
    ['NUL', '%00'],
    ['a line break', '%0a'],
    ['a slash', 'a%2Fb'],
    ['dots', '%2e%2e%2f'],
    ['an emoji', '%F0%9F%98%80'],
    ['full-width digits', encodeURIComponent('１２３')],
    ['a quote', "'%20or%201=1--"],
    ['a percent sign', '%25'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['null', 'null'],
    ['5,000 characters', 'x'.repeat(5_000)],
  ])('%s', async (_, id) => {
    expectProblem(await send(world, 'get', `/v1/${resource}/${id}`), { status: 404, code });
    for (const [method, action] of actions) {
      const body = action === '/versions' ? { amount: 3900 } : {};
      await refused(world, method, `/v1/${resource}/${id}${action}`, method === 'get' ? {} : { body }, { status: 404, code });
    }
  });

  test('a broken percent sign is a bad request', async () => {
    for (const broken of ['%E0%A4%A', '%', '%zz', '%c0%80']) {
      expectProblem(await send(world, 'get', `/v1/${resource}/${broken}`), { status: 400, code: 'bad_request' });
    }
  });
});

describe('what is not there is 404', () => {
  test.each<[Method, string]>([
    ['get', '/'],
    ['get', '/v1'],
    ['get', '/v1/'],
    ['get', '/v2/plans'],
    ['get', '/v1/nonsense'],
    ['get', '//v1/plans'],
    ['get', '/v1/plans/tea/versions'],
    ['put', '/v1/plans'],
    ['patch', '/v1/plans'],
    ['delete', '/v1/plans'],
    ['delete', `/v1/plans/${nobody('plan')}`],
    ['post', `/v1/plans/${nobody('plan')}`],
    ['delete', `/v1/subscriptions/${nobody('sub')}`],
    ['post', '/v1/charges'],
    ['post', '/v1/refunds'],
    ['post', '/v1/events'],
    ['delete', `/v1/events/${nobody('evnt')}`],
    ['patch', `/v1/test_clocks/${nobody('clk')}`],
    ['put', `/v1/webhook_endpoints/${nobody('whk')}`],
    ['post', `/v1/webhook_endpoints/${nobody('whk')}`],
    ['get', '/v1/webhook_deliveries'],
    ['delete', `/v1/webhook_deliveries/${nobody('dlv')}`],
    ['post', '/v1/messages'],
    ['delete', `/v1/messages/${nobody('msg')}`],
    ['post', '/v1/message_templates'],
    ['get', '/pay'],
    ['get', '/webhooks/checkout'],
    ['get', '/v1/coupons'],
    ['post', '/v1/coupons'],
    ['get', '/v1/credit_notes'],
    ['post', '/v1/invoices'],
    ['get', '/v1/reports/cash'],
    ['get', '/v1/reports/mrr'],
    ['get', '/v1/reports/churn'],
    ['post', `/v1/subscriptions/${nobody('sub')}/change`],
    ['post', `/v1/subscriptions/${nobody('sub')}/change/preview`],
  ])('%s %s', async (method, path) => {
    await refused(world, method, path, method === 'get' ? {} : { body: TEA }, { status: 404, code: 'not_found' });
  });

  test('where a path is known by other methods, they are told', async () => {
    const known = await send(world, 'delete', `/v1/plans/${nobody('plan')}`);
    expect([known.headers['allow'], known.body.detail]).toEqual(['GET, PATCH', 'This method does nothing at this path; it knows GET, PATCH.']);
    const unknown = await send(world, 'get', '/v1/nonsense');
    expect([unknown.headers['allow'], unknown.body.detail]).toEqual([undefined, 'There is nothing at this path.']);
  });

  test('HEAD is GET without the body; OPTIONS tells no secrets', async () => {
    const head = await send(world, 'head', '/v1/plans');
    expect([head.status, head.text ?? '']).toEqual([200, '']);
    const missing = await send(world, 'head', `/v1/plans/${nobody('plan')}`);
    expect([missing.status, missing.text ?? '']).toEqual([404, '']);
    expect((await send(world, 'options', '/v1/plans', { key: null })).status).toBe(404);
  });
});

describe('the request id', () => {
  const ID = 'order-4711/retry.2';

  test.each([
    ['an answer', 'get', '/v1/plans', 200],
    ['a problem', 'get', '/v1/nonsense', 404],
    ['health', 'get', '/health/live', 200],
  ] as const)('comes back with %s', async (_, method, path, status) => {
    const response = await send(world, method, path, { headers: { 'x-request-id': ID } });
    expect([response.status, response.headers['x-request-id']]).toEqual([status, ID]);
  });

  test('comes back with what the body parser refuses', async () => {
    const response = await send(world, 'post', '/v1/plans', { body: '{', headers: { 'x-request-id': ID } });
    expectProblem(response, { status: 400, code: 'malformed_json' });
    expect(response.headers['x-request-id']).toBe(ID);
  });

  test.each([
    ['none', {}],
    ['an empty one', { 'x-request-id': '' }],
    ['blanks in it', { 'x-request-id': 'a b' }],
    ['markup', { 'x-request-id': '<b>x</b>' }],
    ['an e-mail address', { 'x-request-id': 'li@example.com' }],
    ['129 characters', { 'x-request-id': 'x'.repeat(129) }],
    ['letters beyond ASCII', { 'x-request-id': 'é' }],
  ])('is a new one for %s', async (_, headers) => {
    const [first, second] = [await send(world, 'get', '/v1/plans', { headers }), await send(world, 'get', '/v1/plans', { headers })];
    for (const response of [first, second]) expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.headers['x-request-id']).not.toBe(second.headers['x-request-id']);
  });
});
