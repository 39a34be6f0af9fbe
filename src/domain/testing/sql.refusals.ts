import type { BookedPosting, CaseRecords } from '../case.records.js';
import { isCustomerPresent, isOpen } from '../charge.js';

/** What the database refuses, for stories that have none. */

/** A money fact is booked once, and sums to zero. */
export function refuseBooking(booked: readonly BookedPosting[], posting: BookedPosting): void {
  const twice = booked.some((p) => p.source_key === posting.source_key);
  if (twice) throw new Error(`the fact ${posting.source_key} is booked twice`);
  const sum = posting.entries.reduce((total, entry) => total + entry.amount, 0);
  if (sum !== 0) throw new Error(`${posting.source_key} does not balance`);
}

export function refuseWhatSqlRefuses({ invoices, charges, sources }: CaseRecords): void {
  const periods = invoices.filter((i) => i.status !== 'void').map((i) => i.period_no);
  if (new Set(periods).size !== periods.length) throw new Error('a period has two invoices');
  const live = charges.filter((c) => !isCustomerPresent(c.kind) && isOpen(c.status)).map((c) => c.invoice);
  if (new Set(live).size !== live.length) throw new Error('an invoice has two open merchant-initiated charges');
  if (sources.filter((s) => s.status === 'active').length > 1) throw new Error('two wallets are active');
  for (const i of invoices.filter((invoice) => invoice.status === 'paid')) {
    if (i.amount_due !== 0 || i.amount_paid + i.balance_applied !== i.total) throw new Error(`${i.id} is paid without money`);
  }
}
