import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashSecret } from '../../src/access/api.key.js';
import { newId } from '../../src/platform/ids/ids.js';
import { API_KEY, World } from '../support/world.js';
import { expectProblem, type Method, nobody, refused, send, TEA } from './outsider.js';

let world: World;
let plan: string;
beforeAll(async () => {
  world = await World.open();
  plan = (await world.post('/v1/plans', { ...TEA, code: 'first' })).id;
});
afterAll(() => world.close());

/** Any 16 printable characters or more will do as a key. */
async function key(secret: string, row: { scopes?: string; expires_at?: string; revoked_at?: string } = {}): Promise<string> {
  await world.database.query(
    `insert into api_keys (id, name, secret_hash, scopes, expires_at, last_used_at, revoked_at, metadata, created_at, updated_at)
     values ($1, 'a test', $2, $3, $4, null, $5, '{}', now(), now())`,
    [newId('key'), hashSecret(secret), row.scopes ?? '{admin}', row.expires_at ?? null, row.revoked_at ?? null],
  );
  return secret;
}

describe('without a valid key nothing is answered but 401', () => {
  test.each([
    ['no header', {}],
    ['an empty one', { authorization: '' }],
    ['no scheme', { authorization: API_KEY }],
    ['another scheme', { authorization: `Basic ${API_KEY}` }],
    ['no key', { authorization: 'Bearer ' }],
    ['two keys', { authorization: `Bearer ${API_KEY} ${API_KEY}` }],
    ['a key that nobody has', { authorization: `Bearer ${API_KEY}x` }],
    ['the key in another case', { authorization: `Bearer ${API_KEY.toUpperCase()}` }],
    ['a short key', { authorization: 'Bearer x' }],
    ['a key of 300 characters', { authorization: `Bearer ${'x'.repeat(300)}` }],
    ['a key in the query is no key', { 'x-api-key': API_KEY }],
  ])('%s', async (_, headers) => {
    const response = await send(world, 'get', `/v1/plans?key=${API_KEY}`, { headers, key: null });
    expectProblem(response, { status: 401, code: 'unauthorized' });
    expect(response.headers['www-authenticate']).toBe('Bearer');
  });

  test.each<[Method, string]>([
    ['get', '/v1/plans'],
    ['get', '/v1/plans/'],
    ['get', '/V1/plans'],
    ['get', '/v1/PLANS'],
    ['get', '/V1/Customers?limit=1'],
    ['get', `/v1/customers/${nobody('cust')}`],
    ['get', '/v1/subscriptions'],
    ['get', '/v1/invoices'],
    ['get', '/v1/charges'],
    ['get', '/v1/refunds'],
    ['get', '/v1/events'],
    ['get', '/v1/test_clocks'],
    ['get', '/v1/messages'],
    ['get', '/v1/webhook_endpoints'],
    ['post', '/v1/webhook_endpoints'],
    ['get', `/v1/webhook_endpoints/${nobody('whk')}/deliveries`],
    ['post', `/v1/webhook_deliveries/${nobody('dlv')}/redeliver`],
    ['get', '/v1/message_templates'],
    ['put', '/v1/message_templates/receipt'],
    ['delete', '/v1/message_templates/receipt/en'],
    ['post', '/v1/plans'],
    ['post', '/V1/plans'],
    ['post', '/v1/subscriptions'],
    ['post', `/v1/charges/${nobody('chg')}/reconcile`],
    ['post', `/v1/charges/${nobody('chg')}/refunds`],
    ['patch', `/v1/plans/${nobody('plan')}`],
    ['delete', `/v1/customers/${nobody('cust')}`],
  ])('%s %s', async (method, path) => {
    await refused(world, method, path, { key: null, ...(method !== 'get' && { body: TEA }) }, { status: 401, code: 'unauthorized' });
  });

  test('the scheme may be written in any case', async () => {
    const response = await send(world, 'get', '/v1/plans', { key: null, headers: { authorization: `bearer ${API_KEY}` } });
    expect(response.status).toBe(200);
  });

  test('a key that has expired, or was revoked, is none', async () => {
    for (const secret of [
      await key('an-expired-key-of-tests', { expires_at: '2020-01-01T00:00:00Z' }),
      await key('a-revoked-key-of-tests', { revoked_at: '2020-01-01T00:00:00Z' }),
    ]) {
      expectProblem(await send(world, 'get', '/v1/plans', { key: secret }), { status: 401, code: 'unauthorized' });
    }
  });
});

describe('a key does what its scope covers', () => {
  test('read: every list and thing, and nothing that writes', async () => {
    const reader = await key('a-reading-key-of-tests', { scopes: '{read}' });
    expect((await send(world, 'get', '/v1/plans', { key: reader })).status).toBe(200);
    expect((await send(world, 'head', `/v1/plans/${plan}`, { key: reader })).status).toBe(200);
    const writes: [Method, string][] = [
      ['post', '/v1/plans'],
      ['patch', `/v1/plans/${plan}`],
      ['post', `/v1/plans/${plan}/versions`],
      ['post', '/v1/customers'],
      ['delete', `/v1/customers/${nobody('cust')}`],
      ['post', `/v1/subscriptions/${nobody('sub')}/cancel`],
      ['post', `/v1/test_clocks/${nobody('clk')}/advance`],
    ];
    for (const [method, path] of writes) {
      await refused(world, method, path, { key: reader, body: {} }, { status: 403, code: 'forbidden' });
    }
  });

  test('write: reads and writes', async () => {
    const writer = await key('a-writing-key-of-tests', { scopes: '{write}' });
    expect((await send(world, 'get', '/v1/plans', { key: writer })).status).toBe(200);
    expect((await send(world, 'post', '/v1/customers', { key: writer, body: {} })).status).toBe(201);
  });

  test('no scope: nothing', async () => {
    const nothing = await key('a-key-for-nothing-of-tests', { scopes: '{}' });
    expectProblem(await send(world, 'get', '/v1/plans', { key: nothing }), { status: 403, code: 'forbidden' });
  });
});

describe('what is open to all', () => {
  test.each(['/health/live', '/health/ready'])('%s', async (path) => {
    const response = await send(world, 'get', path, { key: null });
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({ status: 'ok' });
  });

  test('readiness says what is down', async () => {
    const lonely = await World.open();
    try {
      await lonely.database.dataSource.destroy();
      const response = await send(lonely, 'get', '/health/ready', { key: null });
      expect(response.status).toBe(503);
      expect(response.body).toMatchObject({ database: 'down' });
    } finally {
      await lonely.database.dataSource.initialize();
      await lonely.close();
    }
  });

  test('the gateway’s webhooks, but only signed', async () => {
    const response = await send(world, 'post', '/webhooks/checkout', { key: null, body: '{}', headers: { 'cko-signature': 'f'.repeat(64) } });
    expectProblem(response, { status: 401, code: 'unauthorized' });
  });
});

test('with a live key there are no test clocks', async () => {
  const live = await World.open({
    config: { CKO_SECRET_KEY: `sk_${'a'.repeat(27)}`, CKO_API_URL: 'https://prefix.api.example.com' },
  });
  try {
    const forbidden = { status: 403, code: 'test_clocks_unavailable' };
    await refused(live, 'post', '/v1/test_clocks', { body: { now: '2026-01-01T00:00:00Z' } }, forbidden);
    expectProblem(await send(live, 'get', '/v1/test_clocks'), forbidden);
    expectProblem(await send(live, 'get', `/v1/test_clocks/${nobody('clk')}`), forbidden);
    expect((await send(live, 'get', '/v1/plans')).status).toBe(200);
  } finally {
    await live.close();
  }
});
