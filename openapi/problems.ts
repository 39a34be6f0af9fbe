import type { Scope } from '../src/access/api.key.js';
import { neededScope } from '../src/access/scopes.js';
import { TITLES } from '../src/platform/http/problem.js';
import { CODES } from './codes.js';
import type { RefusalCode } from './refusals.js';
import type { Route } from './routes.js';
import { pascal, type Schema } from './schema.js';

const REQUEST_ID = 'f1c2a3de-5f1a-4c0e-9d27-3a9f6d0b7c11';

/** So many codes a response may have and still be worth a name of its own. */
const MOST_SHARED = 3;

/** Problems by their status, with every code that they may carry. */
export class Problems {
  readonly shared = new Map<string, object>();
  private readonly used = new Map<string, number>();

  /** The responses of a route that are problems. */
  of(route: Route, refusals: readonly RefusalCode[]): Record<string, object> {
    const codes = new Map<number, string[]>();
    for (const { status, code } of [...inGeneral(route), ...refusals]) {
      const known = codes.get(status) ?? [];
      if (!known.includes(code)) codes.set(status, [...known, code]);
    }
    return Object.fromEntries([...codes].toSorted(([a], [b]) => a - b).map(([status, some]) => [status, this.response(status, some)]));
  }

  complaints(): string[] {
    const missing = [...this.used.keys()].filter((code) => !Object.hasOwn(CODES, code));
    const idle = Object.keys(CODES).filter((code) => !this.used.has(code));
    return [...missing.map((code) => `"${code}" is not in codes.ts`), ...idle.map((code) => `"${code}" in codes.ts is never answered`)];
  }

  /** One of each code. */
  examples(): Record<string, object> {
    const codes = [...this.used].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(codes.map(([code, status]) => [code, { value: exampleOf(status, code) }]));
  }

  private response(status: number, codes: readonly string[]): object {
    for (const code of codes) this.used.set(code, status);
    if (codes.length > MOST_SHARED) return this.problem(status, codes);
    const name = pascal(codes.join('_or_'));
    this.shared.set(name, this.problem(status, codes));
    return { $ref: `#/components/responses/${name}` };
  }

  private problem(status: number, codes: readonly string[]): object {
    return {
      description: codes.map((code) => `- \`${code}\`: ${CODES[code]}`).join('\n'),
      headers: headersOf(status),
      content: {
        'application/problem+json': {
          schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }] },
          examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
}

/** The least that a key must be allowed to do. */
export function scopeOf({ method, path }: Route): Scope {
  return neededScope(method.toUpperCase(), path);
}

/** What any route of its kind may be refused with, before it is worked on. */
function inGeneral(route: Route): RefusalCode[] {
  const { method, path, needsKey, body, list, intervals } = route;
  const codes = (status: number, ...names: string[]) => names.map((code) => ({ status, code }));
  return [
    ...(path.includes('{') ? codes(400, 'bad_request') : []),
    ...(body ? [...codes(400, 'malformed_json'), ...codes(413, 'body_too_large'), ...codes(415, ...(needsKey ? ['unsupported_media_type'] : []), 'unsupported_encoding', 'unsupported_charset')] : []),
    ...(body || list || intervals ? codes(422, 'validation_failed') : []),
    ...(needsKey ? [...codes(401, 'unauthorized'), ...codes(403, 'forbidden'), ...codes(429, 'rate_limited'), ...codes(503, 'timed_out', 'unavailable')] : []),
    ...(needsKey && method === 'post' ? [...codes(409, 'idempotency_in_progress'), ...codes(422, 'idempotency_key_reused')] : []),
    ...codes(500, 'internal_error'),
  ];
}

function headersOf(status: number): object {
  const headers = ['X-Request-Id', ...(status === 401 ? ['WWW-Authenticate'] : []), ...([409, 429, 503].includes(status) ? ['Retry-After'] : [])];
  return Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function exampleOf(status: number, code: string): object {
  const errors = code === 'validation_failed' ? [{ path: 'limit', message: 'must be an integer from 1 to 100' }] : [];
  return { type: 'about:blank', title: TITLES[status], status, detail: CODES[code], code, request_id: REQUEST_ID, errors };
}

export const PROBLEM: Schema = {
  type: 'object',
  description: 'An answer of RFC 9457.',
  properties: {
    type: { type: 'string', description: 'Always `about:blank`: the code says what kind of problem it is.' },
    title: { type: 'string', description: 'The status in words.' },
    status: { type: 'integer', description: 'The HTTP status.' },
    detail: { type: 'string', description: 'What is wrong, for people.' },
    code: { type: 'string', description: 'What is wrong, for programs. Stable.' },
    request_id: { type: 'string', description: 'Id of the request, to be quoted.' },
    errors: {
      type: 'array',
      description: 'The fields or query parameters that are not valid.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Dotted path, `items.0.amount`.' },
          message: { type: 'string', description: 'What is wrong with it.' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id', 'errors'],
};
