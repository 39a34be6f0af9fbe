import type { BillingCase } from './case.js';
import { addDuration } from './calendar.js';
import { failureOf } from './charge.js';
import { NEXT_INVOICE_HOURS } from './dunning.js';
import type { Invoice } from './invoice.js';
import {
  failureToWaitOut, fallPastDue, goOnUnmoved, isOwnTry, laterTry, nextInvoiceAt, noDunning, setNextAttempt, waitForSomebody,
} from './ladder.js';
import { nextSubscriptionStatus } from './subscription.js';
import { nextWaiting, notBefore, waitUntil } from './waiting.js';

/**
 * What leads off the ladder, or back to its first step: a payment, an invoice that is owed no more, the end of a pause.
 */

/**
 * After a payment: the next owed invoice follows at a distance, or the subscription is well again. A period
 * whose first try is still in flight, or still to come, has not failed, so that it does not matter which news came first.
 */
export function onInvoicePaid(c: BillingCase): void {
  switch (c.subscription.status) {
    case 'unpaid':
      // Who has begun to pay his debts is asked for the next one as well, once.
      setNextAttempt(c, c.activeSource() === null ? null : nextInvoiceAt(c));
      return recoverUnpaid(c);
    case 'past_due':
      return hasFailed(c) ? beginAnew(c) : recover(c);
    case 'active':
      return c.patch({ next_attempt_at: nextWaiting(c) });
    default:
  }
}

/** More is owed: the ladder's first step is before it again, at a distance from the payment. */
function beginAnew(c: BillingCase): void {
  const [oldest] = c.openInvoices();
  // That another payment went through says nothing of a suspicion of this one.
  const suspected = oldest !== undefined && failureToWaitOut(c, oldest) !== null && c.subscription.past_due_class === 'risk';
  c.patch({ dunning_step: 0, dunning_started_at: c.now, ...(suspected ? waitForSomebody(c) : { dunning_ends_at: null }) });
  if (suspected) return setNextAttempt(c, null);
  if (oldest && !c.isBeingCharged(oldest)) setNextAttempt(c, nextInvoiceAt(c));
}

/** Whether anything that is owed has failed: neither a first try in flight has, nor what waits for its first. */
function hasFailed(c: BillingCase): boolean {
  const { past_due_reason: reason, period_no: current } = c.subscription;
  // What a resume found owed is overdue, tried or not.
  const overdue = (invoice: Invoice): boolean => reason === 'owed_before_pause' && invoice.period_no < current;
  const waits = (invoice: Invoice): boolean =>
    notBefore(c, invoice) !== null && !overdue(invoice) && !c.chargesOf(invoice.id).some(isOwnTry);
  return !c.openInvoices().every((invoice) => c.isBeingCharged(invoice, 'recurring') || waits(invoice));
}

function recover(c: BillingCase): void {
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'recover'),
    ...noDunning,
  });
  c.tellSubscription('subscription.recovered', { status: 'past_due' });
  for (const invoice of c.openInvoices()) if (!c.isBeingCharged(invoice)) waitUntil(c, invoice, notBefore(c, invoice) ?? c.now);
}

/** An invoice is owed no more although nobody paid it: the ladder goes on with what is left, or is over. */
export function onInvoiceDropped(c: BillingCase): void {
  switch (c.subscription.status) {
    case 'unpaid':
      return recoverUnpaid(c);
    case 'past_due':
      if (!hasFailed(c)) return recover(c);
      setNextAttempt(c, c.subscription.next_attempt_at);
      return goOnUnmoved(c);
    case 'active':
      return c.patch({ next_attempt_at: nextWaiting(c) });
    default:
  }
}

/** All that was owed is paid: it goes on, and the time in which it was not served is not billed. */
function recoverUnpaid(c: BillingCase): void {
  const s = c.subscription;
  if (c.openInvoices().length > 0) return;
  const over = s.period_end !== null && s.period_end <= c.now && !s.cancel_at_period_end;
  // The next period follows at a distance from the payment, never as a burst.
  const next = addDuration(c.now, `${NEXT_INVOICE_HOURS}h`);
  c.patch({
    status: nextSubscriptionStatus(s.status, 'recover'),
    ...noDunning,
    ...(over && { period_end: next, billing_anchor: next, epoch: s.epoch + 1, epoch_first_period: s.period_no + 1 }),
  });
  c.tellSubscription('subscription.recovered', { status: 'unpaid' });
}

/**
 * Invoices that were owed before a pause are owed after it: the ladder begins anew, at once. `confirmed`: somebody
 * who asked for the charge takes it upon himself, whatever was suspected of the wallet.
 */
export function resumeCollection(c: BillingCase, confirmed: boolean): void {
  // One that a resume by checkout wrote has no period yet: it was not owed before.
  const owed = c.openInvoices().filter((invoice) => invoice.period_start !== null);
  const [oldest] = owed;
  if (!oldest || owed.every((invoice) => c.isBeingCharged(invoice))) return;
  const failure = confirmed ? null : failureToWaitOut(c, oldest);
  if (failure) return fallPastDue(c, oldest, { past_due_reason: 'owed_before_pause', past_due_class: failureOf(failure), ...waitForSomebody(c) });
  const alive = c.activeSource() !== null;
  fallPastDue(c, oldest, {
    past_due_reason: 'owed_before_pause',
    past_due_class: alive ? null : 'reauthorise',
    ...(alive ? { next_attempt_at: laterTry(c, c.now), dunning_ends_at: null } : waitForSomebody(c)),
  });
}
