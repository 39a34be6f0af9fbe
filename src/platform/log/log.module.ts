import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DynamicModule, RequestMethod } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';

/** What never stands in a log, wherever in a record it turns up. */
const REDACTED = [
  'req.headers',
  'res.headers',
  '*.authorization',
  '*.secret',
  '*.email',
  '*.name',
  '*.phone',
  '*.gateway_source_id',
  'err.parameters',
  'err.query',
  'err.driverError',
];

/** A pay link is a key to somebody's debt, so it is not written down. */
function withoutToken(path: string): string {
  return path.replace(/^\/+pay\/.*/i, '/pay/[redacted]');
}

/** Structured logs: one line of JSON each, with the request's id, without secrets and personal data. */
export function logModule(level: string): DynamicModule {
  return LoggerModule.forRoot({
    // The gateway's webhooks come by the thousand; each is a row already, and needs no logger of its own.
    exclude: [{ path: 'webhooks/*splat', method: RequestMethod.ALL }],
    pinoHttp: {
      level,
      base: undefined,
      redact: { paths: REDACTED, censor: '[redacted]' },
      genReqId: (request: IncomingMessage) => String(request.headers['x-request-id']),
      quietReqLogger: true,
      customAttributeKeys: { reqId: 'request_id' },
      serializers: {
        req: ({ method, url }: { method: string; url: string }) => ({ method, path: withoutToken(url.split('?')[0] ?? '') }),
        res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
      },
      autoLogging: { ignore: (request: IncomingMessage) => /^\/health\b/.test(request.url ?? '') },
      customLogLevel: (_: IncomingMessage, response: ServerResponse) => (response.statusCode >= 500 ? 'error' : 'debug'),
    },
  });
}
