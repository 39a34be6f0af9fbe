import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type FoundPayment, Gateway, LookupFailed, type PaymentAnswer, type PaymentRequest, UnknownOutcome } from '../gateway.port.js';
import type { CheckoutAuth } from './checkout.auth.js';
import { type CheckoutHttp, type HttpAnswer, NothingSent } from './checkout.http.js';
import { readDeclineCode, readErrorCodes, readPayment, readPaymentList } from './payment.reader.js';

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
export class CheckoutGateway extends Gateway implements OnModuleDestroy {
  constructor(
    private readonly http: CheckoutHttp,
    private readonly auth: CheckoutAuth,
  ) {
    super();
  }

  async pay(request: PaymentRequest, deadline: number): Promise<PaymentAnswer> {
    const authorization = await this.auth.authorization().catch(() => null);
    if (authorization === null) return { answer: 'not_taken', reason: 'unauthorized', requestId: null };
    const headers = {
      authorization,
      'content-type': 'application/json',
      'cko-idempotency-key': request.idempotencyKey,
    };
    let answer: HttpAnswer;
    try {
      answer = await this.http.call('POST', '/payments', headers, request.body, deadline);
    } catch (error) {
      if (error instanceof NothingSent) {
        return { answer: 'not_taken', reason: error.late ? 'too_late' : 'not_connected', requestId: null };
      }
      throw new UnknownOutcome(error instanceof Error ? error.message : 'the connection failed');
    }
    return this.classify(answer, request);
  }

  private classify({ status, json, requestId }: HttpAnswer, request: PaymentRequest): PaymentAnswer {
    switch (status) {
      case 200:
      case 201:
      case 202: {
        const payment = readPayment(json);
        if (!payment) throw new UnknownOutcome(`${status} with a body nobody can read`);
        if (payment.reference !== null && payment.reference !== request.reference) {
          throw new UnknownOutcome(`${status} about another reference`);
        }
        return { answer: 'accepted', fact: payment.fact, requestId };
      }
      case 401:
        this.auth.reject();
        return { answer: 'not_taken', reason: 'unauthorized', requestId };
      case 403:
        return { answer: 'not_taken', reason: 'forbidden', requestId };
      case 429: {
        // The same status once meant "this key is being processed": then we do not know.
        const codes = readErrorCodes(json);
        if (codes.some((code) => code.includes('duplicate'))) throw new UnknownOutcome('429, duplicate request');
        return { answer: 'not_taken', reason: 'rate_limited', requestId };
      }
      case 400:
      case 404:
      case 422: {
        const codes = readErrorCodes(json);
        if (codes.some((code) => TRANSIENT_CODES.has(code))) return { answer: 'not_taken', reason: 'unavailable', requestId };
        return { answer: 'refused', codes, requestId };
      }
      default:
        throw new UnknownOutcome(`the gateway answered ${status}`);
    }
  }

  async payment(paymentId: string): Promise<FoundPayment | null> {
    const { status, json, requestId } = await this.read(`/payments/${encodeURIComponent(paymentId)}`);
    if (status === 404) return null;
    const payment = status === 200 ? readPayment(json) : null;
    if (!payment) throw new LookupFailed(`details of ${paymentId}: ${status}`);
    return this.withDeclineCode({ ...payment, requestId });
  }

  async paymentsByReference(reference: string): Promise<FoundPayment[]> {
    const { status, json, requestId } = await this.read(`/payments?reference=${encodeURIComponent(reference)}&limit=100`);
    const found = status === 200 ? readPaymentList(json, requestId) : null;
    if (!found) throw new LookupFailed(`payments with ${reference}: ${status}`);
    const ours = found.filter((payment) => payment.reference === reference);
    return Promise.all(ours.map((payment) => this.withDeclineCode(payment)));
  }

  /** Details do not say why a wallet payment failed; its actions do. */
  private async withDeclineCode(payment: FoundPayment): Promise<FoundPayment> {
    const { fact } = payment;
    if (fact.status !== 'declined') return payment;
    const { status, json } = await this.read(`/payments/${encodeURIComponent(fact.payment_id)}/actions`);
    if (status !== 200) throw new LookupFailed(`actions of ${fact.payment_id}: ${status}`);
    const decline = readDeclineCode(json);
    if (!decline) return payment;
    return { ...payment, fact: { ...fact, response_code: decline.code, response_summary: decline.summary } };
  }

  private async read(path: string): Promise<HttpAnswer> {
    try {
      const answer = await this.http.call('GET', path, { authorization: await this.auth.authorization() }, null);
      if (answer.status === 401) this.auth.reject();
      return answer;
    } catch (error) {
      throw new LookupFailed(error instanceof Error ? error.message : 'the connection failed');
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.http.close();
  }
}
