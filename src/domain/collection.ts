import type { BillingCase } from './case.js';
import { addDuration } from './calendar.js';
import { type Charge, type ChargeKind, isCustomerPresent, isOpen, nextChargeStatus, payableUntil } from './charge.js';
import { isRevocation, ladderEnd, NEXT_INVOICE_HOURS, retryAt } from './dunning.js';
import { type Invoice, nextInvoiceStatus, type VoidReason } from './invoice.js';
import { invoiceVoided, invoiceWrittenOff } from './ledger.js';
import { toCompare } from './lookup.js';
import { nextSourceStatus, type Source } from './source.js';
import { nextSubscriptionStatus } from './subscription.js';

/**
 * How an open invoice is collected from the stored wallet, and what follows when that fails.
 * The ladder belongs to the subscription: each of its steps tries the oldest invoice that is owed.
 */

const SPREAD_MS = 60_000;

/** The first, regular try of a new invoice. Spreading moves only the sending, never the period. */
export function chargeRenewal(c: BillingCase, invoice: Invoice): void {
  const source = c.activeSource();
  if (!source) {
    enterDunning(c, invoice, 'source_revoked');
    return;
  }
  const openUntil = redirectOpenUntil(c, invoice);
  if (openUntil) {
    postponeUntil(c, openUntil);
    return;
  }
  c.addCharge('recurring', invoice, source, null, spreadOver(c));
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
  const oldest = c.openInvoices()[0];
  const source = c.activeSource();
  if (!oldest) {
    setNextAttempt(c, null);
    return;
  }
  if (!source) {
    awaitNewWallet(c);
    return;
  }
  if (isBeingCharged(c, oldest)) {
    // Its outcome decides what comes next; a step is never used up by a charge that is still in flight.
    setNextAttempt(c, null);
    return;
  }
  const openUntil = redirectOpenUntil(c, oldest);
  if (openUntil) {
    postponeUntil(c, openUntil);
    return;
  }
  setNextAttempt(c, null);
  // The first try of an invoice that had to wait for its turn uses up no step of the ladder.
  const tried = c.chargesOf(oldest.id).some((charge) => !isCustomerPresent(charge.kind));
  c.addCharge(tried ? 'retry' : 'recurring', oldest, source, null, c.engineNow);
  if (tried) c.tellSubscription('dunning.retried');
}

/** Until when (engine clock) the customer may still pay this invoice himself through an open redirect. */
function redirectOpenUntil(c: BillingCase, invoice: Invoice): Date | null {
  const ends = c
    .chargesOf(invoice.id)
    .filter((charge) => isCustomerPresent(charge.kind) && isOpen(charge.status))
    .map((charge) => payableUntil(charge, c.engineNow))
    .filter((end) => end > c.engineNow);
  return ends.sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
}

/** A merchant-initiated charge failed for good: the customer is past due and the ladder decides. */
export function onAttemptFailed(c: BillingCase, charge: Charge): void {
  const invoice = c.invoices.get(charge.invoice);
  c.tellInvoice('invoice.payment_failed', invoice);
  if (isRevocation(charge.response_code)) revokeSource(c, c.sources.find(charge.source), charge.response_code);
  if (invoice.status !== 'open') return;
  if (!isCollecting(c)) {
    if (c.subscription.status === 'canceled') closeOwed(c);
    return;
  }
  if (c.subscription.dunning_started_at === null) {
    enterDunning(c, invoice, charge.response_code);
    return;
  }
  if (c.activeSource() === null) {
    awaitNewWallet(c);
    return;
  }
  // Only a step of the ladder is used up; a period that failed by itself joins the ladder where it stands.
  if (charge.kind === 'retry') climb(c);
  else joinLadder(c);
}

/** An attempt that never existed at the gateway uses up nothing: the same step is tried again at once. */
export function onAttemptAbsent(c: BillingCase, charge: Charge): void {
  // A redirect is the customer's own try: it is never replaced by a charge of the stored wallet.
  if (isCustomerPresent(charge.kind)) return;
  if (c.subscription.status === 'canceled') closeOwed(c);
  const invoice = c.invoices.get(charge.invoice);
  if (invoice.status !== 'open' || !isCollecting(c)) return;
  const source = c.activeSource();
  if (source) c.addCharge(charge.kind, invoice, source, null, c.engineNow);
  else if (c.subscription.dunning_started_at === null) enterDunning(c, invoice, 'source_revoked');
  else awaitNewWallet(c);
}

/** Whether a charge of the stored wallet is in flight for it: then its outcome decides what comes next. */
function isBeingCharged(c: BillingCase, invoice: Invoice, kind?: ChargeKind): boolean {
  return c.liveCharges().some((charge) => charge.invoice === invoice.id && (kind === undefined || charge.kind === kind));
}

function isCollecting(c: BillingCase): boolean {
  return c.subscription.status === 'active' || c.subscription.status === 'past_due';
}

function enterDunning(c: BillingCase, invoice: Invoice, reason: string | null): void {
  const previous = { status: c.subscription.status };
  const alive = c.activeSource() !== null;
  const first = alive ? retryAt(c.policy, 0, c.now) : null;
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'fall_past_due'),
    past_due_reason: reason,
    dunning_started_at: c.now,
    dunning_step: 0,
    next_attempt_at: first,
    // A dead wallet cannot be tried, but the customer gets the time of the whole ladder to sign anew.
    dunning_ends_at: first === null ? ladderEnd(c.policy, c.now) : null,
  });
  c.patchInvoice(invoice.id, { next_attempt_at: first });
  c.tellSubscription('subscription.past_due', previous);
  c.tellSubscription('dunning.started');
}

/** One rung further, or the end of the ladder. */
function climb(c: BillingCase): void {
  const step = (c.subscription.dunning_step ?? 0) + 1;
  const next = retryAt(c.policy, step, c.now);
  c.patch({ dunning_step: step });
  setNextAttempt(c, next);
  if (next === null) exhaust(c);
}

function joinLadder(c: BillingCase): void {
  // What is in flight for an invoice that is paid already decides nothing any more.
  const awaited = c.openInvoices().some((invoice) => isBeingCharged(c, invoice));
  if (c.subscription.next_attempt_at !== null || awaited) return;
  setNextAttempt(c, retryAt(c.policy, c.subscription.dunning_step ?? 0, c.now));
}

/** A dead wallet cannot be tried, but the customer gets the time of the whole ladder to sign anew. */
function awaitNewWallet(c: BillingCase): void {
  setNextAttempt(c, null);
  if (c.subscription.dunning_ends_at === null) c.patch({ dunning_ends_at: ladderEnd(c.policy, c.now) });
}

/**
 * After a payment: the next owed invoice follows at a distance, or the subscription is well again. A period
 * whose first try is still in flight has not failed, so that it does not matter which news came first.
 */
export function onInvoicePaid(c: BillingCase): void {
  if (c.subscription.status === 'unpaid') recoverUnpaid(c);
  if (c.subscription.status !== 'past_due') return;
  const owed = c.openInvoices();
  const [oldest] = owed;
  if (oldest && !owed.every((invoice) => isBeingCharged(c, invoice, 'recurring'))) {
    c.patch({ dunning_step: 0, dunning_started_at: c.now, dunning_ends_at: null });
    if (!isBeingCharged(c, oldest)) {
      setNextAttempt(c, addDuration(c.now, `${NEXT_INVOICE_HOURS}h`));
    }
    return;
  }
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'recover'),
    ...noDunning,
  });
  c.tellSubscription('subscription.recovered', { status: 'past_due' });
}

/** All that was owed is paid: it goes on, and the time in which it was not served is not billed. */
function recoverUnpaid(c: BillingCase): void {
  if (c.openInvoices().length > 0) return;
  const s = c.subscription;
  const over = s.period_end !== null && s.period_end <= c.now && !s.cancel_at_period_end;
  // The next period follows at a distance from the payment, never as a burst.
  const next = addDuration(c.now, `${NEXT_INVOICE_HOURS}h`);
  c.patch({
    status: nextSubscriptionStatus(s.status, 'recover'),
    ...(over && { period_end: next, billing_anchor: next, epoch: s.epoch + 1, epoch_first_period: s.period_no + 1 }),
  });
  c.tellSubscription('subscription.recovered', { status: 'unpaid' });
}

export const noDunning = {
  past_due_reason: null,
  dunning_started_at: null,
  dunning_step: null,
  dunning_ends_at: null,
  next_attempt_at: null,
} as const;

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

/** Takes back charges of which the gateway has taken nothing; what was sent runs out by itself. */
export function withdrawUnsent(c: BillingCase, charges: readonly Charge[] = c.charges.all()): void {
  for (const charge of charges) {
    if (charge.status !== 'created') continue;
    c.patchCharge(charge.id, {
      status: nextChargeStatus(charge.status, 'withdraw'),
      // Also what we never sent: a life that a restored database forgot may have.
      ...toCompare(charge, c.engineNow),
      settled_at: c.now,
    });
  }
}

export function voidInvoice(c: BillingCase, invoice: Invoice, reason: VoidReason): void {
  const voided = c.patchInvoice(invoice.id, {
    status: nextInvoiceStatus(invoice.status, 'void'),
    void_reason: reason,
    next_attempt_at: null,
    amount_due: 0 as Invoice['amount_due'],
  });
  c.post(invoiceVoided(invoice));
  c.changeBalance(invoice.balance_applied);
  c.tellInvoice('invoice.voided', voided);
}

/**
 * What becomes of owed invoices when the subscription ends: a period that never started is not owed;
 * one whose charge is still in flight waits for it; the rest is given up.
 */
export function closeOwed(c: BillingCase): void {
  for (const invoice of c.openInvoices()) {
    if (invoice.period_start === null) voidInvoice(c, invoice, 'subscription_ended');
    else if (!isBeingCharged(c, invoice)) writeOff(c, invoice);
  }
}

function writeOff(c: BillingCase, invoice: Invoice): void {
  const written = c.patchInvoice(invoice.id, {
    status: nextInvoiceStatus(invoice.status, 'write_off'),
    next_attempt_at: null,
  });
  c.post(invoiceWrittenOff(invoice));
  c.tellInvoice('invoice.uncollectible', written);
}

/** The wallet that was charged has been ended by its customer; another may have taken its place meanwhile. */
export function revokeSource(c: BillingCase, source: Source | null, reason: string): void {
  if (source?.status !== 'active') return;
  const revoked = c.sources.patch(source.id, {
    status: nextSourceStatus(source.status, 'revoke'),
    ended_reason: reason,
    ended_at: c.now,
    updated_at: c.now,
  });
  c.tellSource('source.revoked', revoked);
}

/** A due step waits for the redirect; it is not used up. */
function postponeUntil(c: BillingCase, openUntil: Date): void {
  setNextAttempt(c, new Date(c.now.getTime() + Math.max(1, openUntil.getTime() - c.engineNow.getTime())));
}

/** The next try belongs to the ladder; the invoice it will try shows it too. */
function setNextAttempt(c: BillingCase, at: Date | null): void {
  c.patch({ next_attempt_at: at });
  const oldest = c.openInvoices()[0];
  if (oldest && oldest.next_attempt_at?.getTime() !== at?.getTime()) c.patchInvoice(oldest.id, { next_attempt_at: at });
}

/** Invoices that were owed before a pause are owed after it: the ladder begins anew, at once. */
export function resumeCollection(c: BillingCase): void {
  // One that a resume by checkout wrote has no period yet: it was not owed before.
  const owed = c.openInvoices().filter((invoice) => invoice.period_start !== null);
  const [oldest] = owed;
  if (!oldest || owed.every((invoice) => isBeingCharged(c, invoice))) return;
  const alive = c.activeSource() !== null;
  c.patch({
    status: nextSubscriptionStatus(c.subscription.status, 'fall_past_due'),
    past_due_reason: 'owed_before_pause',
    dunning_started_at: c.now,
    dunning_step: 0,
    next_attempt_at: alive ? c.now : null,
    dunning_ends_at: alive ? null : ladderEnd(c.policy, c.now),
  });
  c.patchInvoice(oldest.id, { next_attempt_at: c.subscription.next_attempt_at });
  c.tellSubscription('subscription.past_due', { status: 'active' });
  c.tellSubscription('dunning.started');
}
