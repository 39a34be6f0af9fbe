import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashSecret } from '../../src/access/api.key.js';
import { ApiKeys } from '../../src/access/api.keys.js';
import { API_KEY, World } from '../support/world.js';
import { expectProblem, INVALID, type Method, nobody, refused, send } from './outsider.js';
import { routesOf } from './routes.js';

const HOUR = 3_600_000;
let world: World;
const keys: Record<string, string> = {};
beforeAll(async () => {
  world = await World.open({ config: { ZHOUQI_API_KEY: API_KEY } });
  for (const scope of ['admin', 'write', 'read'] as const) {
    keys[scope] = (await world.post('/v1/api_keys', { name: `the ${scope} key`, scopes: [scope] })).secret;
  }
});
afterAll(() => world.close());

/** What each route asks for. A route that is not listed here has not been thought about. */
const NEEDED: Record<'open' | 'read' | 'write' | 'admin', string[]> = {
  open: ['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /openapi.json', 'GET /pay/:token', 'POST /pay/:token'],
  read: [
    'GET /v1/plans', 'GET /v1/plans/:id', 'GET /v1/customers', 'GET /v1/customers/:id', 'GET /v1/subscriptions', 'GET /v1/subscriptions/:id',
    'GET /v1/invoices', 'GET /v1/invoices/:id', 'GET /v1/charges', 'GET /v1/charges/:id', 'GET /v1/refunds', 'GET /v1/refunds/:id',
    'GET /v1/events', 'GET /v1/events/:id', 'GET /v1/messages', 'GET /v1/messages/:id', 'GET /v1/message_templates',
    'GET /v1/message_templates/:name/:locale', 'GET /v1/test_clocks', 'GET /v1/test_clocks/:id', 'GET /v1/parked', 'GET /v1/parked/:id',
    'GET /v1/quarantine', 'GET /v1/reports/reconciliation',
    'GET /v1/reports/recovery', 'GET /v1/dunning_policies', 'GET /v1/dunning_policies/:id',
    'GET /v1/webhook_endpoints', 'GET /v1/webhook_endpoints/:id', 'GET /v1/webhook_endpoints/:id/deliveries', 'GET /v1/webhook_deliveries/:id',
    'GET /v1/subscriptions/:id/upcoming_invoice', 'GET /v1/subscriptions/:id/timeline',
  ],
  write: [
    'POST /v1/plans', 'PATCH /v1/plans/:id', 'POST /v1/plans/:id/versions', 'POST /v1/customers', 'PATCH /v1/customers/:id',
    'DELETE /v1/customers/:id', 'POST /v1/subscriptions', 'PATCH /v1/subscriptions/:id', 'POST /v1/subscriptions/:id/checkout',
    'POST /v1/subscriptions/:id/cancel', 'POST /v1/subscriptions/:id/uncancel', 'POST /v1/subscriptions/:id/pause',
    'POST /v1/subscriptions/:id/resume', 'POST /v1/charges/:id/reconcile', 'POST /v1/charges/:id/refunds', 'POST /v1/test_clocks',
    'POST /v1/test_clocks/:id/advance', 'DELETE /v1/test_clocks/:id', 'POST /v1/dunning_policies', 'PATCH /v1/dunning_policies/:id',
    'POST /v1/invoices/:id/pay', 'POST /v1/invoices/:id/void', 'POST /v1/invoices/:id/mark_uncollectible',
    'POST /v1/webhook_endpoints', 'PATCH /v1/webhook_endpoints/:id', 'DELETE /v1/webhook_endpoints/:id',
    'POST /v1/webhook_endpoints/:id/rotate_secret', 'POST /v1/webhook_endpoints/:id/test', 'POST /v1/webhook_endpoints/:id/replay',
    'POST /v1/webhook_deliveries/:id/redeliver',
  ],
  admin: [
    'GET /v1/api_keys', 'GET /v1/api_keys/:id', 'POST /v1/api_keys', 'DELETE /v1/api_keys/:id', 'GET /v1/audit_log', 'GET /v1/audit_log/:id',
    'POST /v1/quarantine/release', 'POST /v1/parked/:id/release', 'PUT /v1/message_templates/:name', 'PUT /v1/message_templates/:name/:locale',
    'DELETE /v1/message_templates/:name/:locale',
  ],
};

test('every route has been given a scope', () => {
  const declared = routesOf(world).map(({ method, path }) => `${method} ${path}`);
  expect(declared.toSorted()).toEqual(Object.values(NEEDED).flat().toSorted());
});

describe.each(['read', 'write', 'admin'] as const)('what needs "%s"', (needed) => {
  test.each(NEEDED[needed])('%s', async (route) => {
    const [method, declared] = route.split(' ') as [string, string];
    // Nothing is there: whoever may come in learns that, or that his body is none.
    const path = declared.replace(':id', nobody('msg')).replace(':name', 'nothing').replace(':locale', 'en');
    const ask = (key: string | null) => send(world, method.toLowerCase() as Method, path, { key, ...(method !== 'GET' && { body: { '': 1 } }) });
    expectProblem(await ask(null), { status: 401, code: 'unauthorized' });
    const scopes = ['read', 'write', 'admin'];
    for (const scope of scopes) {
      const response = await ask(keys[scope] as string);
      const may = scopes.indexOf(scope) >= scopes.indexOf(needed);
      if (may) expect([200, 204, 404, 422], `${scope}: ${response.text}`).toContain(response.status);
      else expectProblem(response, { status: 403, code: 'forbidden' });
    }
  });
});

describe('keys by the API', () => {
  test('are shown with their secret once, and stored by its hash', async () => {
    const { secret, ...view } = await world.post('/v1/api_keys', { name: 'shop', scopes: ['write', 'read'], metadata: { team: 'tea' } });
    expect(secret).toMatch(/^zq_[\w-]{43}$/);
    expect(view).toEqual({
      id: expect.stringMatching(/^key_/), object: 'api_key', name: 'shop', scopes: ['write', 'read'], last_used_at: null, expires_at: null,
      metadata: { team: 'tea' }, created_at: expect.any(String), updated_at: expect.any(String),
    });
    expect(await world.get(`/v1/api_keys/${view.id}`)).toEqual(view);
    expect((await world.list('/v1/api_keys?name=shop'))[0]).toEqual(view);
    const [row] = await world.database.query<{ secret_hash: string }>('select * from api_keys where id = $1', [view.id]);
    expect(row?.secret_hash).toBe(hashSecret(secret));
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(JSON.stringify(await world.list('/v1/audit_log'))).not.toContain(secret);
  });

  test.each([
    ['no name', { scopes: ['read'] }, 'name'],
    ['no scope', { name: 'x', scopes: [] }, 'scopes'],
    ['scopes that are none', { name: 'x', scopes: 'read' }, 'scopes'],
    ['an unknown scope', { name: 'x', scopes: ['root'] }, 'scopes'],
    ['a scope twice', { name: 'x', scopes: ['read', 'read'] }, 'scopes'],
    ['an end in the past', { name: 'x', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['a secret of the caller’s', { name: 'x', scopes: ['read'], secret: 'sixteen-letters-long' }, 'secret'],
  ])('%s', async (_, body, path) => {
    await refused(world, 'post', '/v1/api_keys', { body }, { ...INVALID, paths: [path] });
  });

  test('end when they expire', async () => {
    const expires_at = new Date(world.clock.at + HOUR).toISOString();
    const { secret } = await world.post('/v1/api_keys', { name: 'short', scopes: ['read'], expires_at });
    await world.pass(HOUR - 1);
    expect((await send(world, 'get', '/v1/plans', { key: secret })).status).toBe(200);
    await world.pass(1);
    expectProblem(await send(world, 'get', '/v1/plans', { key: secret }), { status: 401, code: 'unauthorized' });
  });

  test('tell when they were last used, to the minute', async () => {
    const { id, secret } = await world.post('/v1/api_keys', { name: 'used', scopes: ['read'] });
    const used = async () => (await world.get(`/v1/api_keys/${id}`)).last_used_at;
    const first = world.clock.at;
    for (const wait of [0, 59_999, 1]) {
      await world.pass(wait);
      await send(world, 'get', '/v1/plans', { key: secret });
      expect(await used()).toBe(new Date(world.clock.at === first + 60_000 ? world.clock.at : first).toISOString());
    }
  });

  test('are revoked at once, in every replica', async () => {
    const { id, secret } = await world.post('/v1/api_keys', { name: 'lost', scopes: ['admin'] });
    const other = await world.replica();
    await other.listen(0, '127.0.0.1');
    const url = `${await other.getUrl()}/v1/plans`;
    const ask = async () => (await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await ask()).toBe(200);
    expect((await send(world, 'delete', `/v1/api_keys/${id}`)).status).toBe(204);
    expect(await ask()).toBe(401);
    await other.close();
    expectProblem(await send(world, 'get', `/v1/api_keys/${id}`), { status: 404, code: 'api_key_not_found' });
    expectProblem(await send(world, 'delete', `/v1/api_keys/${id}`), { status: 404, code: 'api_key_not_found' });
  });

  test('the configured one cannot be revoked, and comes back with the configuration', async () => {
    const [configured] = await world.list('/v1/api_keys?name=bootstrap');
    await refused(world, 'delete', `/v1/api_keys/${configured?.id}`, {}, { status: 409, code: 'api_key_configured' });
    // It was replaced and revoked once, say, and is set again.
    await world.database.query('update api_keys set revoked_at = now() where id = $1', [configured?.id]);
    expect((await send(world, 'get', '/v1/plans')).status).toBe(401);
    await world.app.get(ApiKeys).bootstrap(API_KEY);
    expect(await world.list('/v1/api_keys?name=bootstrap')).toMatchObject([{ id: configured?.id, scopes: ['admin'] }]);
  });
});

test('the last admin key stays; of two that revoke each other at once one remains', async () => {
  const lonely = await World.open();
  try {
    const [first] = await lonely.list('/v1/api_keys');
    await lonely.post('/v1/api_keys', { name: 'reader', scopes: ['read'] });
    await refused(lonely, 'delete', `/v1/api_keys/${first?.id}`, {}, { status: 409, code: 'last_admin_key' });
    const second = await lonely.post('/v1/api_keys', { name: 'second', scopes: ['admin'] });
    const answers = await Promise.all([
      send(lonely, 'delete', `/v1/api_keys/${second.id}`),
      send(lonely, 'delete', `/v1/api_keys/${first?.id}`, { key: second.secret }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()[0]).toBe(204);
    const admins = await lonely.database.query(`select 1 from api_keys where revoked_at is null and 'admin' = any(scopes)`);
    expect(admins).toHaveLength(1);
  } finally {
    await lonely.close();
  }
});

describe('limits', () => {
  test('a key has so many requests a second, and hears what is left', async () => {
    const slow = await World.open({ config: { API_RATE_LIMIT: '5' } });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => send(slow, 'get', '/v1/plans')));
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5);
      const late = answers.filter(({ status }) => status === 429);
      expect(late.length).toBeGreaterThan(0);
      for (const response of late) {
        expectProblem(response, { status: 429, code: 'rate_limited' });
        expect(response.headers).toMatchObject({
          'retry-after': '1', 'ratelimit-policy': '"api_key";q=5;w=1', ratelimit: '"api_key";r=0;t=1', 'ratelimit-limit': '5', 'ratelimit-remaining': '0',
        });
      }
      // Another key has a budget of its own, and what is open has none.
      expect((await send(slow, 'get', '/health/live', { key: null })).status).toBe(200);
    } finally {
      await slow.close();
    }
  });

  test('who tries keys that nobody has is slowed down; a good key goes on working', async () => {
    const statuses = new Map<number, number>();
    for (let round = 0; round < 12; round += 1) {
      const tries = Array.from({ length: 50 }, (_, i) => send(world, 'get', '/v1/plans', { key: `a-key-that-is-wrong-${round}-${i}` }));
      for (const response of await Promise.all(tries)) {
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 429) expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
      }
    }
    expect(statuses.get(401)).toBeGreaterThanOrEqual(300);
    expect(statuses.get(429)).toBeGreaterThan(100);
    expect((await send(world, 'get', '/v1/plans')).status).toBe(200);
    // No key at all is no guess.
    expect((await send(world, 'get', '/v1/plans', { key: null })).status).toBe(401);
  });
});
