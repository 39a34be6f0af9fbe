import type { BillingCase } from './case.js';
import { withdrawUnsent } from './closing.js';
import { type Invoice, nextInvoiceStatus } from './invoice.js';
import { firstSpan } from './invoicing.js';
import { onInvoicePaid } from './recovery.js';
import { nextSubscriptionStatus } from './subscription.js';

/** The invoice is paid, by a capture or by the customer's balance; the subscription lives on accordingly. */
export function markPaid(c: BillingCase, invoice: Invoice): void {
  const paid = c.patchInvoice(invoice.id, {
    status: nextInvoiceStatus(invoice.status, 'pay'),
    amount_paid: invoice.amount_due,
    amount_due: 0 as Invoice['amount_due'],
    next_attempt_at: null,
    paid_at: c.now,
  });
  // What is paid is not asked for again, through no other charge.
  withdrawUnsent(c, c.chargesOf(invoice.id));
  if (c.subscription.status === 'paused' && invoice.period_start !== null) return payDuringPause(c, paid);
  switch (c.subscription.status) {
    case 'incomplete':
    case 'paused':
      // The period starts with the payment, so the invoice is told with the period it got.
      return startPeriod(c, paid);
    case 'active':
    case 'past_due':
    case 'unpaid':
      c.tellInvoice('invoice.paid', paid);
      return prolong(c, paid);
    case 'trialing':
      // In advance: the period begins when the trial ends.
      c.tellInvoice('invoice.paid', paid);
      return extendPaidThrough(c, paid.period_end ?? firstSpan(c, c.subscription.trial_end ?? c.now, true).span.end);
    default:
      c.tellInvoice('invoice.paid', paid);
  }
}

/** A period that had begun before the pause is paid late: it counts, and the pause goes on, unless a resume waited for it. */
function payDuringPause(c: BillingCase, paid: Invoice): void {
  c.tellInvoice('invoice.paid', paid);
  extendPaidThrough(c, paid.period_end);
  if (c.subscription.resumes_when_paid) c.patch({ resumes_at: c.now, resumes_when_paid: false });
}

export function extendPaidThrough(c: BillingCase, end: Date | null): void {
  const longer = end !== null && (c.subscription.paid_through === null || end > c.subscription.paid_through);
  if (longer) c.patch({ paid_through: end });
}

function prolong(c: BillingCase, paid: Invoice): void {
  extendPaidThrough(c, paid.period_end);
  c.tellSubscription('subscription.renewed');
  onInvoicePaid(c);
}

/** A sign-up or a resume whose first payment came in: the period begins now. */
function startPeriod(c: BillingCase, paid: Invoice): void {
  const s = c.subscription;
  const resuming = s.status === 'paused';
  // Only a free trial has ended before anything was paid.
  const freeTrialEnd = resuming ? null : s.trial_end;
  const { trial, span } = firstSpan(c, freeTrialEnd ?? c.now, resuming);
  const dated = c.patchInvoice(paid.id, { period_start: span.start, period_end: span.end });
  c.tellInvoice('invoice.paid', dated);
  const previous = { status: s.status };
  c.patch({
    status: nextSubscriptionStatus(s.status, trial ? 'start_trial' : 'activate'),
    billing_anchor: trial ? span.end : span.start,
    epoch: resuming ? s.epoch + 1 : s.epoch,
    epoch_first_period: trial ? 1 : paid.period_no,
    period_no: paid.period_no,
    period_start: span.start,
    period_end: span.end,
    paid_through: span.end,
    trial_end: trial ? span.end : s.trial_end,
    expires_at: null,
    paused_at: null,
    resumes_at: null,
    resumes_when_paid: false,
  });
  c.tellSubscription(resuming ? 'subscription.resumed' : 'subscription.activated', previous);
}
