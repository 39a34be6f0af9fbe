import type { BillingCase } from './case.js';
import { paidInAdvance, takeAdvance } from './advance.js';
import { addDuration } from './calendar.js';
import { voidInvoice, withdrawUnsent } from './closing.js';
import { chargeRenewal, tryOldest } from './collection.js';
import type { Invoice, Period } from './invoice.js';
import { type BillingTerms, issueRecurringInvoice, issueTrialEndInvoice, nextPeriod } from './invoicing.js';
import { endWait } from './ladder.js';
import { endSubscription, resumeByItself } from './lifecycle.js';
import { giveNotice, holdForNotice } from './noticing.js';
import { extendPaidThrough, markPaid } from './payment.js';
import { agenda, nextSubscriptionStatus, SIGN_UP_HOURS, type SubscriptionStatus } from './subscription.js';

/** Does the first thing on the subscription's agenda, if its time has come. One thing per call. */
export function live(c: BillingCase, terms: BillingTerms): void {
  const first = agenda(c.subscription)[0];
  if (!first || first.at > c.now) return;
  switch (first.event) {
    case 'sign_up_expiry':
      return expireSignUp(c);
    case 'trial_notice':
      c.patch({ trial_end_told_at: c.now });
      return c.tellSubscription('subscription.trial_will_end');
    case 'renewal_notice':
      return giveNotice(c);
    case 'trial_end':
      return endTrial(c, terms);
    case 'period_end':
      return endPeriod(c, terms);
    case 'attempt':
      return tryOldest(c);
    case 'dunning_end':
      return endWait(c);
    case 'resume':
      return resumeByItself(c, terms);
  }
}

function expireSignUp(c: BillingCase): void {
  const previous = { status: c.subscription.status };
  withdrawUnsent(c);
  for (const invoice of c.openInvoices()) voidInvoice(c, invoice, 'sign_up_expired');
  c.patch({ status: nextSubscriptionStatus(c.subscription.status, 'expire'), expires_at: null });
  c.tellSubscription('subscription.expired', previous);
}

function endTrial(c: BillingCase, terms: BillingTerms): void {
  if (isOver(c)) return cancelAtEnd(c);
  if (c.subscription.source !== null) return renew(c, terms);
  // A free trial: the wallet is asked for now; the first period starts at the trial's end once it is paid.
  const previous = { status: c.subscription.status };
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'await_payment'),
    expires_at: addDuration(c.now, `${SIGN_UP_HOURS}h`),
  });
  if (!takeAdvance(c)) issueTrialEndInvoice(c, terms);
  c.tellSubscription('subscription.updated', previous);
}

function endPeriod(c: BillingCase, terms: BillingTerms): void {
  if (isOver(c)) return cancelAtEnd(c);
  renew(c, terms);
}

/** It ends with its period, but not before what was paid in advance has been served. */
function isOver(c: BillingCase): boolean {
  const { cancel_at_period_end: ends, status } = c.subscription;
  return ends && (status === 'paused' || status === 'unpaid' || paidInAdvance(c) === null);
}

function cancelAtEnd(c: BillingCase): void {
  endSubscription(c, c.subscription.cancel_reason, 'none');
}

/** The next period begins: its invoice is written on its date, whatever became of the one before. */
function renew(c: BillingCase, terms: BillingTerms): void {
  const before = c.subscription;
  const { periodNo, span } = nextPeriod(c);
  c.patch({
    status: nextSubscriptionStatus(before.status, 'renew'),
    period_no: periodNo,
    period_start: span.start,
    period_end: span.end,
  });
  const advance = takeAdvance(c);
  if (advance?.status === 'paid') return beginPaidPeriod(c, advance, span, before.status);
  const invoice = advance ?? issueRecurringInvoice(c, periodNo, span, terms);
  if (c.plan.catch_up === 'latest' && span.end <= c.now) {
    // Nobody was there to bill it in its time, and a newer period has begun: this one stays on record, unowed.
    voidInvoice(c, invoice, 'period_skipped');
    return;
  }
  if (invoice.amount_due === 0) {
    markPaid(c, invoice);
    return;
  }
  holdForNotice(c, invoice, before, span.start);
  if (c.subscription.status === 'past_due') return;
  chargeRenewal(c, invoice);
}

/** It was paid in advance, and is not charged again. What a trial turns into is told now: it was no renewal before. */
function beginPaidPeriod(c: BillingCase, invoice: Invoice, span: Period, before: SubscriptionStatus): void {
  if (invoice.period_start === null) c.patchInvoice(invoice.id, { period_start: span.start, period_end: span.end });
  extendPaidThrough(c, span.end);
  if (before !== 'trialing') return;
  if (c.subscription.trial_amount === 0) c.tellSubscription('subscription.activated', { status: before });
  else c.tellSubscription('subscription.renewed');
}
