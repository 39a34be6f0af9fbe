import type { BillingCase } from './case.js';
import { isCustomerPresent, isOpen, payableUntil } from './charge.js';
import { conflict, type Refusal } from './errors.js';
import type { Invoice } from './invoice.js';

/** What must not be charged yet. Outside a ladder each such invoice waits for an instant of its own. */

/** Until when (engine clock) the customer may still pay this invoice himself through an open redirect. */
export function redirectOpenUntil(c: BillingCase, invoice: Invoice): Date | null {
  const ends = c
    .chargesOf(invoice.id)
    .filter((charge) => isCustomerPresent(charge.kind) && isOpen(charge.status))
    .map((charge) => payableUntil(charge, c.engineNow))
    .filter((end) => end > c.engineNow);
  return ends.sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
}

/** Seconds for which such a redirect stays open, rounded up; null where none is. */
export function secondsOpen(c: BillingCase, invoice: Invoice): number | null {
  const openUntil = redirectOpenUntil(c, invoice);
  return openUntil && Math.ceil((openUntil.getTime() - c.engineNow.getTime()) / 1000);
}

/** How soon it makes sense to ask again while a charge is in flight, in seconds. */
const ASK_AGAIN_SECONDS = 30;

/** The refusal of what must not happen while the stored wallet is being charged. */
export function beingCharged(): Refusal {
  return conflict('charge_in_progress', 'The wallet is being charged right now.', ASK_AGAIN_SECONDS);
}

/** Until when (customer clock) it must not be charged: its notice is too young, or its customer may be paying it. */
export function notBefore(c: BillingCase, invoice: Invoice): Date | null {
  if (invoice.charge_from !== null && invoice.charge_from > c.now) return invoice.charge_from;
  const openUntil = redirectOpenUntil(c, invoice);
  return openUntil && new Date(c.now.getTime() + Math.max(1, openUntil.getTime() - c.engineNow.getTime()));
}

export function waitUntil(c: BillingCase, invoice: Invoice, at: Date): void {
  c.patchInvoice(invoice.id, { next_attempt_at: at });
  c.patch({ next_attempt_at: nextWaiting(c) });
}

/** When the first of those that wait may be charged. */
export function nextWaiting(c: BillingCase): Date | null {
  const waiting = c.openInvoices().flatMap((i) => (i.next_attempt_at && !c.isBeingCharged(i) ? [i.next_attempt_at] : []));
  return waiting.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
}
