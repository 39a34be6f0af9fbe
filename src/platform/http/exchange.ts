import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { httpDuration, httpRequests } from '../telemetry/meters.js';
import { beginStep } from '../telemetry/tracing.js';

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
/** Asked every few seconds by machines, about ourselves: not worth a trace. */
const PROBES = /^\/(health|metrics)\b/;

/** The route as it is declared: paths are the caller's own words, and may hold anything. */
export function routeOf(request: IncomingMessage): string {
  const { path } = ((request as Partial<Request>).route ?? {}) as { path?: unknown };
  // In braces stands what is passed by every request; several paths are no name.
  return typeof path !== 'string' || path.startsWith('{') ? 'none' : path;
}

/** Counts an exchange, measures it and shows it in a trace. `handle` may know its route better than the framework. */
export function observe(request: IncomingMessage, response: ServerResponse, handle: () => string | undefined): void {
  const since = performance.now();
  const step = PROBES.test(request.url ?? '') ? null : beginStep('HTTP', 'server', true);
  let known: string | undefined;
  response.once('close', () => {
    const route = known ?? routeOf(request);
    const method = METHODS.has(request.method ?? '') ? (request.method as string) : 'other';
    const status = response.writableFinished ? response.statusCode : 'aborted';
    httpRequests.inc({ method, route, status });
    httpDuration.observe({ method, route }, (performance.now() - since) / 1_000);
    step?.end(
      {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': response.writableFinished ? response.statusCode : null,
        request_id: String(response.getHeader('x-request-id') ?? ''),
        ...(response.statusCode >= 500 && { 'error.type': String(response.statusCode) }),
      },
      `${method} ${route}`,
    );
  });
  known = step ? step.within(handle) : handle();
}
