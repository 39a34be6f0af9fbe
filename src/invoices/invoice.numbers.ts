import type { Invoice } from '../domain/invoice.js';
import type { Transaction } from '../platform/database/database.js';

/**
 * Gives out gapless numbers, one block per year and set. The year's counter stays locked until the
 * transaction ends, and a rollback takes the numbers back: so no number is ever missing.
 * The year is that of the invoice's day in `timeZone`.
 */
export async function numberInvoices(tx: Transaction, invoices: readonly Invoice[], timeZone: string): Promise<Map<string, string>> {
  const yearOf = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone });
  const byYear = new Map<number, Invoice[]>();
  for (const invoice of invoices) {
    const year = Number(yearOf.format(invoice.created_at));
    byYear.set(year, [...(byYear.get(year) ?? []), invoice]);
  }
  const numbers = new Map<string, string>();
  for (const year of [...byYear.keys()].sort((a, b) => a - b)) {
    const block = byYear.get(year) ?? [];
    const [row] = await tx.query<{ last: number }>(
      `insert into invoice_numbers as n (year, last) values ($1, $2)
       on conflict (year) do update set last = n.last + excluded.last
       returning last`,
      [year, block.length],
    );
    const first = (row?.last ?? 0) - block.length + 1;
    block.forEach((invoice, i) => numbers.set(invoice.id, `${year}-${String(first + i).padStart(6, '0')}`));
  }
  return numbers;
}
