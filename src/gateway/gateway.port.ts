import type { PaymentFact } from '../domain/settlement.js';

/** A payment request as it was frozen with its charge: the adapter sends these bytes and nothing else. */
export interface PaymentRequest {
  idempotencyKey: string;
  reference: string;
  body: string;
  currency: string;
}

/** What the gateway answered to a payment request, when it answered at all. */
export type PaymentAnswer =
  /** It took the request; the fact says how far it is. */
  | { answer: 'accepted'; fact: PaymentFact; requestId: string | null }
  /** It said no, and certainly moved no money. */
  | { answer: 'refused'; codes: string[]; requestId: string | null }
  /** It certainly did not take the request; the same key may be sent again later. */
  | {
      answer: 'not_taken';
      reason: 'not_connected' | 'unauthorized' | 'forbidden' | 'rate_limited' | 'unavailable' | 'too_late';
      requestId: string | null;
    };

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

  /** The payment with this id, or null when the gateway knows none. Throws {@link LookupFailed}. */
  abstract payment(paymentId: string): Promise<FoundPayment | null>;

  /** All payments that carry this reference. Throws {@link LookupFailed}. */
  abstract paymentsByReference(reference: string): Promise<FoundPayment[]>;
}
