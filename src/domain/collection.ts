import type { BillingCase } from './case.js';
import { type Charge, failureOf, isCustomerPresent } from './charge.js';
import { closeOwed } from './closing.js';
import type { Invoice } from './invoice.js';
import { awaitPayment, climb, enterDunning, exhaust, goOnUnmoved, isOwnTry, isTechnicalTry, isUsedUp, laterTry, setNextAttempt, tryUnlessPlanned } from './ladder.js';
import { nextSourceStatus, type Source } from './source.js';
import { nextWaiting, notBefore, waitUntil } from './waiting.js';

/** How an open invoice is collected from the stored wallet, and what follows when that fails. */

const SPREAD_MS = 60_000;

/** The first, regular try of a new invoice. Spreading moves only the sending, never the period. */
export function chargeRenewal(c: BillingCase, invoice: Invoice): void {
  const source = c.activeSource();
  if (!source) {
    enterDunning(c, invoice, null);
    return;
  }
  const later = notBefore(c, c.invoices.get(invoice.id));
  if (later) waitUntil(c, invoice, later);
  else c.addCharge('recurring', invoice, source, null, spreadOver(c));
}

/** Outside a ladder each period is charged by itself, whatever became of the one before. */
function chargeWaiting(c: BillingCase): void {
  const due = c.openInvoices().find((i) => i.next_attempt_at !== null && i.next_attempt_at <= c.now && !c.isBeingCharged(i));
  if (due) c.patchInvoice(due.id, { next_attempt_at: null });
  c.patch({ next_attempt_at: nextWaiting(c) });
  if (due) chargeRenewal(c, due);
}

/** The ladder is over, but somebody has begun to pay: one try of the next debt. What fails is asked for no more. */
function chargeUnpaid(c: BillingCase): void {
  setNextAttempt(c, null);
  const [oldest] = c.openInvoices();
  const source = c.activeSource();
  if (oldest && source && !c.isBeingCharged(oldest) && notBefore(c, oldest) === null) {
    c.addCharge(c.chargesOf(oldest.id).some(isOwnTry) ? 'retry' : 'recurring', oldest, source, null, c.engineNow);
  }
}

function spreadOver(c: BillingCase): Date {
  const minutes = c.subscription.test_clock === null ? c.plan.spread_minutes : 0;
  if (minutes === 0) return c.engineNow;
  // The id's tail is random, so a subscription keeps its own slot from period to period.
  let slot = 7;
  for (const char of c.subscription.id.slice(-6)) slot = (slot * 31 + char.charCodeAt(0)) % 9973;
  return new Date(c.engineNow.getTime() + (slot % minutes) * SPREAD_MS);
}

/** A step of the ladder, or the next invoice after a success: tries the oldest invoice that is owed. */
export function tryOldest(c: BillingCase): void {
  if (c.subscription.status === 'active') return chargeWaiting(c);
  if (c.subscription.status === 'unpaid') return chargeUnpaid(c);
  const oldest = c.openInvoices()[0];
  const source = c.activeSource();
  if (!oldest) {
    setNextAttempt(c, null);
    return;
  }
  if (!source) {
    awaitPayment(c);
    return;
  }
  if (c.isBeingCharged(oldest)) {
    // Its outcome decides what comes next; a step is never used up by a charge that is still in flight.
    setNextAttempt(c, null);
    return;
  }
  const later = notBefore(c, oldest);
  if (later) {
    // A due step waits; it is not used up.
    setNextAttempt(c, laterTry(c, later));
    return;
  }
  setNextAttempt(c, null);
  // The first try of an invoice that had to wait for its turn uses up no step of the ladder.
  const tried = c.chargesOf(oldest.id).some(isOwnTry);
  const trigger = isTechnicalTry(c, oldest) ? 'technical' : 'schedule';
  // The invoice that had a try left beside the ladder is owed no more.
  if (tried && trigger === 'schedule' && isUsedUp(c)) return exhaust(c);
  c.addCharge(tried ? 'retry' : 'recurring', oldest, source, null, c.engineNow, trigger);
  if (tried) c.tellSubscription('dunning.retried');
}

/** A merchant-initiated charge failed for good: the customer is past due and the ladder decides. */
export function onAttemptFailed(c: BillingCase, charge: Charge): void {
  const invoice = c.invoices.get(charge.invoice);
  c.tellInvoice('invoice.payment_failed', invoice);
  if (failureOf(charge) === 'reauthorise') revokeSource(c, c.sources.find(charge.source), charge.response_code);
  if (invoice.status !== 'open') return;
  if (!isCollecting(c)) {
    if (c.subscription.status === 'canceled') closeOwed(c);
    return;
  }
  if (charge.trigger === 'operator') return onOperatorsTryFailed(c, invoice, charge);
  if (c.subscription.dunning_started_at === null) enterDunning(c, invoice, charge);
  else climb(c, charge);
}

/** What an operator tries moves the ladder only where it shows that the wallet is dead. */
function onOperatorsTryFailed(c: BillingCase, invoice: Invoice, charge: Charge): void {
  if (c.activeSource() !== null) return goOnUnmoved(c);
  if (c.subscription.dunning_started_at === null) enterDunning(c, invoice, charge);
  else awaitPayment(c);
}

/** An attempt that never existed at the gateway uses up nothing: the same step is tried again at once. */
export function onAttemptAbsent(c: BillingCase, charge: Charge): void {
  // A redirect is the customer's own try: it is never replaced by a charge of the stored wallet.
  if (isCustomerPresent(charge.kind)) return;
  if (c.subscription.status === 'canceled') closeOwed(c);
  const invoice = c.invoices.get(charge.invoice);
  if (invoice.status !== 'open' || !isCollecting(c)) return;
  const inDunning = c.subscription.dunning_started_at !== null;
  const source = c.activeSource();
  if (!source) {
    if (inDunning) awaitPayment(c);
    else enterDunning(c, invoice, null);
    return;
  }
  if (charge.trigger === 'operator') return goOnUnmoved(c);
  // Meanwhile somebody has to act before anything is tried by itself.
  if (c.subscription.dunning_ends_at !== null) return;
  const at = inDunning ? laterTry(c, c.now) : c.now;
  // The ladder goes on as it was planned where it stands on another invoice.
  if (at > c.now) tryUnlessPlanned(c, at);
  else c.addCharge(charge.kind, invoice, source, null, c.engineNow, charge.trigger);
}

function isCollecting(c: BillingCase): boolean {
  return c.subscription.status === 'active' || c.subscription.status === 'past_due';
}

/** The wallet that was charged can be charged no more; another may have taken its place meanwhile. */
export function revokeSource(c: BillingCase, source: Source | null, reason: string | null): void {
  if (source?.status !== 'active') return;
  const revoked = c.sources.patch(source.id, {
    status: nextSourceStatus(source.status, 'revoke'),
    ended_reason: reason,
    ended_at: c.now,
    updated_at: c.now,
  });
  c.tellSource('source.revoked', revoked);
}
