import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Config } from '../platform/config/config.js';
import { MAX_BODY, requestId } from '../platform/http/http.setup.js';
import { sendProblem } from '../platform/http/problem.js';
import { gatewayEvents } from '../platform/telemetry/meters.js';
import { Arrivals } from './arrivals.js';
import { isSigned, sameText } from './signature.js';

const RECEIVED = JSON.stringify({ received: true });

/**
 * Where the gateway tells its news: verified over the raw bytes, stored, acknowledged; worked on later.
 * Three come for every charge, so this path goes around the framework's guards, pipes and routes.
 */
@Injectable()
export class InboxEndpoint {
  readonly route = '/webhooks/checkout';
  private readonly log = new Logger(InboxEndpoint.name);

  constructor(
    private readonly arrivals: Arrivals,
    private readonly config: Config,
  ) {}

  /** Takes a plain delivery of known, decent length; anything odd is left to the framework's parsers. */
  readonly take = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method, url, headers } = request;
    const length = Number(headers['content-length']);
    if (method !== 'POST' || url !== this.route || headers['content-encoding'] !== undefined || !(length <= MAX_BODY)) return false;
    requestId(request, response);
    response.setHeader('x-content-type-options', 'nosniff');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.receive(request, response, Buffer.concat(chunks)));
    // A delivery that breaks off has told nothing; the gateway sends it again.
    request.on('error', () => response.destroy());
    return true;
  };

  /** The same behind the framework's parsers. */
  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST' || request.path !== '/') return next();
    const body: unknown = request.body;
    this.receive(request, response, Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  };

  private receive(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    if (!this.isGenuine(bytes, request)) {
      gatewayEvents.inc({ result: 'refused' });
      return sendProblem(request, response, 401, 'unauthorized', 'The signature does not fit the body.');
    }
    this.arrivals.store(bytes).then(
      () => acknowledge(response),
      (error: unknown) => {
        gatewayEvents.inc({ result: 'failed' });
        this.log.error({ err: error }, 'a webhook could not be stored');
        sendProblem(request, response, 503, 'unavailable', 'The event could not be stored; please send it again.');
      },
    );
  }

  private isGenuine(bytes: Buffer, { headers }: IncomingMessage): boolean {
    const expected = this.config.CKO_WEBHOOK_AUTHORIZATION;
    return (
      isSigned(bytes, headers['cko-signature'], this.config.CKO_WEBHOOK_KEY ?? []) &&
      (expected === undefined || sameText(headers.authorization, expected))
    );
  }
}

function acknowledge(response: ServerResponse): void {
  gatewayEvents.inc({ result: 'stored' });
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(RECEIVED);
}
