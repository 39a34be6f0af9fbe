import type { BillingCase } from './case.js';
import { addDuration } from './calendar.js';
import { type Charge, failureOf, isCustomerPresent, isOpen } from './charge.js';
import { closeOwed, withdrawUnsent } from './closing.js';
import { classOf, type DeclineClass } from './decline.js';
import { MOST_UNKNOWN_FAILURES, NEXT_INVOICE_HOURS, retryAt, technicalRetryAt, waitEnd } from './dunning.js';
import { withinHours } from './hours.js';
import type { Invoice } from './invoice.js';
import { nextSubscriptionStatus, type Subscription } from './subscription.js';

/**
 * The ladder of a subscription whose payment failed: when the next try is due, when there is none, and how it
 * ends. It belongs to the subscription; each of its steps tries the oldest invoice that is owed. What leads off it
 * again stands in `recovery.ts`.
 */

/** Hours (customer clock) after which it is looked again whether a payment that was begun in time has come to its end. */
const PAYING_HOURS = 1;
/** How long (engine clock) a payment may stay in doubt before the end of the ladder waits for it no more. */
const MOST_PATIENCE_MS = 3 * 86_400_000;

/** The invoice's tries that the engine made by itself and that came to an end, oldest first. */
function ownFailures(c: BillingCase, invoice: string): Charge[] {
  return c
    .chargesOf(invoice)
    .filter((charge) => isOwnTry(charge) && failureOf(charge) !== null)
    .sort((a, b) => a.attempt - b.attempt);
}

/** Whether the engine made it by itself, on the stored wallet. */
export function isOwnTry(charge: Charge): boolean {
  return !isCustomerPresent(charge.kind) && charge.trigger !== 'operator';
}

/** When what failed for a technical reason is tried again, beside the ladder; null where that is no way out. */
function technicalRetry(c: BillingCase, invoice: string): Date | null {
  const used = c.chargesOf(invoice).filter((charge) => charge.trigger === 'technical' && failureOf(charge) !== null).length;
  return technicalRetryAt(c.policy, used, c.now, c.subscription.time_zone);
}

/** Whether the next try of the invoice repeats one that failed for a technical reason: it uses up no step. */
export function isTechnicalTry(c: BillingCase, invoice: Invoice): boolean {
  const last = ownFailures(c, invoice.id).at(-1);
  return last !== undefined && failureOf(last) === 'technical' && technicalRetry(c, invoice.id) !== null;
}

/** Whether an unknown reason has been given more often than is tried in the dark. */
function isTooDark(c: BillingCase, charge: Charge): boolean {
  if (charge.decline_class === null || classOf(charge.response_code) !== null) return false;
  const dark = ownFailures(c, charge.invoice).filter((own) => own.decline_class !== null && classOf(own.response_code) === null);
  return dark.length >= MOST_UNKNOWN_FAILURES;
}

/** What follows a failed try: another one soon, the next step of the ladder, or a wait for somebody to act. */
function wayOn(c: BillingCase, charge: Charge): 'soon' | 'ladder' | 'wait' {
  if (c.activeSource() === null) return 'wait';
  const why: DeclineClass = failureOf(charge) ?? 'funds';
  switch (why) {
    case 'configuration':
      return 'wait';
    // A wallet that took the place of the one under suspicion, or of the dead one, has done nothing yet.
    case 'risk':
      return charge.source === c.subscription.source ? 'wait' : 'ladder';
    case 'technical':
      return technicalRetry(c, charge.invoice) === null ? 'ladder' : 'soon';
    case 'reauthorise':
    case 'funds':
      return isTooDark(c, charge) ? 'wait' : 'ladder';
  }
}

/** The first failure: the customer is past due and the ladder begins. Without a charge there is no wallet to charge. */
export function enterDunning(c: BillingCase, invoice: Invoice, charge: Charge | null): void {
  const way = charge ? wayOn(c, charge) : 'wait';
  const why = { past_due_reason: charge ? charge.response_code : 'source_revoked', past_due_class: charge ? failureOf(charge) : 'reauthorise' } as const;
  if (way === 'wait') return fallPastDue(c, invoice, { ...why, ...waitForSomebody(c) });
  const next = nextTry(c, invoice.id, way, 0);
  // A ladder without steps is over before it began.
  fallPastDue(c, invoice, { ...why, next_attempt_at: next, dunning_ends_at: next === null ? c.now : null });
}

/** No try would help before somebody has acted. */
export function waitForSomebody(c: BillingCase) {
  return { next_attempt_at: null, dunning_ends_at: waitEnd(c.policy, c.now) };
}

/** The ladder begins: with its next try, or with the time in which somebody has to act. */
export function fallPastDue(
  c: BillingCase,
  invoice: Invoice,
  begin: Pick<Subscription, 'past_due_reason' | 'past_due_class' | 'next_attempt_at' | 'dunning_ends_at'>,
): void {
  const previous = { status: c.subscription.status };
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'fall_past_due'),
    dunning_started_at: c.now,
    dunning_step: 0,
    ...begin,
  });
  c.patchInvoice(invoice.id, { next_attempt_at: begin.next_attempt_at });
  c.tellSubscription('subscription.past_due', previous);
  c.tellSubscription('dunning.started');
}

function nextTry(c: BillingCase, invoice: string, way: 'soon' | 'ladder', step: number): Date | null {
  return way === 'soon' ? technicalRetry(c, invoice) : retryAt(c.policy, step, c.now, c.subscription.time_zone);
}

/** Another failure on the ladder: one rung further, a try beside it, or the end. */
export function climb(c: BillingCase, charge: Charge): void {
  const isStep = charge.kind === 'retry' && charge.trigger === 'schedule';
  const step = (c.subscription.dunning_step ?? 0) + (isStep ? 1 : 0);
  c.patch({ dunning_step: step, past_due_reason: charge.response_code, past_due_class: failureOf(charge) });
  const way = wayOn(c, charge);
  if (way === 'wait') return awaitPayment(c);
  // Somebody has to act first, whatever else fails meanwhile.
  if (c.subscription.dunning_ends_at !== null) return;
  // A period that failed by itself joins the ladder where it stands.
  if (charge.kind === 'recurring' && isUnderWay(c)) return;
  const next = nextTry(c, charge.invoice, way, step);
  setNextAttempt(c, next);
  if (next === null) exhaust(c);
}

/** Whether every step has been tried. One that begins anew has a first step, however short it is. */
export function isUsedUp(c: BillingCase): boolean {
  const step = c.subscription.dunning_step ?? 0;
  return step > 0 && step >= c.policy.retries.length;
}

/** Whether the ladder goes on by itself: its next try has a time, or the outcome of one decides. */
function isUnderWay(c: BillingCase): boolean {
  const { next_attempt_at, dunning_ends_at } = c.subscription;
  // What is in flight for an invoice that is paid already decides nothing any more.
  return next_attempt_at !== null || dunning_ends_at !== null || c.openInvoices().some((invoice) => c.isBeingCharged(invoice));
}

/** No try would help: the customer, or the operator, gets the time of the whole ladder; then comes its end. */
export function awaitPayment(c: BillingCase): void {
  setNextAttempt(c, null);
  if (c.subscription.dunning_ends_at === null) c.patch(waitForSomebody(c));
}

/** A try of the operator's moved nothing; what the ladder owed meanwhile follows at a distance. */
export function goOnUnmoved(c: BillingCase): void {
  tryUnlessPlanned(c, nextInvoiceAt(c));
}

/** The next try comes then, where the ladder has planned none and waits for nothing. */
export function tryUnlessPlanned(c: BillingCase, at: Date): void {
  if (!isUnderWay(c)) setNextAttempt(c, at);
}

/** The next try belongs to the ladder; the invoice it will try shows it too. */
export function setNextAttempt(c: BillingCase, at: Date | null): void {
  c.patch({ next_attempt_at: at });
  const oldest = c.openInvoices()[0];
  if (oldest && oldest.next_attempt_at?.getTime() !== at?.getTime()) c.patchInvoice(oldest.id, { next_attempt_at: at });
}

export const noDunning = {
  past_due_reason: null,
  past_due_class: null,
  dunning_started_at: null,
  dunning_step: null,
  dunning_ends_at: null,
  next_attempt_at: null,
} as const;

/** The time that somebody had to act in is over. What he has begun to pay by then is waited for. */
export function endWait(c: BillingCase): void {
  const paying = c.openInvoices().some((invoice) => c.chargesOf(invoice.id).some((charge) => isBeingPaid(charge, c.engineNow)));
  if (paying) c.patch({ dunning_ends_at: addDuration(c.now, `${PAYING_HOURS}h`) });
  else exhaust(c);
}

/** Whether its outcome is still to come, and not in doubt for days. */
function isBeingPaid(charge: Charge, now: Date): boolean {
  return isOpen(charge.status) && now.getTime() < (charge.last_sent_at ?? now).getTime() + MOST_PATIENCE_MS;
}

/** The ladder's end: the policy's final action. */
export function exhaust(c: BillingCase): void {
  c.tellSubscription('dunning.exhausted');
  const previous = { status: c.subscription.status };
  switch (c.policy.final_action) {
    case 'cancel':
      c.patch({
        status: nextSubscriptionStatus(c.subscription.status, 'cancel'),
        canceled_at: c.now,
        cancel_reason: 'dunning_exhausted',
        ended_by: 'dunning',
        ...noDunning,
      });
      withdrawUnsent(c);
      closeOwed(c);
      c.tellSubscription('subscription.canceled', previous);
      return;
    case 'unpaid':
      c.patch({ status: nextSubscriptionStatus(c.subscription.status, 'give_up_unpaid'), ...noDunning });
      withdrawUnsent(c);
      c.tellSubscription('subscription.unpaid', previous);
      return;
    case 'pause':
      c.patch({ status: nextSubscriptionStatus(c.subscription.status, 'pause'), paused_at: c.now, ...noDunning });
      withdrawUnsent(c);
      c.tellSubscription('subscription.paused', previous);
  }
}

/** A try that would fall due at `at`, moved into the hours that the policy keeps. */
export function laterTry(c: BillingCase, at: Date): Date {
  return withinHours(at, c.policy.allowed_hours, c.subscription.time_zone);
}

/** When what is owed next is asked for after something else of it was settled: at a distance, within the hours that the policy keeps. */
export function nextInvoiceAt(c: BillingCase): Date {
  return laterTry(c, addDuration(c.now, `${NEXT_INVOICE_HOURS}h`));
}

/** The last try of the invoice, if it failed so that the same wallet is not tried again before somebody has acted. */
export function failureToWaitOut(c: BillingCase, invoice: Invoice): Charge | null {
  const last = ownFailures(c, invoice.id).at(-1);
  return last !== undefined && c.activeSource() !== null && wayOn(c, last) === 'wait' ? last : null;
}
