import type { BillingCase } from './case.js';
import type { Charge } from './charge.js';
import { voidInvoice } from './closing.js';
import { conflict } from './errors.js';
import type { Invoice } from './invoice.js';
import { type BillingTerms, issueAdvanceInvoice, issueTopUp, nextPeriod } from './invoicing.js';
import type { Source } from './source.js';
import { redirectOpenUntil, secondsOpen } from './waiting.js';
import { holdSource } from './wallet.js';

/**
 * What is paid before it is owed: so a customer changes his wallet when he owes nothing. The subscription
 * remembers the invoice written for it until its period begins. Paid, it is that period's invoice; while its
 * redirect lies open it becomes what is owed when the period begins; failed, it is void, and nothing was asked.
 */

export const ADVANCE_AMOUNTS = ['next_renewal', 'minimum'] as const;
/** The next period, paid in advance; or the least that the gateway takes, for the customer's balance. */
export type AdvanceAmount = (typeof ADVANCE_AMOUNTS)[number];

/** The invoice that a customer who owes nothing pays to change his wallet: the one that is open, or a new one. */
export function writeAdvance(c: BillingCase, amount: AdvanceAmount, terms: BillingTerms): Invoice {
  const s = c.subscription;
  const before = c.advanceInvoice();
  if (before?.status === 'paid') throw conflict('renewal_paid', 'The next renewal has been paid in advance already.');
  if (amount === 'next_renewal' && s.cancel_at_period_end) throw conflict('subscription_canceling', 'It ends with its period: nothing follows.');
  if (amount === 'next_renewal' && s.status === 'paused') throw conflict('subscription_paused', 'Nothing follows while it is paused.');
  if (before?.status === 'open') {
    if (isTopUp(before) === (amount === 'minimum')) return before;
    const seconds = secondsOpen(c, before);
    if (seconds !== null) throw conflict('charge_in_progress', 'A checkout of another amount is open.', seconds);
    voidInvoice(c, before, 'checkout_ended');
  }
  const invoice = amount === 'minimum' ? issueTopUp(c, terms) : issueAdvanceInvoice(c, terms);
  c.patch({ advance_invoice: invoice.id });
  return invoice;
}

export function isTopUp(invoice: Invoice): boolean {
  return invoice.lines[0]?.type === 'top_up';
}

/** A redirect came to nothing: what was asked for in advance is not asked for any more. */
export function onCheckoutFailed(c: BillingCase, charge: Charge): void {
  const advance = c.advanceInvoice();
  if (advance?.id !== charge.invoice || advance.status !== 'open') return;
  if (redirectOpenUntil(c, advance) === null) voidInvoice(c, advance, 'checkout_ended');
}

/** The period begins that was to be paid in advance: its invoice, paid or owed from now on; null where there is none. */
export function takeAdvance(c: BillingCase): Invoice | null {
  const advance = c.advanceInvoice();
  if (!advance) return null;
  if (advance.status === 'open' && isTopUp(advance)) voidInvoice(c, advance, 'checkout_ended');
  c.patch({ advance_invoice: null });
  return c.invoices.get(advance.id).status === 'void' ? null : advance;
}

/** What was paid for a period that never began is given back by whoever ends the subscription. */
export function paidInAdvance(c: BillingCase): Charge | null {
  const advance = c.advanceInvoice();
  if (advance?.status !== 'paid') return null;
  return c.chargesOf(advance.id).find((charge) => charge.status === 'captured' && !charge.surplus) ?? null;
}

/** A paid period that began during a pause is lived in from there, as any paid period is. */
export function enterPaidPeriod(c: BillingCase): void {
  const s = c.subscription;
  const advance = c.advanceInvoice();
  if (!advance || s.period_end === null || s.period_end > c.now) return;
  // What was not paid before its time is not asked for now: the period that follows begins with the resume.
  if (advance.status === 'open') voidInvoice(c, advance, 'checkout_ended');
  if (advance.status !== 'paid') return;
  const { periodNo, span } = nextPeriod(c);
  c.patch({
    advance_invoice: null,
    period_no: periodNo,
    period_start: span.start,
    period_end: span.end,
  });
}

/** The wallet is changed with money that pays for nothing yet: it is the customer's. */
export function settleTopUp(c: BillingCase, invoice: Invoice, source: Source | null): void {
  if (source) holdSource(c, source);
  voidInvoice(c, invoice, 'credited');
}
