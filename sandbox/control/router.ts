import type { HttpReply } from '../runtime/ports.js';

/** A request to the control API with its body read. */
export interface ControlCall {
  /** Parts of the path that the pattern names. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: Record<string, unknown>;
}

export interface ControlRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/payments/{id}/approve` */
  pattern: string;
  description: string;
  run: (call: ControlCall) => unknown;
}

/** An answer of the control API that is not a success. */
export class ControlRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(status: number, body: unknown): HttpReply {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

/** The route for a request and the parts of its path, or nothing. */
export function findRoute(routes: readonly ControlRoute[], method: string, path: string): { route: ControlRoute; params: Record<string, string> } | undefined {
  const parts = path.split('/');
  for (const route of routes) {
    const params = route.method === method ? matchPattern(route.pattern.split('/'), parts) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function matchPattern(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index]!;
    if (expected.startsWith('{')) params[expected.slice(1, -1)] = decode(part);
    else if (expected !== part) return undefined;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ControlRefusal(400, 'the path is not well encoded');
  }
}

/** A whole number from the query, within bounds. */
export function wholeNumber(query: URLSearchParams, name: string, initial: number, highest = Number.MAX_SAFE_INTEGER): number {
  const text = query.get(name);
  if (text === null) return initial;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > highest) throw new ControlRefusal(422, `${name}: must be a whole number up to ${highest}`);
  return value;
}
