import type { BillingCase } from './case.js';
import type { Invoice } from './invoice.js';
import type { PaymentFact } from './observation.js';
import { settle } from './settlement.js';
import { isEnded } from './subscription.js';

/**
 * Money that a life took which this database has forgotten, of a subscription that has ended since: its charge is written
 * down and settled, late money as any other. One that lives makes that charge again by itself. Returns whether it was taken in.
 */
export function settleForgotten(c: BillingCase, invoice: Invoice, attempt: number, fact: PaymentFact, requestId: string | null): boolean {
  const known = c.charges.all().some((charge) => charge.period_no === invoice.period_no && charge.attempt === attempt);
  if (known || !isEnded(c.subscription) || invoice.status === 'open' || fact.status !== 'captured') return false;
  const charge = c.recallCharge(invoice, attempt);
  settle(c, { charge: charge.id, request_id: requestId, kind: 'fact', fact });
  return true;
}
