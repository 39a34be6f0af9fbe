import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdempotencyKeys, LEASE_MS } from '../../src/access/idempotency.keys.js';
import { Database } from '../../src/platform/database/database.js';
import { CREATES } from '../../src/platform/http/creates.js';
import { plan, sellAndPay } from '../support/story.js';
import { API_KEY, World } from '../support/world.js';
import { expectProblem, INVALID, send, TEA, WEB } from './outsider.js';

const HOUR = 3_600_000;
let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.post('/v1/plans', TEA);
});
afterAll(() => world.close());

let last = 0;
/** A key that nobody has used. */
const fresh = (): string => `order-${(last += 1)}`;

function post(path: string, body: unknown, key: string, apiKey = API_KEY): Promise<Response> {
  return send(world, 'post', path, { body, key: apiKey, headers: { 'idempotency-key': key } });
}

function expectReplay(response: Response, first: Response): void {
  expect([response.status, response.headers['idempotent-replayed']]).toEqual([first.status, 'true']);
  expect(response.text).toBe(first.text);
  expect(response.headers['content-type']).toBe(first.headers['content-type']);
}

const count = async (table: string): Promise<number> => (await world.database.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? -1;

describe('the same key with the same body', () => {
  test('is answered as before, and does nothing', async () => {
    const key = fresh();
    const first = await post('/v1/customers', { email: 'a@example.com', metadata: { a: '1', b: '2' } }, key);
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([201, undefined]);
    const before = [await count('customers'), await count('events'), await count('audit_log')];
    expectReplay(await post('/v1/customers', { email: 'a@example.com', metadata: { a: '1', b: '2' } }, key), first);
    // The order of fields and the blanks between them are not what a body says.
    expectReplay(await post('/v1/customers', '{ "metadata": {"b":"2", "a":"1"},\n "email": "a@example.com" }', key), first);
    expect([await count('customers'), await count('events'), await count('audit_log')]).toEqual(before);
  });

  test('an action without a body', async () => {
    const { subscription } = await sellAndPay(world, 'tea', '2026-01-31T04:00:00Z');
    const key = fresh();
    const first = await post(`/v1/subscriptions/${subscription}/pause`, undefined, key);
    expect(first.body).toMatchObject({ status: 'paused' });
    expectReplay(await post(`/v1/subscriptions/${subscription}/pause`, {}, key), first);
    // A new key is a new request, and it is in vain.
    expectProblem(await post(`/v1/subscriptions/${subscription}/pause`, {}, fresh()), { status: 409, code: /paused/ });
  });

  test('a refusal is an answer too', async () => {
    const [missing, taken] = [fresh(), fresh()];
    const first = await post('/v1/plans', TEA, taken);
    expectProblem(first, { status: 409, code: 'plan_code_taken' });
    expectReplay(await post('/v1/plans', TEA, taken), first);
    const nobody = await post('/v1/subscriptions', { customer: 'cust_01h455vb4pex5vsknk084sn02q', plan: 'tea', ...WEB }, missing);
    expect(nobody.status).toBe(404);
    expectReplay(await post('/v1/subscriptions', { customer: 'cust_01h455vb4pex5vsknk084sn02q', plan: 'tea', ...WEB }, missing), nobody);
  });

  test('what was bad input, forbidden or unknown was never begun', async () => {
    const key = fresh();
    expectProblem(await post('/v1/customers', { email: 1 }, key), { ...INVALID, paths: ['email'] });
    expectProblem(await post('/v1/customers', '{', key), { status: 400, code: 'malformed_json' });
    expectProblem(await post('/v1/customers', {}, key, 'a-key-that-nobody-has'), { status: 401, code: 'unauthorized' });
    expect((await post('/v1/customers', { email: 'b@example.com' }, key)).status).toBe(201);
  });

  test('is kept for a day, then forgotten', async () => {
    const key = fresh();
    const first = await post('/v1/customers', {}, key);
    await world.pass(24 * HOUR - 1_000);
    expectReplay(await post('/v1/customers', {}, key), first);
    await world.pass(2_000);
    const second = await post('/v1/customers', {}, key);
    expect([second.status, second.headers['idempotent-replayed']]).toEqual([201, undefined]);
    expect(second.body.id).not.toBe(first.body.id);
  });
});

describe('the same key for something else', () => {
  test('another body is refused', async () => {
    const key = fresh();
    await post('/v1/customers', { name: 'Li' }, key);
    for (const body of [{ name: 'Na' }, {}, { name: 'Li', phone: null }, '[]', '{"name":["Li"]}']) {
      expectProblem(await post('/v1/customers', body, key), { status: 422, code: 'idempotency_key_reused' });
    }
  });

  test('another path, or another API key, is another matter', async () => {
    const key = fresh();
    const secret = (await world.post('/v1/api_keys', { name: 'second', scopes: ['write'] })).secret;
    const [one, other] = [await post('/v1/customers', {}, key), await post('/v1/customers', {}, key, secret)];
    expect([one.status, other.status, one.body.id === other.body.id]).toEqual([201, 201, false]);
    expect((await post('/v1/plans', { ...TEA, code: 'by-the-same-key' }, key)).status).toBe(201);
  });

  test.each([['an empty one', ''], ['256 characters', 'x'.repeat(256)]])('%s is no key', async (_, key) => {
    expectProblem(await post('/v1/customers', {}, key), { ...INVALID, paths: ['Idempotency-Key'] });
  });

  test('255 characters are one; other methods need none', async () => {
    expect((await post('/v1/customers', {}, 'x'.repeat(255))).status).toBe(201);
    const headers = { 'idempotency-key': fresh() };
    for (const name of ['Tea', 'Tea!']) {
      const response = await send(world, 'patch', '/v1/plans/tea', { body: { name }, headers });
      expect([response.body.name, response.headers['idempotent-replayed']]).toEqual([name, undefined]);
    }
  });
});

describe('at the same time', () => {
  test('20 of them make one', async () => {
    const [key, before] = [fresh(), [await count('customers'), await count('audit_log')]];
    const responses = await Promise.all(Array.from({ length: 20 }, () => post('/v1/customers', { name: 'Twenty' }, key)));
    const made = responses.filter(({ status }) => status === 201);
    for (const response of responses) {
      if (response.status === 201) continue;
      expectProblem(response, { status: 409, code: 'idempotency_in_progress' });
      expect(response.headers['retry-after'], 'the first is answered in a moment').toBe('1');
    }
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect([await count('customers'), await count('audit_log')]).toEqual(before.map((n) => n + 1));
  });
});

describe('when the engine died', () => {
  /** Somebody claimed the key for this and was never heard of again. */
  async function abandon(key: string, path: string, body: object): Promise<void> {
    const [{ id }] = (await world.database.query<{ id: string }>(`select id from api_keys where name = 'bootstrap'`)) as [{ id: string }];
    const call = { key: { id, name: 'bootstrap' }, method: 'POST', route: path, path, target: null, creates: null, status: 201, requestId: 'r' };
    expect(await world.app.get(IdempotencyKeys).claim(call, key, body)).toMatchObject({ state: 'new' });
  }

  /** As if it had died between its first commit and the keeping of its answer, or of its lease. */
  async function loseAnswer(key: string, path: string, body: object): Promise<Response> {
    await world.app.get(Database).query(`create or replace function lose() returns trigger language plpgsql as 'begin return null; end'`);
    await world.database.query(
      'create trigger lose before update on idempotency_keys for each row when (new.completed_at is not null) execute function lose()',
    );
    const response = await post(path, body, key);
    await world.database.query('drop trigger lose on idempotency_keys');
    return response;
  }

  test('before its first commit: after the lease a repeat does it', async () => {
    const key = fresh();
    await abandon(key, '/v1/customers', { name: 'Li' });
    expectProblem(await post('/v1/customers', { name: 'Li' }, key), { status: 409, code: 'idempotency_in_progress' });
    expectProblem(await post('/v1/customers', { name: 'Na' }, key), { status: 422, code: 'idempotency_key_reused' });
    world.clock.moveTo(world.clock.at + LEASE_MS);
    const response = await post('/v1/customers', { name: 'Li' }, key);
    expect([response.status, response.headers['idempotent-replayed']]).toEqual([201, undefined]);
    expectReplay(await post('/v1/customers', { name: 'Li' }, key), response);
  });

  test('after it: a repeat is told what became of it', async () => {
    const { id: customer } = await world.post('/v1/customers', { email: 'crash@example.com' });
    const { charge, subscription } = await sellAndPay(world, 'tea', '2026-01-31T04:00:00Z').then(async (life) => ({
      ...life,
      charge: (await world.list(`/v1/charges?subscription=${life.subscription}`))[0]?.id as string,
    }));
    const clock = (await world.post('/v1/test_clocks', { now: '2026-01-01T00:00:00Z' })).id;
    const writes: [path: string, body: object, table: string][] = [
      ['/v1/plans', { ...TEA, code: 'crash' }, 'plans'],
      ['/v1/plans/crash/versions', { amount: 4900 }, 'plan_versions'],
      ['/v1/dunning_policies', { code: 'crash' }, 'dunning_policies'],
      ['/v1/customers', { name: 'Crash' }, 'customers'],
      ['/v1/subscriptions', { customer, plan: 'tea', ...WEB }, 'subscriptions'],
      ['/v1/test_clocks', { now: '2026-01-01T00:00:00Z' }, 'test_clocks'],
      [`/v1/test_clocks/${clock}/advance`, { to: '2026-01-02T00:00:00Z' }, 'test_clocks'],
      [`/v1/charges/${charge}/refunds`, { amount: 100 }, 'refunds'],
      [`/v1/subscriptions/${subscription}/cancel`, { at: 'period_end' }, 'subscriptions'],
      ['/v1/quarantine/release', {}, 'engine_state'],
    ];
    for (const [path, body, table] of writes) {
      const key = fresh();
      const lost = await loseAnswer(key, path, body);
      expect(lost.status, `${path}: ${lost.text}`).toBeLessThan(300);
      expectProblem(await post(path, body, key), { status: 409, code: 'idempotency_in_progress' });
      world.clock.moveTo(world.clock.at + LEASE_MS);
      const [before, audits] = [await count(table), await count('audit_log')];
      const repeat = await post(path, body, key);
      expectReplay(repeat, lost);
      expectReplay(await post(path, body, key), repeat);
      expect([await count(table), await count('audit_log')], path).toEqual([before, audits]);
    }
  });

  test('every POST has something to be answered with', () => {
    const controllers = [...world.app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
    const posts = controllers.flatMap(({ metatype }) => {
      const { prototype } = metatype as { prototype: Record<string, object> };
      const base = String(Reflect.getMetadata(PATH_METADATA, metatype as object));
      return Object.getOwnPropertyNames(prototype)
        .filter((name) => name !== 'constructor' && Reflect.getMetadata(METHOD_METADATA, prototype[name] as object) === RequestMethod.POST)
        .map((name) => ({
          route: `${base}/${String(Reflect.getMetadata(PATH_METADATA, prototype[name] as object))}`.replace(/\/+$/, ''),
          answers: typeof prototype['get'] === 'function',
          creates: Reflect.getMetadata(CREATES, prototype[name] as object) as string | undefined,
        }))
        .filter(({ route }) => route.startsWith('v1/'));
    });
    expect(posts.length).toBeGreaterThan(10);
    for (const { route, answers, creates } of posts) {
      // There is one quarantine; everything else is found by its id: the one that was made, or the one in the path.
      expect([route, answers, creates !== undefined || route.includes(':id') || route === 'v1/quarantine/release']).toEqual([route, true, true]);
    }
  });

  test('the secret of a key that was made is not lost with the answer', async () => {
    const [key, body] = [fresh(), { name: 'made in a crash', scopes: ['read'] }];
    const lost = await loseAnswer(key, '/v1/api_keys', body);
    world.clock.moveTo(world.clock.at + LEASE_MS);
    const repeat = await post('/v1/api_keys', body, key);
    expectReplay(repeat, lost);
    expect((await send(world, 'get', '/v1/plans', { key: repeat.body.secret })).status).toBe(200);
    const rows = await world.database.query<object>('select * from idempotency_keys');
    expect(JSON.stringify(rows)).not.toContain(repeat.body.secret);
  });

  test('whoever was only slow and has lost his key commits nothing', async () => {
    const key = fresh();
    const before = [await count('customers'), await count('events'), await count('audit_log')];
    // A repeat takes the key over while the first is at work: just before its commit.
    await world.database.query(`create or replace function overtake() returns trigger language plpgsql as $$
      begin update idempotency_keys set lease_token = lease_token + 1 where completed_at is null; return new; end $$`);
    await world.database.query('create trigger overtake before insert on customers for each row execute function overtake()');
    const slow = await post('/v1/customers', { name: 'Slow' }, key);
    await world.database.query('drop trigger overtake on customers');
    expectProblem(slow, { status: 409, code: 'idempotency_in_progress' });
    expect([await count('customers'), await count('events'), await count('audit_log')]).toEqual(before);
  });
});

test('what is stored of answers and bodies says nothing to who reads the table', async () => {
  await post('/v1/customers', { email: 'hidden@example.com', name: 'Hidden Name' }, fresh());
  const rows = JSON.stringify(await world.database.query('select * from idempotency_keys'));
  expect(rows).not.toMatch(/hidden|Hidden/);
});

test('a redirect that the gateway keeps waiting for is one sale, however often it is asked for', async () => {
  const { code } = await plan(world);
  const { id: customer } = await world.post('/v1/customers', { email: 'sale@example.com' });
  const [key, body] = [fresh(), { customer, plan: code, ...WEB }];
  const responses = await Promise.all(Array.from({ length: 8 }, () => post('/v1/subscriptions', body, key)));
  expect(responses.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect(await world.list(`/v1/subscriptions?customer=${customer}`)).toHaveLength(1);
  expect((await post('/v1/subscriptions', body, key)).headers['idempotent-replayed']).toBe('true');
  expect(await world.list(`/v1/charges?customer=${customer}`)).toHaveLength(1);
});
