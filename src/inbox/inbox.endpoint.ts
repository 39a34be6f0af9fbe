import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Config } from '../platform/config/config.js';
import { sendProblem } from '../platform/http/problem.js';
import { Inbox } from './inbox.js';
import { isSigned, sameText } from './signature.js';

const RECEIVED = JSON.stringify({ received: true });

/**
 * Where the gateway tells its news: verified over the raw bytes, stored, acknowledged; worked on later.
 * Three come for every charge, so this path goes around the framework's guards, pipes and routes.
 */
@Injectable()
export class InboxEndpoint {
  private readonly log = new Logger(InboxEndpoint.name);

  constructor(
    private readonly inbox: Inbox,
    private readonly config: Config,
  ) {}

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST' || request.path !== '/') return next();
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    if (!this.isGenuine(bytes, request)) {
      return sendProblem(request, response, 401, 'unauthorized', 'The signature does not fit the body.');
    }
    this.inbox.store(bytes).then(
      () => response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(RECEIVED),
      (error: unknown) => {
        this.log.error({ err: error }, 'a webhook could not be stored');
        sendProblem(request, response, 503, 'unavailable', 'The event could not be stored; please send it again.');
      },
    );
  };

  private isGenuine(bytes: Buffer, { headers }: Request): boolean {
    const expected = this.config.CKO_WEBHOOK_AUTHORIZATION;
    return (
      isSigned(bytes, headers['cko-signature'], this.config.CKO_WEBHOOK_KEY ?? []) &&
      (expected === undefined || sameText(headers.authorization, expected))
    );
  }
}
