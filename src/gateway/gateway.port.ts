import type { PaymentFact } from '../domain/observation.js';

/** A payment request as it was frozen with its charge: the adapter sends these bytes and nothing else. */
export interface PaymentRequest {
  idempotencyKey: string;
  reference: string;
  body: string;
  currency: string;
}

/** A refund request as it was frozen with its refund. */
export interface RefundRequest {
  paymentId: string;
  idempotencyKey: string;
  body: string;
}

/** What the gateway answered to a request that moves money, when it answered at all. */
export type Answer<Accepted> =
  | ({ answer: 'accepted'; requestId: string | null } & Accepted)
  /** It said no, and certainly moved no money. */
  | { answer: 'refused'; codes: string[]; requestId: string | null }
  /** It certainly did not take the request; the same key may be sent again later. */
  | {
      answer: 'not_taken';
      reason: 'not_connected' | 'unauthorized' | 'forbidden' | 'rate_limited' | 'unavailable' | 'too_late';
      requestId: string | null;
    };

/** It took the payment; the fact says how far it is. */
export type PaymentAnswer = Answer<{ fact: PaymentFact }>;
/** It took the refund; whether money goes back is told later. */
export type RefundAnswer = Answer<{ actionId: string }>;

/** One of our payments as the gateway shows it, with the reference that finds its charge. */
export interface FoundPayment {
  reference: string | null;
  fact: PaymentFact;
  requestId: string | null;
}

/**
 * We do not know: time-out, reset after sending, 5xx, 409, an answer nobody can read.
 * The one thing that the port throws; everything else is a value.
 */
export class UnknownOutcome extends Error {}

/** The gateway could not be asked (any failure of a reading call). Reading again is always harmless. */
export class LookupFailed extends Error {}

/**
 * The way to the gateway. Every adapter must pass the same contract suite. Nothing behind this port retries
 * by itself: only the charge machine may decide to send something twice.
 */
export abstract class Gateway {
  /**
   * Sends a payment request. `deadline` (ms of the process's monotonic clock) is checked again after the
   * connection stands and before the first byte: a worker that slept past its lease sends nothing.
   * Throws {@link UnknownOutcome}.
   */
  abstract pay(request: PaymentRequest, deadline: number): Promise<PaymentAnswer>;

  /** Sends a refund request, under the same rules as {@link pay}. */
  abstract refund(request: RefundRequest, deadline: number): Promise<RefundAnswer>;

  /**
   * The payment with this id and its refunds, as far as anything says that there are some; `withRefunds` looks
   * for them in any case. Null when the gateway knows no such payment. Throws {@link LookupFailed}.
   */
  abstract payment(paymentId: string, withRefunds?: boolean): Promise<FoundPayment | null>;

  /** All payments that carry this reference. Throws {@link LookupFailed}. */
  abstract paymentsByReference(reference: string): Promise<FoundPayment[]>;
}
