import type { HttpReply } from '../runtime/ports.js';

export const API_VERSION = '3.31.4';

/** A reply of the API; every one names its request and version [C]. */
export function reply(requestId: string, status: number, body?: unknown): HttpReply {
  const headers: Record<string, string> = { 'Cko-Request-Id': requestId, 'Cko-Version': API_VERSION };
  if (body === undefined) return { status, headers, body: '' };
  headers['Content-Type'] = 'application/json; charset=utf-8';
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** An answer in the error form of the API. */
export function refusal(requestId: string, status: number, errorType: string, errorCodes: readonly string[]): HttpReply {
  return reply(requestId, status, { request_id: requestId, error_type: errorType, error_codes: errorCodes });
}

/** An HTML error page of a proxy in front of the gateway. */
export function htmlError(requestId: string, status: number): HttpReply {
  const page = reply(requestId, status);
  page.headers['Content-Type'] = 'text/html';
  page.body = `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center><hr></body>\r\n</html>\r\n`;
  return page;
}

/** Thrown by an operation that refuses; becomes the reply. */
export class Refusal extends Error {
  readonly status: number;
  readonly errorType: string;
  readonly errorCodes: readonly string[];

  constructor(status: number, errorType: string, errorCodes: readonly string[]) {
    super(errorCodes.join(', '));
    this.status = status;
    this.errorType = errorType;
    this.errorCodes = errorCodes;
  }
}

export const invalid = (...codes: string[]): Refusal => new Refusal(422, 'request_invalid', codes);
/** The payment-method layer spells the error type its own way [C]. */
export const invalidForMethod = (...codes: string[]): Refusal => new Refusal(422, 'invalid_request', codes);
export const actionNotAllowed = (): Refusal => new Refusal(403, 'action_not_allowed', ['action_not_allowed']);
/** 404 without a body. */
export const notFound = (): Refusal => new Refusal(404, '', []);
