import type { BillingCase } from './case.js';
import { type Charge, nextChargeStatus } from './charge.js';
import { type Invoice, nextInvoiceStatus, type VoidReason } from './invoice.js';
import { invoiceVoided, invoiceWrittenOff } from './ledger.js';
import { toCompare } from './lookup.js';

/** How what is not collected any more is closed: charges withdrawn, invoices voided or given up. */

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

export function writeOff(c: BillingCase, invoice: Invoice): void {
  const written = c.patchInvoice(invoice.id, {
    status: nextInvoiceStatus(invoice.status, 'write_off'),
    next_attempt_at: null,
  });
  c.post(invoiceWrittenOff(invoice));
  c.tellInvoice('invoice.uncollectible', written);
}

/**
 * What becomes of owed invoices when the subscription ends: a period that never started is not owed;
 * one whose charge is still in flight waits for it; the rest is given up.
 */
export function closeOwed(c: BillingCase): void {
  const advance = c.advanceInvoice();
  if (advance?.status === 'open') voidInvoice(c, advance, 'subscription_ended');
  for (const invoice of c.openInvoices()) {
    if (invoice.period_start === null) voidInvoice(c, invoice, 'subscription_ended');
    else if (!c.isBeingCharged(invoice)) writeOff(c, invoice);
  }
}
