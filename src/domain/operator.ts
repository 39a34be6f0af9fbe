import type { BillingCase } from './case.js';
import type { Charge } from './charge.js';
import { voidInvoice, withdrawUnsent, writeOff } from './closing.js';
import { conflict } from './errors.js';
import type { Invoice } from './invoice.js';
import { refuseEnded } from './lifecycle.js';
import { onInvoiceDropped } from './recovery.js';
import { beingCharged, secondsOpen } from './waiting.js';

/** What an operator may do to an invoice that is owed. Nothing of it moves the ladder. */

/** What is asked for in advance is the customer's own business until its period begins. */
function refuseAdvance(c: BillingCase, invoice: Invoice): void {
  if (invoice.id === c.subscription.advance_invoice) throw conflict('invoice_not_due', 'Its period has not begun: the customer may pay it in advance.');
}

/** One try at once, on the stored wallet, whatever the ladder plans. */
export function payNow(c: BillingCase, invoice: Invoice): Charge {
  refuseClosed(invoice);
  refuseEnded(c.subscription);
  refuseAdvance(c, invoice);
  refuseBusy(c, invoice);
  const { charge_from: from } = invoice;
  if (from !== null && from > c.now) throw conflict('renewal_notice_pending', `Its customer was told that it is charged at ${from.toISOString()}.`);
  const source = c.activeSource();
  if (!source) throw conflict('no_active_source', 'There is no wallet to charge: the customer has to sign anew.');
  return c.addCharge('retry', invoice, source, null, c.engineNow, 'operator');
}

/** It is not owed after all. What pays it all the same is given back. */
export function voidOwed(c: BillingCase, invoice: Invoice): void {
  drop(c, invoice, () => voidInvoice(c, invoice, 'operator'));
}

/** It is owed, and given up. What pays it all the same is kept. */
export function giveUp(c: BillingCase, invoice: Invoice): void {
  refuseAdvance(c, invoice);
  if (invoice.period_start === null) throw conflict('invoice_not_due', 'Its period has not begun: it can be voided.');
  drop(c, invoice, () => writeOff(c, invoice));
}

function drop(c: BillingCase, invoice: Invoice, close: () => void): void {
  refuseClosed(invoice);
  if (c.subscription.status === 'incomplete') {
    throw conflict('subscription_incomplete', 'It is the first invoice of a sign-up: cancel the subscription instead.');
  }
  withdrawUnsent(c, c.chargesOf(invoice.id));
  refuseBusy(c, invoice);
  close();
  onInvoiceDropped(c);
}

function refuseClosed(invoice: Invoice): void {
  if (invoice.status !== 'open') throw conflict(`invoice_${invoice.status}`, `The invoice is ${invoice.status}.`);
}

function refuseBusy(c: BillingCase, invoice: Invoice): void {
  if (c.isBeingCharged(invoice)) throw beingCharged();
  const seconds = secondsOpen(c, invoice);
  if (seconds !== null) throw conflict('charge_in_progress', 'The customer may be paying it himself right now.', seconds);
}
