import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { CalendarError } from '../../domain/calendar.js';
import { type FieldError, Refusal, type RefusalKind } from '../../domain/errors.js';
import { MoneyError } from '../../domain/money.js';

const STATUS: Record<RefusalKind, number> = { not_found: 404, conflict: 409, invalid: 422, forbidden: 403 };

export const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal server error',
  503: 'Service unavailable',
};

/** An answer of RFC 9457. `code` is stable and meant for programs, `detail` for people. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors: readonly FieldError[];
}

/** A problem that was answered before, to be answered again as it was. */
export class RepeatedProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

function requestIdOf(request: IncomingMessage, response: ServerResponse): string {
  return String(response.getHeader('x-request-id') ?? request.headers['x-request-id'] ?? '');
}

function problem(status: number, code: string, detail: string, requestId: string, errors: readonly FieldError[] = []): Problem {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, code, request_id: requestId, errors };
}

function send(response: ServerResponse, answer: Problem): void {
  response.statusCode = answer.status;
  response.setHeader('content-type', 'application/problem+json; charset=utf-8');
  response.end(JSON.stringify(answer));
}

export function sendProblem(request: IncomingMessage, response: ServerResponse, status: number, code: string, detail: string): void {
  send(response, problem(status, code, detail, requestIdOf(request, response)));
}

/** The problem that an error is answered with; null when it is none of the caller's business. */
export function problemOf(error: unknown, requestId: string, methods: readonly string[] = []): Problem | null {
  if (error instanceof Refusal) return problem(STATUS[error.kind], error.code, error.message, requestId, error.errors);
  if (isOutOfReach(error)) return problem(422, error.code, `${error.message}.`, requestId);
  const status = statusOf(error);
  if (status === null || status >= 500) return null;
  const message = status === 404 ? nothingHere(methods) : (error as Error).message;
  return problem(status, HTTP_CODES[status] ?? 'bad_request', message, requestId);
}

const BODY_PARSER_CODES: Record<string, [number, string, string]> = {
  'entity.parse.failed': [400, 'malformed_json', 'The body is not valid JSON.'],
  'entity.too.large': [413, 'body_too_large', 'The body is larger than 256 KiB.'],
  'encoding.unsupported': [415, 'unsupported_encoding', 'Compressed bodies are not taken.'],
  'charset.unsupported': [415, 'unsupported_charset', 'The body must be UTF-8.'],
};

/** Answers what the reading of a body ended with; further on, the kind of the error would be lost. */
export function refuseBody(error: { type?: string }, request: Request, response: Response, next: NextFunction): void {
  const problem = BODY_PARSER_CODES[error.type ?? ''];
  if (problem) sendProblem(request, response, ...problem);
  else next(error);
}

const HTTP_CODES: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};

/** Turns every error into a problem. What we did not expect says nothing of the inside, and is logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) return void response.end();
    if (error instanceof RepeatedProblem) return send(response, error.problem);
    if (error instanceof Refusal && error.retryAfter !== undefined) response.setHeader('retry-after', String(error.retryAfter));
    const methods = statusOf(error) === 404 ? methodsAt(request) : [];
    if (methods.length > 0) response.setHeader('allow', methods.join(', '));
    const answer = problemOf(error, requestIdOf(request, response), methods);
    if (answer) return send(response, answer);
    this.log.error({ err: error, request_id: response.getHeader('x-request-id') }, 'request failed');
    sendProblem(request, response, 500, 'internal_error', 'Something went wrong on our side.');
  }
}

interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
  match(path: string): boolean;
}

/** What may be done at the path, where it is known at all. */
function methodsAt({ app, path }: Request): string[] {
  const { stack } = (app as unknown as { router: { stack: Layer[] } }).router;
  const declared = stack.filter(({ route }) => typeof route?.path === 'string' && !route.path.startsWith('{'));
  const methods = declared.filter((layer) => layer.match(path)).flatMap(({ route }) => Object.keys(route?.methods ?? {}));
  return [...new Set(methods)].map((method) => method.toUpperCase()).toSorted();
}

function nothingHere(methods: readonly string[]): string {
  return methods.length === 0 ? 'There is nothing at this path.' : `This method does nothing at this path; it knows ${methods.join(', ')}.`;
}

/** Amounts and dates that are each valid, but come to one that nothing can be charged or billed with. */
function isOutOfReach(error: unknown): error is MoneyError | CalendarError {
  if (error instanceof MoneyError) return error.code === 'amount_not_chargeable';
  return error instanceof CalendarError && error.code === 'instant_out_of_range';
}

function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : null;
}
