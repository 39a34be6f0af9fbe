import { subjectOf, type Context } from '../context.js';
import type { FaultSubject, Operation } from '../faults/fault.js';
import { interventionOf, type Intervention } from '../faults/interventions.js';
import type { GatewayRequest, HttpReply, Reply } from '../runtime/ports.js';
import type { Call } from './call.js';
import type { Credentials } from './credentials.js';
import { IdempotencyKeys } from './idempotency.js';
import type { Operations } from './operations.js';
import { RateLimit } from './rate-limit.js';
import { notFound, Refusal, refusal, reply } from './replies.js';
import type { Route } from './routes.js';

const OPERATIONS: Partial<Record<Route['name'], Operation>> = {
  payment: 'payment', list: 'list', details: 'details', actions: 'actions', refund: 'refund', token: 'token',
};

/** The way of an API request: authentication, JSON, faults, rate, idempotency, then the operation. */
export class Pipeline {
  private readonly context: Context;
  private readonly credentials: Credentials;
  private readonly operations: Operations;
  private readonly wait: (ms: number) => Promise<void>;
  private readonly keys: IdempotencyKeys;
  private readonly rate: RateLimit;

  /** `wait` lets so many ms pass on the gateway's clock. */
  constructor(context: Context, parts: { credentials: Credentials; operations: Operations; wait: (ms: number) => Promise<void> }) {
    this.context = context;
    this.credentials = parts.credentials;
    this.operations = parts.operations;
    this.wait = parts.wait;
    this.keys = new IdempotencyKeys(context);
    this.rate = new RateLimit(context);
  }

  async answer(request: GatewayRequest, route: Route | undefined): Promise<Reply> {
    const requestId = this.context.random.uuid();
    try {
      const call = this.read(request, route, requestId);
      const struck = this.context.faults.fireStage('request', this.subject(call), 1)[0];
      return struck === undefined ? await this.carryOut(call) : await this.intervene(call, interventionOf(struck));
    } catch (error) {
      return asReply(requestId, error);
    }
  }

  /** Carries out a request whose sender was long gone. */
  async answerLate(request: GatewayRequest, route: Route, heldKey: string | undefined): Promise<void> {
    if (heldKey !== undefined) this.keys.release(heldKey);
    const requestId = this.context.random.uuid();
    await this.carryOut(this.read(request, route, requestId)).catch((error: unknown) => asReply(requestId, error));
  }

  /** Keeps a key in flight for a request that still waits, after a restart. */
  hold(key: string): void {
    this.keys.hold(key);
  }

  clear(): void {
    this.keys.clear();
  }

  private read(request: GatewayRequest, route: Route | undefined, requestId: string): Call {
    if (route?.name !== 'token') this.credentials.check(header(request, 'authorization'), route?.name ?? 'payment');
    if (route === undefined) throw notFound();
    const text = request.body === undefined ? '' : request.body.toString();
    const call: Call = { request, route, requestId, text, json: undefined };
    if (text !== '' && (route.name === 'payment' || route.name === 'refund')) call.json = parse(text);
    return call;
  }

  private async carryOut(call: Call): Promise<HttpReply> {
    const { route, requestId, request } = call;
    if (route.name === 'token') return this.credentials.issueToken(requestId, call.text, header(request, 'authorization'));
    this.rate.take(route.writes ? 'write' : 'read');
    const key = scopeOf(call);
    if (key === undefined) return this.operations.perform(call);
    const earlier = this.keys.recall(key, requestId, call.text, this.subject(call));
    if (earlier !== undefined) return earlier;
    this.keys.hold(key);
    try {
      const answer = await this.operations.perform(call);
      this.keys.keep(key, answer, call.text);
      return answer;
    } finally {
      this.keys.release(key);
    }
  }

  private async intervene(call: Call, intervention: Intervention): Promise<Reply> {
    const key = scopeOf(call);
    if (typeof intervention.commit === 'number') {
      const heldKey = intervention.holds_key === true ? key : undefined;
      // A second copy of a request that waits with its key in flight is answered as any other.
      if (key !== undefined && this.keys.isHeld(key)) return this.carryOut(call);
      if (heldKey !== undefined) this.keys.hold(heldKey);
      this.context.store.plan(this.context.clock.now() + intervention.commit, { type: 'arrive', request: plain(call), held_key: heldKey });
      return intervention.answer(call.requestId, undefined);
    }
    const truth = intervention.commit ? await this.carryOut(call).catch((error: unknown) => asReply(call.requestId, error)) : undefined;
    if (intervention.hold_ms !== undefined) {
      if (key !== undefined) this.keys.hold(key);
      await this.wait(intervention.hold_ms);
      if (key !== undefined) this.keys.release(key);
    }
    return intervention.answer(call.requestId, truth);
  }

  private subject(call: Call): FaultSubject {
    const operation = OPERATIONS[call.route.name];
    if (call.route.name === 'payment') return { operation, ...this.subjectOfBody(call.json) };
    if (call.route.name === 'list') return { operation, reference: new URLSearchParams(call.request.query).get('reference') ?? undefined };
    const payment = call.route.id === '' ? undefined : this.context.store.findPayment(call.route.id);
    return payment === undefined ? { operation } : { ...subjectOf(this.context, payment), operation };
  }

  private subjectOfBody(body: unknown): FaultSubject {
    const { reference, source, customer } = fieldsOf(body);
    const { type, id } = fieldsOf(source);
    const { sources, customers } = this.context.store;
    const owner = customers.get(sources.get(String(id))?.customer_id ?? '');
    return { reference: textOf(reference), source: textOf(id), customer_email: textOf(fieldsOf(customer)['email']) ?? owner?.email, kind: type === 'id' ? 'stored' : 'redirect' };
  }
}

/** A body is matched before its form is checked, so anything may stand anywhere. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Idempotency is kept per key and path, for payments and refunds. */
function scopeOf({ route, request }: Call): string | undefined {
  const key = route.name === 'payment' || route.name === 'refund' ? header(request, 'cko-idempotency-key') : undefined;
  return key === undefined || key === '' ? undefined : `${request.path} ${key}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(422, 'request_malformed', ['request_json_invalid']);
  }
}

function asReply(requestId: string, error: unknown): HttpReply {
  if (!(error instanceof Refusal)) throw error;
  // 401 and 404 come without a body [C].
  return error.errorCodes.length === 0 ? reply(requestId, error.status) : refusal(requestId, error.status, error.errorType, error.errorCodes);
}

function header(request: GatewayRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The request as the queue can store it. */
function plain({ request, text }: Call): GatewayRequest {
  const headers = { authorization: header(request, 'authorization'), 'cko-idempotency-key': header(request, 'cko-idempotency-key') };
  return { method: request.method, path: request.path, query: request.query, headers, body: text };
}
