import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Method, nobody, send, stored, TEA, WEB } from '../api/outsider.js';
import { routesOf } from '../api/routes.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.post('/v1/plans', TEA);
});
afterAll(() => world.close());

/** What only the engine may say. */
const OURS = [
  'id', 'object', 'created_at', 'updated_at', 'status', 'secret', 'secret_hash', 'revoked_at', 'last_used_at', 'period_no', 'current_period', 'due_at',
  'amount_paid', 'amount_refunded', 'amount_due', 'amount_captured', 'balance', 'number', 'source', 'gateway_payment_id', 'reference', 'idempotency_key',
  'lease_token', 'lease_until', 'next_attempt_at', 'sequence', 'verified_at', 'body', 'version', 'disabled_at', 'access',
];

test('6 mass assignment: what only the engine may say is refused by every route, by its name', async () => {
  const before = await stored(world);
  for (const { method, path } of routesOf(world)) {
    if (method === 'GET' || path.startsWith('/pay')) continue;
    const there = path.replace(':id', nobody('msg')).replace(':name', 'receipt').replace(':locale', 'en');
    const response = await send(world, method.toLowerCase() as Method, there, { body: Object.fromEntries(OURS.map((name) => [name, 'x'])) });
    // Without a body of its own a route reads none, and nothing is there.
    expect([404, 422, 409, 204, 200], `${method} ${path} ${response.text}`).toContain(response.status);
    if (response.status !== 422) continue;
    const named = (response.body.errors as { path: string; message: string }[]).filter(({ message }) => message === 'is not known here').map((error) => error.path);
    expect(OURS.filter((name) => !named.includes(name)).length, `${method} ${path}: ${OURS.filter((name) => !named.includes(name)).join()}`).toBeLessThanOrEqual(1);
  }
  expect(await stored(world)).toEqual(before);
});

const INJECTIONS = [
  "'; drop table customers; --", "' or '1'='1", "'||pg_sleep(10)||'", '\\\'; select 1; --', '$1', '$$;select 1;$$', "E'\\x27'", '%\' or 1=1 --', '") or true --',
  '${7*7}', '{{7*7}}', '#{7*7}', '<%= 7*7 %>', '$(id)', '`id`', '| id', '; id', '../../../etc/passwd', '%00', '=cmd|\' /C calc\'!A0', '@SUM(1+1)', '+1+1', '-1+1',
  '*)(uid=*))(|(uid=*', '{"$gt":""}', '<!ENTITY x SYSTEM "file:///etc/passwd">', "\u2019 or 1=1 --", '\u02bc; select 1 --',
];

test.each(INJECTIONS)('14 injection: %s is a text like any other', async (text) => {
  const made = await world.post('/v1/customers', { name: text, external_id: text, metadata: { [text]: text } });
  expect(await world.get(`/v1/customers/${made['id']}`)).toMatchObject({ name: text, external_id: text, metadata: { [text]: text } });
  const found = await world.list(`/v1/customers?external_id=${encodeURIComponent(text)}`);
  expect(found.map(({ id }) => id)).toEqual([made['id']]);
  for (const path of ['subscriptions?customer=', 'events?subject=', 'charges?reference=', 'plans?code=', 'audit_log?resource=', 'api_keys?name=', 'messages?name=']) {
    const response = await send(world, 'get', `/v1/${path}${encodeURIComponent(text)}`);
    expect([200, 422], path).toContain(response.status);
    if (response.status === 200) expect(response.body.data).toEqual([]);
  }
});

describe('16 ReDoS: no text costs more time than its length', () => {
  const LENGTH = 200_000;
  const LONG: [string, string][] = [
    ['letters', 'a'.repeat(LENGTH)], ['dots', 'a.'.repeat(LENGTH / 2)], ['at signs', 'a@'.repeat(LENGTH / 2)], ['an address without an end', `a@${'a.'.repeat(LENGTH / 2)}!`],
    ['blanks', ' '.repeat(LENGTH)], ['digits', `${'1'.repeat(LENGTH)}x`], ['a telephone number', `+${'1 '.repeat(LENGTH / 2)}x`], ['slashes', `https://${'/'.repeat(LENGTH)}`],
    ['a host', `https://${'a-'.repeat(LENGTH / 2)}`], ['colons', ':'.repeat(LENGTH)], ['an instant', `2026-01-01T00:00:00.${'0'.repeat(LENGTH)}`], ['brackets', '[('.repeat(LENGTH / 2)],
    ['minus signs', 'a-'.repeat(LENGTH / 2)], ['placeholders', '{{#a}}'.repeat(LENGTH / 6)],
  ];
  const BODIES: [Method, string, readonly string[]][] = [
    ['post', '/v1/customers', ['email', 'name', 'phone', 'locale', 'time_zone', 'country', 'external_id', 'test_clock']],
    ['post', '/v1/plans', ['code', 'name', 'description', 'currency', 'interval', 'dunning_policy', 'catch_up']],
    ['post', '/v1/subscriptions', ['customer', 'plan', 'terminal_type', 'success_url', 'failure_url']],
    ['post', '/v1/webhook_endpoints', ['url', 'description', 'events']],
    ['post', '/v1/dunning_policies', ['code', 'name', 'quiet_hours', 'steps']],
    ['post', '/v1/api_keys', ['name', 'scopes', 'expires_at']],
    ['post', '/v1/test_clocks', ['now']],
    ['put', '/v1/message_templates/receipt/en', ['subject', 'text', 'html']],
  ];

  test.each(LONG)('%s', async (_, text) => {
    for (const [method, path, fields] of BODIES) {
      for (const field of fields) {
        const before = process.cpuUsage();
        const response = await send(world, method, path, { body: { ...(path.endsWith('subscriptions') && WEB), [field]: text } });
        const { user, system } = process.cpuUsage(before);
        expect(response.status, `${path} ${field}`).toBe(422);
        expect((user + system) / 1_000, `${path} ${field}: milliseconds`).toBeLessThan(500);
      }
    }
    const inUrl = encodeURIComponent(text.slice(0, 4_000));
    for (const path of [`/v1/customers?email=${inUrl}`, `/v1/plans?created_at[gte]=${inUrl}`, `/v1/plans?cursor=${inUrl}`, `/v1/plans/${inUrl}`]) {
      expect([200, 404, 422], path.slice(0, 40)).toContain((await send(world, 'get', path)).status);
    }
  });
});
