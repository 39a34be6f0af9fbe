import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { BodyPipe } from './body.pipe.js';
import { ProblemFilter, refuseBody, sendProblem } from './problem.js';

export const MAX_BODY = 256 * 1024;
/** What ids look like: no markup for whoever shows a log, no e-mail address. */
const REQUEST_ID = /^[\w.:/+=~-]{1,128}$/;

/** Gives every request an id: the caller's own when it is decent, else a new one. */
export function requestId(request: IncomingMessage, response: ServerResponse, next: () => void = () => undefined): void {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  request.headers['x-request-id'] = id;
  response.setHeader('x-request-id', id);
  next();
}

/** JSON is UTF-8; other bytes would be stored as question marks. */
function verifyUtf8(_request: unknown, _response: unknown, bytes: Buffer, charset: string): void {
  if (charset !== 'utf-8') throw Object.assign(new Error('not UTF-8'), { type: 'charset.unsupported' });
  if (!isUtf8(bytes)) throw Object.assign(new Error('not UTF-8'), { type: 'entity.parse.failed' });
}

/** Answers are data, for the one who asked: nothing is run, framed or kept. A page says for itself what it needs. */
const strict = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
});

function unkept(_: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('cache-control', 'no-store');
  next();
}

const JSON_TYPE = /^\s*application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i;

/** A body that says it is anything but JSON is not guessed at. One that says nothing is read as what it should be. */
function refuseOtherTypes(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const { 'content-type': type, 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  const isEmpty = coding === undefined && Number(length) === 0;
  if (isEmpty || type === undefined || JSON_TYPE.test(type)) return next();
  sendProblem(request, response, 415, 'unsupported_media_type', 'The body must be JSON, sent as Content-Type: application/json.');
}

/** What every request passes: an id, safe headers, a body of bounded size, problems as answers. */
export function setUpHttp(app: NestExpressApplication, webhooks: RequestHandler): void {
  app.use(requestId, strict, unkept);
  // Signatures are over bytes: the gateway's webhooks are read raw, whatever they call themselves.
  app.use('/webhooks/checkout', express.raw({ type: () => true, limit: MAX_BODY, inflate: false }), webhooks);
  app.use('/v1', refuseOtherTypes);
  app.use(express.json({ limit: MAX_BODY, inflate: false, strict: false, type: () => true, verify: verifyUtf8 }));
  app.use(refuseBody);
  app.useGlobalPipes(new BodyPipe());
  app.useGlobalFilters(new ProblemFilter());
}
