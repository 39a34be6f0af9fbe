import type { ChargeDraft, RefundDraft } from './case.records.js';
import type { Charge } from './charge.js';
import type { Refund } from './refund.js';

/** Charges and refunds as they begin: of what is still to happen to them nothing has. */

/** What has not happened yet to something that is to be sent. */
const UNSENT = {
  status: 'created',
  sends: 0,
  lease_token: 0,
  lease_until: null,
  first_sent_at: null,
  last_sent_at: null,
  checks: 0,
  empty_lookups: 0,
  empty_since: null,
  empty_at: null,
  response_code: null,
  response_summary: null,
  gateway_request_id: null,
  requested_at: null,
  settled_at: null,
  parked_at: null,
  lost_at: null,
} as const;

/** What a charge is known by, and the bytes of its request. */
type MintedCharge = Pick<Charge, 'id' | 'reference' | 'idempotency_key' | 'body' | 'body_hash'>;

export function newCharge(draft: ChargeDraft, minted: MintedCharge): Charge {
  const { subscription, invoice, kind, trigger, dunning_step, attempt, source, sendAt, now } = draft;
  return {
    ...minted,
    ...UNSENT,
    customer: subscription.customer,
    subscription: subscription.id,
    invoice: invoice.id,
    period_no: invoice.period_no,
    kind,
    trigger,
    dunning_step,
    attempt,
    amount: invoice.amount_due,
    amount_refunded: 0,
    amount_credited: 0,
    refund_count: 0,
    currency: invoice.currency,
    surplus: false,
    source: source?.id ?? null,
    gateway_payment_id: null,
    redirect_url: null,
    expires_at: null,
    next_check_at: sendAt,
    decline_class: null,
    cleared_at: null,
    verified_at: null,
    test_clock: subscription.test_clock,
    metadata: {},
    created_at: now,
    updated_at: now,
  };
}

type MintedRefund = Pick<Refund, 'id' | 'idempotency_key' | 'body'>;

/** What others did is never sent by us, so it goes by the gateway's own name for it. */
export function referenceOfRefund({ charge, number, name }: RefundDraft): string {
  return number === null ? (name ?? '') : `${charge.reference}-r${number}`;
}

/** Throws where there is no payment that could be refunded. */
export function newRefund(draft: RefundDraft, minted: MintedRefund): Refund {
  const { charge, number, cause, amount, reason, sendAt, now } = draft;
  if (charge.gateway_payment_id === null) throw new Error(`Charge ${charge.id} has no payment that could be refunded`);
  return {
    ...minted,
    ...UNSENT,
    charge: charge.id,
    customer: charge.customer,
    subscription: charge.subscription,
    number,
    cause,
    amount,
    currency: charge.currency,
    reason,
    reference: referenceOfRefund(draft),
    gateway_payment_id: charge.gateway_payment_id,
    gateway_action_id: null,
    next_check_at: sendAt,
    test_clock: charge.test_clock,
    metadata: {},
    created_at: now,
    updated_at: now,
  };
}
