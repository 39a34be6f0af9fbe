import type { Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BoundedServer } from '../../src/platform/http/bounded.server.js';
import { World } from '../support/world.js';
import { expectProblem, send, TEA, WEB } from '../api/outsider.js';
import { head, hold, Wire } from './wire.js';

let world: World;
let server: Server;
let bounded: BoundedServer;
beforeAll(async () => {
  world = await World.open();
  server = world.app.getHttpServer();
  bounded = world.app.getHttpAdapter() as unknown as BoundedServer;
});
afterAll(() => world.close());

const STEP = '\r\n';
const problemIn = (heard: string) => JSON.parse(heard.slice(heard.indexOf('{'))) as Record<string, unknown>;

test('8 resource limits: what the server allows, in milliseconds', () => {
  const { headersTimeout, requestTimeout, keepAliveTimeout, timeout } = server;
  expect({ headersTimeout, requestTimeout, keepAliveTimeout, timeout, answerTimeout: bounded.answerTimeout }).toEqual({
    headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, timeout: 120_000, answerTimeout: 60_000,
  });
});

describe('8 resource limits: who sends too slowly loses the connection', () => {
  const usual: Record<string, number> = {};
  beforeAll(() => {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = server;
    Object.assign(usual, { headersTimeout, requestTimeout, keepAliveTimeout });
    Object.assign(server, { headersTimeout: 100, requestTimeout: 300, keepAliveTimeout: 100, keepAliveTimeoutBuffer: 0 });
  });
  afterAll(() => void Object.assign(server, usual));

  test.concurrent.each([
    ['nothing at all', ''],
    ['half a request line', 'GET /v1/pl'],
    ['headers without an end', head('GET', '/v1/plans').slice(0, -2)],
    ['a body that does not come', head('POST', '/v1/plans', 'content-length: 100')],
    ['a body that stops half-way', `${head('POST', '/v1/plans', 'content-length: 100')}{"code":`],
    ['a chunk that does not come', `${head('POST', '/v1/plans', 'transfer-encoding: chunked')}5${STEP}{"cod${STEP}`],
    ['a body too large that never ends', `${head('POST', '/v1/plans', 'content-length: 999999999')}${' '.repeat(300_000)}`],
    ['a webhook that does not come', `${head('POST', '/webhooks/checkout', 'content-length: 100')}{`],
  ])('%s', async (_, sent) => {
    const heard = await (await Wire.to(world)).send(sent).end();
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
    expect((await send(world, 'get', '/health/live', { key: null })).status).toBe(200);
  });

  test('who is answered and asks nothing more', async () => {
    const wire = await Wire.to(world);
    await wire.send(head('GET', '/health/live')).hears('"ok"');
    expect(await wire.end()).toBe('');
  });
});

describe('8 resource limits: 256 KiB, whatever the length is said to be', () => {
  const chunk = `10000${STEP}${' '.repeat(0x10000)}${STEP}`;

  test.each(['/v1/plans', '/webhooks/checkout'])('%s: 320 KiB in chunks are 413', async (path) => {
    const wire = (await Wire.to(world)).send(head('POST', path, 'transfer-encoding: chunked', 'content-type: application/json'));
    for (let i = 0; i < 5; i += 1) wire.send(chunk);
    const heard = await wire.send(`0${STEP}${STEP}`).hears('"errors":[]}');
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    expect(problemIn(heard)).toMatchObject({ status: 413, code: 'body_too_large', request_id: expect.stringMatching(/./) });
    wire.hangUp();
  });

  test.each(['/v1/plans', '/webhooks/checkout'])('%s: a hundred megabytes, packed, are not unpacked', async (path) => {
    const body = gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '));
    const response = await send(world, 'post', path, { body, headers: { 'content-encoding': 'gzip' } });
    expectProblem(response, { status: 415, code: 'unsupported_encoding' });
  });

  test('headers beyond 16 KiB are 431', async () => {
    const heard = await (await Wire.to(world)).send(head('GET', '/v1/plans', `x: ${'x'.repeat(17_000)}`)).end();
    expect(heard).toMatch(/^HTTP\/1\.1 431 /);
  });
});

test('8 resource limits: an answer that takes too long is 503; what becomes of the write, a repeat with the key is told', async () => {
  const usual = bounded.answerTimeout;
  bounded.answerTimeout = 200;
  const table = await hold(world, 'plans');
  const letter = { body: { ...TEA, code: 'late' }, headers: { 'idempotency-key': 'late' } };
  const response = await send(world, 'post', '/v1/plans', letter);
  expectProblem(response, { status: 503, code: 'timed_out' });
  expect(response.headers).toMatchObject({ 'retry-after': '1', connection: 'close' });
  bounded.answerTimeout = usual;
  expectProblem(await send(world, 'post', '/v1/plans', letter), { status: 409, code: 'idempotency_in_progress' });
  await table.letGo();
  // The first request goes on by itself, and its answer, which nobody hears any more, harms nobody.
  let again = await send(world, 'post', '/v1/plans', letter);
  while (again.status === 409) again = await send(world, 'post', '/v1/plans', letter);
  expect([again.status, again.headers['idempotent-replayed'], again.body.code]).toEqual([201, 'true', 'late']);
  expect(await world.list('/v1/plans?code=late')).toHaveLength(1);
});

test('a process that ends answers what is under way, at the gateway too, and nothing else', async () => {
  const ending = await World.open();
  try {
    await ending.post('/v1/plans', TEA);
    const { id } = await ending.post('/v1/customers', {});
    const stranger = await Wire.to(ending);
    const table = await hold(ending, 'subscriptions');
    // The framework's client sends when it is waited for.
    const sale = send(ending, 'post', '/v1/subscriptions', { body: { customer: id, plan: 'tea', ...WEB } }).then((response) => response);
    await table.waiting();
    const url = await ending.app.getUrl();
    const closed = ending.app.close();
    // Not by a client that keeps connections: those that stand are the next matter.
    await expect(request(url).get('/health/live')).rejects.toThrow('ECONNREFUSED');
    const refusal = await stranger.send(head('GET', '/v1/plans')).end();
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /);
    expect(problemIn(refusal)).toMatchObject({ code: 'unavailable' });
    await table.letGo();
    const sold = await sale;
    expect([sold.status, sold.headers['connection'], sold.body.checkout]).toEqual([201, 'close', expect.objectContaining({ status: 'ready', url: expect.any(String) })]);
    await closed;
  } finally {
    await ending.restart();
    await ending.close();
  }
});
