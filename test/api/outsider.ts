import request, { type Response } from 'supertest';
import { expect } from 'vitest';
import { API_KEY, type World } from '../support/world.js';

export type Method = 'get' | 'head' | 'options' | 'post' | 'put' | 'patch' | 'delete';

export interface Letter {
  /** An object is sent as JSON; text and bytes go as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Another API key than the usual one; null for none. */
  key?: string | null;
}

/** Somebody outside who sends what he likes. */
export async function send(world: World, method: Method, path: string, letter: Letter = {}): Promise<Response> {
  const { body, headers = {}, key = API_KEY } = letter;
  const call = request(world.app.getHttpServer())[method](path);
  if (key !== null) void call.set('authorization', `Bearer ${key}`);
  if (body === undefined) return call.set(headers);
  const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return call.set({ 'content-type': 'application/json', ...headers }).serialize((bytes: unknown) => bytes as string).send(sent);
}

export interface Expected {
  status: number;
  code: string | RegExp;
  /** Every path that must be named; others may be named too. */
  paths?: readonly string[];
}

/** An answer of RFC 9457, with all that the interface says it has. */
export function expectProblem(response: Response, { status, code, paths = [] }: Expected, sent = ''): void {
  expect(response.status, `${sent} ${response.text}`).toBe(status);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(response.text) as Record<string, unknown>;
  expect(problem).toEqual({
    type: expect.any(String),
    title: expect.stringMatching(/^\w/),
    status,
    detail: expect.stringMatching(/^./),
    code: expect.stringMatching(code),
    request_id: response.headers['x-request-id'],
    errors: expect.any(Array),
  });
  expect(problem['code']).toMatch(/^[a-z][a-z0-9_]*$/);
  const errors = problem['errors'] as { path: string; message: string }[];
  for (const error of errors) expect(error).toEqual({ path: expect.any(String), message: expect.stringMatching(/./) });
  const named = errors.map((error) => error.path);
  expect(named, sent).toEqual(expect.arrayContaining([...paths]));
  expect(new Set(named).size, `each path once: ${named.join(', ')}`).toBe(named.length);
}

/** How much is stored of everything that an API call can make or change. */
export async function stored(world: World): Promise<object> {
  const [counts] = await world.database.query<object>(
    `select (select count(*) from plans) as plans, (select json_agg(d order by d.id) from dunning_policies d) as dunning_policies, (select count(*) from plan_versions) as plan_versions,
            (select count(*) from customers) as customers, (select count(*) from subscriptions) as subscriptions,
            (select count(*) from invoices) as invoices, (select count(*) from charges) as charges,
            (select count(*) from refunds) as refunds,
            (select count(*) from events) as events, (select count(*) from test_clocks) as test_clocks,
            (select count(*) from webhook_deliveries) as deliveries, (select json_agg(e.*) from webhook_endpoints e) as endpoints,
            (select count(*) from messages) as messages, (select count(*) from message_templates) as message_templates,
            (select max(updated_at) from subscriptions) as last_change`,
  );
  return counts as object;
}

/** Sends a write that must be refused, and leave nothing behind. */
export async function refused(
  world: World,
  method: Method,
  path: string,
  letter: Letter,
  expected: Expected,
): Promise<Response> {
  const before = await stored(world);
  const response = await send(world, method, path, letter);
  expectProblem(response, expected);
  expect(await stored(world), 'nothing is stored').toEqual(before);
  return response;
}

export const INVALID = { status: 422, code: /^validation_failed$/ } as const;

/** A well-formed id that nobody has. */
export function nobody(prefix: string): string {
  return `${prefix}_01h455vb4pex5vsknk084sn02q`;
}

export const TEA = { code: 'tea', name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'month' } as const;

export const WEB = {
  terminal_type: 'WEB',
  success_url: 'https://shop.example/yes',
  failure_url: 'https://shop.example/no',
} as const;
