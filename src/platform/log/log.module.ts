import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { type DynamicModule, RequestMethod } from '@nestjs/common';
import type { Request } from 'express';
import { LoggerModule } from 'nestjs-pino';
import { routeOf } from '../http/exchange.js';
import { isAnyId } from '../ids/ids.js';
import { scrubbed, told } from './log.line.js';

/** What is told of a request: the route as it is declared, and whose id stands in it. */
function requestLine(request: IncomingMessage, response: ServerResponse, since: number): Record<string, unknown> {
  const id: unknown = (request as Partial<Request>).params?.['id'];
  return {
    method: request.method,
    route: routeOf(request),
    ...(isAnyId(id) && { id }),
    status: response.statusCode,
    duration_ms: Math.round(performance.now() - since),
  };
}

/** A page that asks a person to wait is an answer, and no error of ours. */
function isPage(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).startsWith('text/html');
}

/** Structured logs: one line of JSON each, with the request's id, without secrets and personal data. */
export function logModule(level: string): DynamicModule {
  const begun = new WeakMap<IncomingMessage, number>();
  const line = (request: IncomingMessage, response: ServerResponse) => requestLine(request, response, begun.get(request) ?? performance.now());
  return LoggerModule.forRoot({
    // The gateway's webhooks come by the thousand; each is a row already, and needs no logger of its own.
    exclude: [{ path: 'webhooks/*splat', method: RequestMethod.ALL }],
    pinoHttp: {
      level,
      base: undefined,
      formatters: { log: told },
      hooks: { streamWrite: scrubbed },
      wrapSerializers: false,
      // Done already.
      serializers: { err: (error: unknown) => error },
      genReqId: (request: IncomingMessage) => {
        begun.set(request, performance.now());
        return String(request.headers['x-request-id']);
      },
      quietReqLogger: true,
      quietResLogger: true,
      customAttributeKeys: { reqId: 'request_id' },
      customSuccessObject: line,
      customErrorObject: line,
      autoLogging: { ignore: (request: IncomingMessage) => /^\/health\b/.test(request.url ?? '') },
      customLogLevel: (_: IncomingMessage, response: ServerResponse) => (response.statusCode >= 500 && !isPage(response) ? 'error' : 'debug'),
    },
  });
}
