import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../openapi/document.js';
import type { Example } from '../../openapi/operations.js';
import { faultOf, mismatch, type Operation, OPERATIONS } from '../support/interface.js';
import { Receiver } from '../support/receiver.js';
import { World } from '../support/world.js';
import { type Call, STEPS, type Story } from './contract.calls.js';
import { exampleOf } from './contract.examples.js';
import { expectProblem, type Letter, type Method, send } from './outsider.js';
import { routesOf } from './routes.js';

let story: Story;
let keys: Record<string, string>;
const examples: Record<string, Example> = {};
const bodies: Record<string, object | undefined> = {};

beforeAll(async () => {
  const world = await World.open({ now: '2026-03-01T00:00:00Z', config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  story = { world, receiver: await Receiver.open(), answers: {}, lives: [] };
  const keyOf = async (scope: 'read' | 'write') => [scope, (await world.post('/v1/api_keys', { name: scope, scopes: [scope] }))['secret']] as const;
  keys = Object.fromEntries([await keyOf('read'), await keyOf('write')]);
});
afterAll(async () => {
  await story.receiver.close();
  await story.world.close();
  if (process.env['REDRAW'] !== '1') return;
  const inOrder = Object.fromEntries(OPERATIONS.map(({ operationId }) => [operationId, examples[operationId]]));
  await writeFile(fileURLToPath(new URL(`../../${EXAMPLES}`, import.meta.url)), `${JSON.stringify(inOrder, null, 2)}\n`);
});

const byId = new Map(OPERATIONS.map((operation) => [operation.operationId, operation]));
const isBody = (operation: Operation): boolean => operation.body !== null;
const methodOf = (operation: Operation) => operation.method as Method;

function urlOf(operation: Operation, { path = {}, query = '' }: Call = {}): string {
  const sample = (name: string) => operation.parameters.find((parameter) => parameter.name === name)?.example ?? '';
  return operation.path.replace(/\{(\w+)\}/g, (_, name: string) => path[name] ?? sample(name)) + query;
}

/** A problem that the document knows. */
function expectDocumented(operation: Operation, response: Response, problem: Parameters<typeof expectProblem>[1]): void {
  expectProblem(response, problem, `${operation.method} ${operation.path}`);
  expect(faultOf(operation, response.status, response.headers['content-type'] as string, response.text)).toBeNull();
}

test('every route is documented, and everything that is documented is a route', () => {
  const routes = routesOf(story.world).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  expect(OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted()).toEqual(routes.toSorted());
});

test('every operation is called below', () => {
  expect(STEPS.map(([operationId]) => operationId).toSorted()).toEqual([...byId.keys()].toSorted());
});

describe('a good call is answered as documented', () => {
  test.each(STEPS)('%s', async (operationId, prepare) => {
    const operation = byId.get(operationId) as Operation;
    const call = await prepare(story);
    if (call.body) expect(mismatch(operation.body as object, call.body)).toBeNull();
    const response = await send(story.world, methodOf(operation), urlOf(operation, call), call.body ? { body: call.body } : {});
    expect(faultOf(operation, response.status, response.headers['content-type'] ?? '', response.text ?? '')).toBeNull();
    const [promised] = Object.keys(operation.responses);
    expect(response.status, response.text).toBe(operationId === 'pay.pay' ? 303 : Number(promised));
    story.answers[operationId] = response.body;
    bodies[operationId] = call.body;
    examples[operationId] = exampleOf(call.body, response, story.receiver);
  });
});

const KEYED = OPERATIONS.filter(({ scope }) => scope !== null);
const table = (operations: readonly Operation[]) => operations.map((operation) => [operation.operationId, operation] as const);
const refusedTo = (operation: Operation, letter: Letter) => send(story.world, methodOf(operation), urlOf(operation), letter);

describe('without a key nothing is answered', () => {
  test.each(table(KEYED))('%s', async (_, operation) => {
    expectDocumented(operation, await refusedTo(operation, { key: null }), { status: 401, code: 'unauthorized' });
  });
});

describe('a key whose scope is too small is refused', () => {
  test.each(table(KEYED.filter(({ scope }) => scope !== 'read')))('%s', async (_, operation) => {
    const key = keys[operation.scope === 'admin' ? 'write' : 'read'] as string;
    expectDocumented(operation, await refusedTo(operation, { key }), { status: 403, code: 'forbidden' });
  });
});

describe('an id that nothing has is not found', () => {
  test.each(table(KEYED.filter(({ path, method }) => path.includes('{') && method === 'get')))('%s', async (_, operation) => {
    for (const id of ['nonsense', 'x'.repeat(300)]) {
      const url = urlOf(operation, { path: { id, name: id } });
      expectDocumented(operation, await send(story.world, 'get', url), { status: 404, code: /_not_found$/ });
    }
  });
});

describe('a query that is not documented is refused', () => {
  test.each(table(OPERATIONS.filter(({ parameters }) => parameters.some((parameter) => parameter.in === 'query'))))('%s', async (_, operation) => {
    const { answers } = story;
    const owner = operation.path.startsWith('/v1/webhook_endpoints') ? answers['webhookEndpoints.create'].id : answers['subscriptions.create'].id;
    const ask = async (name: string, value: string) =>
      expectDocumented(operation, await send(story.world, 'get', urlOf(operation, { path: { id: owner }, query: `?${encodeURIComponent(name)}=${value}` })), {
        status: 422,
        code: 'validation_failed',
        paths: [name],
      });
    await ask('nonsense', '1');
    for (const { name, in: place, schema } of operation.parameters) {
      if (place === 'query') await ask(name, schema['type'] === 'string' && !schema['enum'] && !schema['format'] ? '' : 'nonsense');
    }
  });
});

describe('a body that is not documented is refused', () => {
  test.each(table(OPERATIONS.filter(isBody)))('%s', async (_, operation) => {
    const schema = operation.body as { required?: string[]; properties: Record<string, object> };
    const invalid = { status: 422, code: 'validation_failed' };
    const ask = (body: unknown) => refusedTo(operation, { body });
    expectDocumented(operation, await ask({ nonsense: 1 }), { ...invalid, paths: ['nonsense', ...(schema.required ?? [])] });
    const names = Object.keys(schema.properties);
    // What no field takes, whatever it is called.
    const wrong = Object.fromEntries(names.map((name) => [name, [[]]]));
    if (names.length > 0) expectDocumented(operation, await ask(wrong), { ...invalid, paths: names });
    expectDocumented(operation, await ask('{'), { status: 400, code: 'malformed_json' });
  });
});

describe('a repeat with another body is refused', () => {
  test.each(table(KEYED.filter((operation) => operation.method === 'post')))('%s', async (operationId, operation) => {
    const headers = { 'idempotency-key': `contract ${operationId}` };
    const ask = (body: object) => send(story.world, 'post', urlOf(operation), { body, headers });
    // Its answer is kept, be it a refusal: that there is no such thing, or that it is there already.
    await ask(bodies[operationId] ?? {});
    expectDocumented(operation, await ask({ nonsense: 1 }), { status: 422, code: 'idempotency_key_reused' });
  });
});
