import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { PaymentFact } from '../../domain/observation.js';
import {
  type Answer, type FoundPayment, Gateway, LookupFailed, type PaymentAnswer, type PaymentRequest, type RefundAnswer,
  type RefundRequest, UnknownOutcome,
} from '../gateway.port.js';
import { type CheckoutAuth, CredentialsRefused } from './checkout.auth.js';
import { type CheckoutHttp, type HttpAnswer, NothingSent } from './checkout.http.js';
import {
  isDuplicate, readActionId, readDecline, readErrorCodes, readPayment, readPaymentList, readRefunds, type ReadPayment,
} from './payment.reader.js';

/** 422s that say "not now" in spite of their status: nothing was taken, the same key may come again. */
const TRANSIENT_CODES = new Set([
  'apm_service_unavailable',
  'service_unavailable',
  'issuer_network_unavailable',
  'processing_error',
  'velocity_amount_limit_exceeded',
  'velocity_count_limit_exceeded',
  'api_calls_quota_exceeded',
]);

/** Checkout.com behind the port: every answer sorted into accepted, refused, not taken, or unknown. */
@Injectable()
export class CheckoutGateway extends Gateway implements OnApplicationShutdown {
  private readonly log = new Logger(CheckoutGateway.name);

  constructor(
    private readonly http: CheckoutHttp,
    private readonly auth: CheckoutAuth,
  ) {
    super();
  }

  pay(request: PaymentRequest, deadline: number): Promise<PaymentAnswer> {
    return this.write<{ fact: PaymentFact }>('/payments', request, deadline, {
      readAccepted: (status, json, requestId) => {
        const payment = readPayment(json, request.currency);
        if (!payment) throw unknown(`${status} with a body nobody can read`, requestId);
        if (payment.reference !== null && payment.reference !== request.reference) {
          throw unknown(`${status} about another reference`, requestId);
        }
        this.noteStatus(payment);
        return { fact: payment.fact };
      },
      // A key without the scope to pay can pay for nobody.
      readForbidden: () => 'not_taken',
    });
  }

  refund(request: RefundRequest, deadline: number): Promise<RefundAnswer> {
    return this.write<{ actionId: string }>(`/payments/${encodeURIComponent(request.paymentId)}/refunds`, request, deadline, {
      readAccepted: (status, json, requestId) => {
        const actionId = readActionId(json);
        if (actionId === null) throw unknown(`${status} without an action`, requestId);
        return { actionId };
      },
      // "Not allowed" is about this payment, unless it says that it is about the key.
      readForbidden: (json) => (readErrorCodes(json).some((code) => code.includes('scope')) ? 'not_taken' : 'refused'),
    });
  }

  /** Sends a request that moves money, and sorts its answer. Throws {@link UnknownOutcome}. */
  private async write<Accepted>(
    path: string,
    request: { idempotencyKey: string; body: string },
    deadline: number,
    reading: Reading<Accepted>,
  ): Promise<Answer<Accepted>> {
    let authorization: string;
    try {
      authorization = await this.auth.authorization();
    } catch (error) {
      // A token endpoint that is down says nothing about our credentials.
      return notTaken(error instanceof CredentialsRefused ? 'unauthorized' : 'unavailable');
    }
    const headers = {
      authorization,
      'content-type': 'application/json',
      'cko-idempotency-key': request.idempotencyKey,
    };
    let answer: HttpAnswer;
    try {
      answer = await this.http.call('POST', path, headers, request.body, deadline);
    } catch (error) {
      if (error instanceof NothingSent) return notTaken(error.reason);
      throw new UnknownOutcome(reasonOf(error));
    }
    if (answer.status === 401) this.auth.reject(authorization);
    return classify(answer, reading);
  }

  async payment(paymentId: string, withRefunds = false): Promise<FoundPayment | null> {
    const { status, json, requestId } = await this.read(`/payments/${encodeURIComponent(paymentId)}`);
    if (status === 404) return null;
    const payment = status === 200 ? readPayment(json) : null;
    if (!payment) throw new LookupFailed(`details of ${paymentId}: ${status}, unreadable`);
    if (payment.fact.payment_id !== paymentId) throw new LookupFailed(`details of ${paymentId}: another payment`);
    return this.complete(payment, requestId, withRefunds);
  }

  async paymentsByReference(reference: string): Promise<FoundPayment[]> {
    const { status, json, requestId } = await this.read(`/payments?reference=${encodeURIComponent(reference)}&limit=100`);
    const found = status === 200 ? readPaymentList(json) : null;
    if (!found) throw new LookupFailed(`payments with ${reference}: ${status}, unreadable or not all of them`);
    const ours = found.filter((payment) => payment.reference === reference);
    return Promise.all(ours.map((payment) => this.complete(payment, requestId)));
  }

  /** Details do not say why a wallet payment failed, nor what was given back of it; its actions do. */
  private async complete(payment: ReadPayment, requestId: string | null, withRefunds = false): Promise<FoundPayment> {
    this.noteStatus(payment);
    const { reference, fact, held } = payment;
    if (fact.status !== 'declined' && held === 0 && !withRefunds) return { reference, fact: { ...fact, refunds: [] }, requestId };
    const { status, json } = await this.read(`/payments/${encodeURIComponent(fact.payment_id)}/actions`);
    if (status !== 200 || !Array.isArray(json)) throw new LookupFailed(`actions of ${fact.payment_id}: ${status}`);
    if (fact.status !== 'declined') return { reference, fact: { ...fact, ...readRefunds(json, payment) }, requestId };
    return { reference, fact: { ...fact, ...readDecline(json, fact) }, requestId };
  }

  private async read(path: string): Promise<HttpAnswer> {
    try {
      const authorization = await this.auth.authorization();
      const answer = await this.http.call('GET', path, { authorization }, null);
      if (answer.status === 401) this.auth.reject(authorization);
      return answer;
    } catch (error) {
      throw new LookupFailed(reasonOf(error));
    }
  }

  private noteStatus({ unknownStatus, fact }: ReadPayment): void {
    if (unknownStatus === null) return;
    this.log.warn({ payment: fact.payment_id, status: unknownStatus }, 'a status nobody knows counts as pending');
  }

  /** Not earlier: requests that are still answered, and sets in hand, may have to call. */
  async onApplicationShutdown(): Promise<void> {
    await this.http.close();
  }
}

/** How one kind of request reads what only it can know. */
interface Reading<Accepted> {
  /** What a 2xx tells. Throws {@link UnknownOutcome} where nobody can read it. */
  readAccepted: (status: number, json: unknown, requestId: string | null) => Accepted;
  readForbidden: (json: unknown) => 'refused' | 'not_taken';
}

/** Sorts an answer into accepted, refused and not taken; throws {@link UnknownOutcome} for all others. */
function classify<Accepted>({ status, json, requestId }: HttpAnswer, reading: Reading<Accepted>): Answer<Accepted> {
  switch (status) {
    case 200:
    case 201:
    case 202:
      return { answer: 'accepted', ...reading.readAccepted(status, json, requestId), requestId };
    case 401:
      return notTaken('unauthorized', requestId);
    case 403:
      if (reading.readForbidden(json) === 'not_taken') return notTaken('forbidden', requestId);
      return { answer: 'refused', codes: readErrorCodes(json), requestId };
    case 429:
      // The same status once meant "this key is being processed": then we do not know.
      if (isDuplicate(json)) throw unknown('429, duplicate request', requestId);
      return notTaken('rate_limited', requestId);
    case 400:
    case 404:
    case 422: {
      const codes = readErrorCodes(json);
      // Nobody there who knows payments: a wrong base URL must not look like a customer’s decline.
      if (status === 404 && codes.length === 0) return notTaken('unavailable', requestId);
      if (codes.some((code) => TRANSIENT_CODES.has(code))) return notTaken('unavailable', requestId);
      return { answer: 'refused', codes, requestId };
    }
    default:
      throw unknown(`the gateway answered ${status}`, requestId);
  }
}

type NotTaken = Extract<PaymentAnswer, { answer: 'not_taken' }>;

function notTaken(reason: NotTaken['reason'], requestId: string | null = null): NotTaken {
  return { answer: 'not_taken', reason, requestId };
}

/** Carries the gateway's request id in its reason: support asks for it. */
function unknown(reason: string, requestId: string | null): UnknownOutcome {
  return new UnknownOutcome(requestId === null ? reason : `${reason} (request ${requestId})`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'the connection failed';
}
