import type { BillingCase } from './case.js';
import type { Charge } from './charge.js';
import { conflict, invalid } from './errors.js';
import { chargeRefunded, surplusCredited, surplusRefunded } from './ledger.js';
import { nextLookupAt } from './lookup.js';
import { Mismatch, type PaymentFact, type RefundFact, type RefundObservation } from './observation.js';
import { claimedRefund, isOpenRefund, nextRefundStatus, type Refund, type RefundCause } from './refund.js';
import { evidenceOf, lost, postponed, putBack, weighEmptyLookup } from './sending.js';
import { isEnded } from './subscription.js';

/** Days after its payment in which Alipay gives money back. Source: Ant's product page for Alipay CN. */
const REFUND_WINDOW_DAYS = 365;
const DAY_MS = 86_400_000;

/** Minor units of a captured charge that are promised to nobody: neither given back, nor credited, nor on their way. */
export function refundable(c: BillingCase, charge: Charge): number {
  const open = c.refundsOf(charge.id).filter((refund) => isOpenRefund(refund.status));
  return charge.amount - charge.amount_refunded - charge.amount_credited - open.reduce((sum, { amount }) => sum + amount, 0);
}

/** Asks for a refund of `amount` minor units, or of all that is left. Refuses what was not captured, or too much. */
export function requestRefund(c: BillingCase, charge: Charge, amount: number | null, reason: string | null): Refund {
  if (charge.status !== 'captured') throw conflict('charge_not_captured', `A charge that is ${charge.status} cannot be refunded.`);
  const sent = charge.first_sent_at ?? charge.created_at;
  if (c.engineNow.getTime() - sent.getTime() > REFUND_WINDOW_DAYS * DAY_MS) {
    throw conflict('refund_window_closed', `Alipay gives money back for ${REFUND_WINDOW_DAYS} days only.`);
  }
  const left = refundable(c, charge);
  if (left <= 0) throw conflict('charge_refunded', 'Nothing of the charge is left to refund.');
  const wanted = amount ?? left;
  if (wanted > left) throw invalid('amount', `is more than the ${left} that are left of the charge`, 'refund_exceeds_charge');
  return addRefund(c, charge, wanted, 'request', reason);
}

function addRefund(c: BillingCase, charge: Charge, amount: number, cause: RefundCause, reason: string | null): Refund {
  const refund = c.addRefund(charge, { amount, cause, reason, sendAt: c.engineNow });
  c.tellRefund('refund.created', refund);
  return refund;
}

/**
 * Money that pays for nothing goes back when it comes, whole. Where the subscription has ended there is nothing
 * it could be set against; else the policy decides between the wallet and the customer's balance.
 */
export function giveBackSurplus(c: BillingCase, charge: Charge): void {
  const { amount } = charge;
  if (c.surplusPolicy === 'refund' || isEnded(c.subscription)) {
    addRefund(c, charge, amount, 'surplus', null);
    return;
  }
  credit(c, charge);
}

/** Money that pays for nothing becomes the customer's balance, whole. */
export function credit(c: BillingCase, charge: Charge): void {
  const { amount } = charge;
  c.patchCharge(charge.id, { amount_credited: amount });
  c.post(surplusCredited(charge, amount));
  c.changeBalance(amount);
}

/** A cancel with a refund also gives back what was still on its way when it was asked for. */
export function giveBackAfterCancel(c: BillingCase, charge: Charge): void {
  if (c.subscription.cancel_refund === 'full') giveBackPayment(c, charge);
}

/** Gives back all that is left of what was paid for the current period. */
export function giveBackCurrentPeriod(c: BillingCase): void {
  for (const charge of c.charges.all()) {
    if (charge.status === 'captured' && !charge.surplus && charge.period_no === c.subscription.period_no) giveBackPayment(c, charge);
  }
}

export function giveBackPayment(c: BillingCase, charge: Charge): void {
  const left = refundable(c, c.charges.get(charge.id));
  if (left > 0) addRefund(c, charge, left, 'cancel', c.subscription.cancel_reason);
}

/** The door for news of one refund: idempotent, free of order, monotone, as for charges. */
export function settleRefund(c: BillingCase, observation: RefundObservation): void {
  const refund = c.refunds.get(observation.refund);
  switch (observation.kind) {
    case 'refund_fact':
      return settleRefundFact(c, refund, observation.fact, observation.request_id);
    case 'refused':
      return decline(c, refund, {
        response_code: observation.codes[0] ?? 'request_invalid',
        response_summary: observation.codes.join(', ') || null,
        gateway_request_id: observation.request_id,
      });
    case 'not_taken':
      if (refund.lost_at !== null) return settleLost(c, refund, observation.reason);
      c.patchRefund(refund.id, {
        status: nextRefundStatus(refund.status, 'not_taken'),
        ...putBack(refund, observation.reason, observation.request_id, c.engineNow),
      });
      return;
    case 'unknown':
      return settleLost(c, refund, observation.reason);
    case 'not_found':
      return settleNotFound(c, refund, observation);
    case 'look_up_failed':
      if (isLookedFor(refund)) c.patchRefund(refund.id, postponed(refund, nextLookupAt(refund, c.engineNow)));
  }
}

function isLookedFor(refund: Refund): boolean {
  return refund.status === 'pending' || refund.status === 'unknown';
}

function settleLost(c: BillingCase, refund: Refund, reason: string): void {
  c.patchRefund(refund.id, { status: nextRefundStatus(refund.status, 'lose'), ...lost(refund, reason, c.engineNow) });
}

function settleNotFound(c: BillingCase, refund: Refund, { windows }: Extract<RefundObservation, { kind: 'not_found' }>): void {
  if (refund.status !== 'unknown') {
    if (isLookedFor(refund)) c.patchRefund(refund.id, postponed(refund, nextLookupAt(refund, c.engineNow)));
    return;
  }
  const { counted, verdict } = weighEmptyLookup(refund, windows, c.engineNow);
  switch (verdict.verdict) {
    case 'resend':
      c.patchRefund(refund.id, { ...evidenceOf(counted), ...claimedRefund(counted, c.engineNow) });
      return;
    case 'absent':
      // It is owed all the same. The gateway has forgotten the key, so its life begins anew.
      c.patchRefund(refund.id, {
        status: nextRefundStatus(refund.status, 'prove_absent'),
        first_sent_at: null,
        last_sent_at: null,
        lost_at: null,
        ...evidenceOf(counted),
        sends: 0,
        checks: 0,
        next_check_at: c.engineNow,
      });
      return;
    case 'wait':
      c.patchRefund(refund.id, postponed(counted, verdict.at));
  }
}

/** Every refund that the gateway shows of a payment: ours, and those that others asked for or the provider made. */
export function settleRefundFacts(c: BillingCase, charge: Charge, { refunds = [] }: PaymentFact): void {
  for (const fact of refunds) {
    const ours = c.refundsOf(charge.id);
    const known =
      ours.find((refund) => refund.gateway_action_id === fact.action_id) ??
      // A second action under one reference is money given back twice: never taken for the first.
      ours.find((refund) => refund.gateway_action_id === null && refund.reference === fact.reference);
    if (known) settleRefundFact(c, known, fact, null);
    else if (fact.status === 'succeeded' || numberIn(charge, fact.reference) !== null) adopt(c, charge, fact);
  }
}

/** Minor units that the gateway holds back for refunds which neither it shows nor we know of. */
export function unexplained(known: readonly Refund[], { refunds = [], refunds_hidden = 0 }: PaymentFact): number {
  const shown = new Set<string | null>(refunds.map((fact) => fact.action_id));
  const expected = known.filter((refund) => refund.status === 'pending' && !shown.has(refund.gateway_action_id));
  return Math.max(0, refunds_hidden - expected.reduce((sum, refund) => sum + refund.amount, 0));
}

/** The number in a reference that we derived: a life that a restored database forgot may have used it. */
function numberIn(charge: Charge, reference: string | null): number | null {
  const prefix = `${charge.reference}-r`;
  if (!reference?.startsWith(prefix)) return null;
  const number = reference.slice(prefix.length);
  return /^[1-9]\d{0,5}$/.test(number) ? Number(number) : null;
}

function adopt(c: BillingCase, charge: Charge, fact: RefundFact): void {
  if (fact.status === 'succeeded') checkLeft(c.charges.get(charge.id), fact.amount, fact.action_id);
  const derived = numberIn(charge, fact.reference);
  const taken = c.refundsOf(charge.id).some((refund) => refund.number === derived);
  const refund = c.addRefund(charge, {
    amount: fact.amount,
    cause: fact.kind === 'return' ? 'returned' : 'found',
    reason: null,
    sendAt: null,
    found: { number: taken ? null : derived, name: fact.action_id },
  });
  c.tellRefund('refund.created', refund);
  settleRefundFact(c, refund, fact, null);
}

/** No more goes back than came. Asked before anything is changed: what was decided by then is kept. */
function checkLeft(charge: Charge, amount: number, refund: string): void {
  if (charge.amount_refunded + charge.amount_credited + amount > charge.amount) {
    throw new Mismatch(`refund ${refund} gives back more than charge ${charge.id} has left`);
  }
}

function settleRefundFact(c: BillingCase, refund: Refund, fact: RefundFact, requestId: string | null): void {
  if (fact.amount !== refund.amount) {
    throw new Mismatch(`refund ${refund.id} is about ${refund.amount}, the news says ${fact.amount}`);
  }
  const known = {
    gateway_action_id: refund.gateway_action_id ?? fact.action_id,
    gateway_request_id: refund.gateway_request_id ?? requestId,
    response_code: fact.response_code ?? refund.response_code,
    response_summary: fact.response_code === null ? refund.response_summary : fact.response_summary,
  };
  switch (fact.status) {
    case 'pending':
      return accept(c, refund, known);
    case 'declined':
      return decline(c, refund, known);
    case 'succeeded':
      return succeed(c, refund, known);
  }
}

function accept(c: BillingCase, refund: Refund, known: Partial<Refund>): void {
  const status = nextRefundStatus(refund.status, 'accept');
  if (status !== 'pending') return;
  const checks = refund.status === 'pending' ? refund.checks : 0;
  c.patchRefund(refund.id, {
    ...known,
    status,
    checks: checks + 1,
    next_check_at: nextLookupAt({ checks, first_sent_at: refund.first_sent_at }, c.engineNow),
    lease_until: null,
  });
}

const DONE = { next_check_at: null, lease_until: null } as const;

function decline(c: BillingCase, refund: Refund, known: Partial<Refund>): void {
  const status = nextRefundStatus(refund.status, 'decline');
  if (status !== 'declined' || refund.status === 'declined') return;
  const declined = c.patchRefund(refund.id, { ...known, ...DONE, status, settled_at: c.now });
  c.tellRefund('refund.declined', declined);
}

function succeed(c: BillingCase, refund: Refund, known: Partial<Refund>): void {
  if (refund.status === 'succeeded') return;
  const charge = c.charges.get(refund.charge);
  checkLeft(charge, refund.amount, refund.id);
  const succeeded = c.patchRefund(refund.id, {
    ...known,
    ...DONE,
    status: nextRefundStatus(refund.status, 'succeed'),
    settled_at: c.now,
  });
  const refunded = c.patchCharge(charge.id, { amount_refunded: charge.amount_refunded + refund.amount });
  c.post(charge.surplus ? surplusRefunded(succeeded) : chargeRefunded(succeeded));
  c.tellRefund('refund.succeeded', succeeded);
  c.tellCharge('charge.refunded', refunded);
}
