import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Method, nobody, send } from '../api/outsider.js';
import { routesOf } from '../api/routes.js';
import { plan, sellAndPay, wallet } from '../support/story.js';
import { World } from '../support/world.js';
import { head, Wire } from './wire.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const DATA_POLICY = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";
const SAFE = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
};
/** Pages for people say for themselves what they need. */
const PAGES = /^\/(pay|docs)\b/;

describe('21 headers, 11 misconfiguration, 19 cookies: every route, whatever it answers', () => {
  const inert = (path: string) => path.replace(':id', nobody('msg')).replace(/:\w+/g, 'nothing');

  test('routes', async () => {
    for (const { method, path } of routesOf(world)) {
      const response = await send(world, method.toLowerCase() as Method, inert(path));
      expect(response.headers, `${method} ${path}`).toMatchObject(SAFE);
      const policy = response.headers['content-security-policy'];
      if (PAGES.test(path)) expect(policy).toMatch(/^default-src 'none'/);
      else {
        expect(policy).toBe(DATA_POLICY);
        expect(response.headers['cache-control'], `${method} ${path}`).toBe('no-store');
      }
      for (const name of ['x-powered-by', 'server', 'set-cookie', 'access-control-allow-origin']) expect(response.headers, name).not.toHaveProperty(name);
    }
  });

  test.each<[string, Method, string, object]>([
    ['nothing there', 'get', '/v1/nonsense', {}],
    ['no key', 'get', '/v1/plans', { key: null }],
    ['no JSON', 'post', '/v1/plans', { body: '{' }],
    ['too large', 'post', '/v1/plans', { body: ' '.repeat(257 * 1024) }],
    ['a webhook that is packed', 'post', '/webhooks/checkout', { body: '{}', headers: { 'content-encoding': 'gzip' } }],
    ['a webhook that is too large', 'post', '/webhooks/checkout', { body: ' '.repeat(257 * 1024) }],
    ['another origin that asks first', 'options', '/v1/plans', { headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } }],
  ])('%s', async (_, method, path, letter) => {
    const { headers } = await send(world, method, path, letter);
    expect(headers).toMatchObject({ ...SAFE, 'content-security-policy': DATA_POLICY, 'cache-control': 'no-store' });
    for (const name of ['x-powered-by', 'server', 'set-cookie', 'access-control-allow-origin']) expect(headers, name).not.toHaveProperty(name);
  });

  test('the quick way of webhooks says as little about us', async () => {
    const { headers } = await send(world, 'post', '/webhooks/checkout', { body: '{}', key: null });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-request-id': expect.any(String) });
    for (const name of ['x-powered-by', 'server', 'set-cookie']) expect(headers, name).not.toHaveProperty(name);
  });
});

test.each(['TRACE', 'TRACK', 'CONNECT', 'PROPFIND', 'DEBUG'])('37 methods: %s does nothing', async (method) => {
  const wire = (await Wire.to(world)).send(head(method, '/v1/plans', 'connection: close', 'x-probe: an-echo'));
  const heard = await wire.end();
  expect(heard).not.toMatch(/^HTTP\/1\.1 2/);
  expect(heard).not.toContain('an-echo');
});

test('38 secrets not in URL: no route takes one in its path or query', () => {
  const parameters = routesOf(world).flatMap(({ path }) => (path.match(/:\w+/g) ?? []).map((name) => `${name} ${path.split('/')[1]}`));
  // A pay link is a key of its own: to the debts of one subscription, for a time, and it is sealed.
  expect([...new Set(parameters)].toSorted()).toEqual([':id v1', ':locale v1', ':name v1', ':token pay']);
});

test('20 XSS: what a merchant writes stays text on the page that customers see', async () => {
  const payloads = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '</title><svg/onload=alert(1)>', "'-alert(1)-'", '{{constructor.constructor("x")()}}', '&lt;b&gt;'];
  for (const name of payloads) {
    const { code } = await plan(world, { name, renewal_notice: 'off' });
    const life = await sellAndPay(world, code, '2026-03-10T02:00:00Z');
    await wallet(world, life, { outcome: 'decline', response_code: '20051' });
    await world.advance(life.clock, '2026-04-10T02:00:00Z');
    const [message] = await world.list(`/v1/messages?subscription=${life.subscription}&limit=1`);
    const { text, html } = message as NonNullable<typeof message>;
    const page = await send(world, 'get', `/pay/${/\/pay\/(\S+)/.exec(text)?.[1]}`, { key: null });
    expect(page.status).toBe(200);
    for (const shown of [page.text, html]) {
      if (/[<>"]/.test(name)) expect(shown).not.toContain(name);
      expect(shown).not.toMatch(/<script|<img src=x|<svg/);
    }
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|script-src/);
  }
});

test('30 safe errors: what we did not expect says nothing of the inside', async () => {
  await world.database.query('alter table plans rename to gone');
  const response = await send(world, 'get', '/v1/plans');
  await world.database.query('alter table gone rename to plans');
  expect(response.body).toEqual({
    type: 'about:blank', title: 'Internal server error', status: 500, detail: 'Something went wrong on our side.', code: 'internal_error',
    request_id: response.headers['x-request-id'], errors: [],
  });
});
