import { type Transitions, transition } from './machine.js';
import { leased, type Sendable } from './sending.js';

export const REFUND_STATUSES = ['created', 'sending', 'pending', 'unknown', 'succeeded', 'declined'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

export type RefundEvent =
  | 'claim'
  /** The gateway certainly did not take the request; the same key may be sent again. */
  | 'not_taken'
  | 'lose'
  | 'accept'
  | 'succeed'
  | 'decline'
  /** Look-ups proved that the gateway never had it: it is still owed, so it is sent anew. */
  | 'prove_absent';

/**
 * The refund machine. Like a charge it is written before it is sent and never fails by time alone. News is
 * monotone: a success is always heard, even after a decline.
 */
export const refundTransitions: Transitions<RefundStatus, RefundEvent> = {
  // News about a refund that we never sent exists after a database was restored from a backup.
  created: { claim: 'sending', accept: 'pending', succeed: 'succeeded', decline: 'declined' },
  sending: { not_taken: 'created', lose: 'unknown', accept: 'pending', succeed: 'succeeded', decline: 'declined' },
  pending: { accept: 'pending', succeed: 'succeeded', decline: 'declined' },
  unknown: { claim: 'sending', prove_absent: 'created', accept: 'pending', succeed: 'succeeded', decline: 'declined' },
  succeeded: { accept: 'succeeded', succeed: 'succeeded', decline: 'succeeded' },
  declined: { accept: 'declined', succeed: 'succeeded', decline: 'declined' },
};

export function nextRefundStatus(status: RefundStatus, event: RefundEvent): RefundStatus {
  return transition('refund', refundTransitions, status, event);
}

const OPEN_REFUND_STATUSES: readonly RefundStatus[] = ['created', 'sending', 'pending', 'unknown'];

/** Open refunds reserve their amount: it can be promised to nobody else. */
export function isOpenRefund(status: RefundStatus): boolean {
  return OPEN_REFUND_STATUSES.includes(status);
}

/** What taking the lease writes, before the first byte leaves. Engine clock. */
export function claimedRefund(refund: Refund, now: Date): Partial<Refund> {
  return { status: nextRefundStatus(refund.status, 'claim'), ...leased(refund, refund.status !== 'created', now) };
}

export const REFUND_CAUSES = ['request', 'surplus', 'cancel', 'found', 'returned'] as const;
/** Why it exists: asked for, money that paid for nothing, a cancel, or found at the gateway. */
export type RefundCause = (typeof REFUND_CAUSES)[number];

/** Money of one charge that goes back to the wallet it came from. Amounts in minor units. */
export interface Refund extends Sendable {
  id: string;
  charge: string;
  customer: string;
  subscription: string;
  /** Counts up per charge; with the charge's reference it derives key and reference. Null for what others did. */
  number: number | null;
  cause: RefundCause;
  amount: number;
  currency: string;
  status: RefundStatus;
  /** In the words of whoever asked for it. */
  reason: string | null;
  reference: string;
  idempotency_key: string;
  /** The exact bytes that are sent, frozen with the row. */
  body: string;
  gateway_payment_id: string;
  gateway_action_id: string | null;
  response_code: string | null;
  settled_at: Date | null;
  parked_at: Date | null;
  test_clock: string | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}
