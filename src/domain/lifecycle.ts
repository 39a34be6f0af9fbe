import { enterPaidPeriod, paidInAdvance } from './advance.js';
import type { BillingCase } from './case.js';
import { closeOwed, voidInvoice, withdrawUnsent } from './closing.js';
import { chargeRenewal } from './collection.js';
import { conflict, invalid } from './errors.js';
import { period } from './calendar.js';
import { type BillingTerms, issueRecurringInvoice } from './invoicing.js';
import { noDunning } from './ladder.js';
import { holdForNotice, noticeAnew } from './noticing.js';
import { markPaid } from './payment.js';
import { cadence } from './plan.js';
import { resumeCollection } from './recovery.js';
import { giveBackCurrentPeriod, giveBackPayment } from './refunding.js';
import { type CancelRefund, nextSubscriptionStatus, type Subscription } from './subscription.js';

/** What merchants and customers may do to a running subscription. Each takes effect at once. */

export function refuseEnded(s: Subscription): void {
  if (s.status === 'canceled') throw conflict('subscription_canceled', 'The subscription is canceled.');
  if (s.status === 'incomplete_expired') throw conflict('subscription_expired', 'The sign-up was never paid and has expired.');
}

/** How a subscription is cancelled, and what is given back of the current period. */
export interface Cancellation {
  at: 'period_end' | 'now';
  refund: CancelRefund;
  reason: string | null;
}

export function cancel(c: BillingCase, { at, refund, reason }: Cancellation): void {
  const s = c.subscription;
  refuseEnded(s);
  const running = s.status === 'active' || s.status === 'trialing' || s.status === 'past_due';
  if (at === 'now' || !running) {
    endSubscription(c, reason, refund);
    return;
  }
  if (refund !== 'none') throw invalid('refund', 'needs at: now; what was paid for is served until the period ends');
  if (s.cancel_at_period_end) return;
  c.patch({ cancel_at_period_end: true, cancel_reason: reason });
  c.tellSubscription('subscription.updated', { cancel_at_period_end: false });
}

export function uncancel(c: BillingCase): void {
  refuseEnded(c.subscription);
  if (!c.subscription.cancel_at_period_end) {
    throw conflict('subscription_not_canceling', 'The subscription is not set to cancel at its period end.');
  }
  c.patch({ cancel_at_period_end: false, cancel_reason: null });
  c.tellSubscription('subscription.updated', { cancel_at_period_end: true });
}

/** Ends it now: what was not sent is withdrawn, what was sent runs out, nothing new is tried. */
export function endSubscription(c: BillingCase, reason: string | null, refund: CancelRefund): void {
  const previous = { status: c.subscription.status };
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'cancel'),
    canceled_at: c.now,
    cancel_reason: reason,
    ended_by: 'request',
    cancel_refund: refund,
    cancel_at_period_end: false,
    expires_at: null,
    ...noDunning,
  });
  withdrawUnsent(c);
  closeOwed(c);
  c.tellSubscription('subscription.canceled', previous);
  if (refund === 'full') giveBackCurrentPeriod(c);
  // A period that never began is not kept, whatever the cancel gives back of the one that did.
  const advance = paidInAdvance(c);
  if (advance) giveBackPayment(c, advance);
}

export function pause(c: BillingCase, resumesAt: Date | null): void {
  const s = c.subscription;
  refuseEnded(s);
  if (s.status !== 'active' && s.status !== 'past_due') {
    throw conflict(`subscription_${s.status}`, `A subscription that is ${s.status} cannot be paused.`);
  }
  const previous = { status: s.status };
  c.patch({
    status: nextSubscriptionStatus(s.status, 'pause'),
    paused_at: c.now,
    resumes_at: resumesAt,
    resumes_when_paid: false,
    ...noDunning,
  });
  withdrawUnsent(c);
  c.tellSubscription('subscription.paused', previous);
}

/**
 * How a resume after the paid period collects the new period's money: from the stored wallet, which whoever asks
 * for it confirms; through a checkout; or, as it was arranged with the pause, from the wallet by itself.
 */
export type ResumeBy = 'source' | 'checkout' | 'arrangement';

/**
 * Resumes: inside a period it simply goes on, and what is owed is collected. After it a new period starts
 * now, on a new anchor: charged to the stored wallet, or (returned as true) to be paid by the customer
 * through a checkout first.
 */
export function resume(c: BillingCase, terms: BillingTerms, by: ResumeBy): { needsCheckout: boolean } {
  refuseEnded(c.subscription);
  if (c.subscription.status !== 'paused') throw conflict('subscription_not_paused', 'The subscription is not paused.');
  enterPaidPeriod(c);
  const s = c.subscription;
  const running = s.period_end !== null && s.period_end > c.now;
  const paid = s.paid_through !== null && s.paid_through > c.now;
  if (running && paid) {
    continuePeriod(c, by);
    return { needsCheckout: false };
  }
  // One that was arranged finds nobody: without a wallet it owes, and asks its customer for another.
  if (by === 'checkout' || (by === 'source' && c.activeSource() === null)) {
    const owed = c.openInvoices()[0] ?? issueRecurringInvoice(c, s.period_no + 1, null, terms);
    c.patch({ resumes_at: null, resumes_when_paid: owed.period_start !== null });
    if (owed.amount_due > 0) return { needsCheckout: true };
    markPaid(c, owed);
    return { needsCheckout: false };
  }
  // A period that still runs has its invoice already, perhaps in flight: its time is not billed twice.
  if (running) continuePeriod(c, by);
  else startNewEpoch(c, terms, by);
  return { needsCheckout: false };
}

/** A pause with an end: nobody is there to pay a checkout, so the stored wallet is charged. */
export function resumeByItself(c: BillingCase, terms: BillingTerms): void {
  resume(c, terms, 'arrangement');
}

function continuePeriod(c: BillingCase, by: ResumeBy): void {
  c.patch({ status: nextSubscriptionStatus(c.subscription.status, 'resume'), paused_at: null, resumes_at: null, resumes_when_paid: false });
  c.tellSubscription('subscription.resumed', { status: 'paused' });
  // What was to begin with its payment does not: the period that runs goes on, and its end brings the next one.
  for (const invoice of c.openInvoices()) if (invoice.period_start === null) voidInvoice(c, invoice, 'checkout_ended');
  if (by !== 'source') noticeAnew(c);
  resumeCollection(c, by === 'source');
}

function startNewEpoch(c: BillingCase, terms: BillingTerms, by: ResumeBy): void {
  const before = c.subscription;
  const periodNo = before.period_no + 1;
  const span = period(c.now, cadence(c.version), before.time_zone, 0);
  c.patch({
    status: nextSubscriptionStatus(before.status, 'resume'),
    paused_at: null,
    resumes_at: null,
    resumes_when_paid: false,
    billing_anchor: c.now,
    epoch: before.epoch + 1,
    epoch_first_period: periodNo,
    period_no: periodNo,
    period_start: span.start,
    period_end: span.end,
  });
  c.tellSubscription('subscription.resumed', { status: 'paused' });
  resumeCollection(c, by === 'source');
  // A resume by checkout may have written it already, for a period that was to begin with its payment.
  const awaited = c.openInvoices().find((open) => open.period_no === periodNo);
  const invoice = awaited
    ? c.patchInvoice(awaited.id, { period_start: span.start, period_end: span.end })
    : issueRecurringInvoice(c, periodNo, span, terms);
  // A charge that was confirmed just now needs no other notice.
  if (by !== 'source') holdForNotice(c, invoice, before, before.resumes_at);
  if (invoice.amount_due === 0) markPaid(c, invoice);
  // What was owed before comes first; the new period joins its ladder.
  else if (c.subscription.status !== 'past_due') chargeRenewal(c, invoice);
}
