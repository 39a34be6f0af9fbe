import type { JsonApi } from './json.api.js';
import type { BookEntry, Charge, Invoice } from './records.js';

/** The engine's book and the gateway's, read to the last line. */
export interface TwoBooks {
  invoices: Invoice[];
  /** Captured ones only. */
  captures: Charge[];
  entries: BookEntry[];
}

/** Compares what the gateway says it took with what the engine says it got; returns every difference. */
export function differences(books: TwoBooks): string[] {
  return [...compareLines(books), ...findPaidTwice(books), ...compareInvoices(books), ...compareSums(books)];
}

/** Reads both books through their own interfaces. */
export async function readBooks(api: JsonApi, control: JsonApi): Promise<TwoBooks> {
  const [invoices, captures, entries] = await Promise.all([
    api.all<Invoice>('/v1/invoices'),
    api.all<Charge>('/v1/charges?status=captured'),
    control.all<BookEntry>('/book/entries'),
  ]);
  return { invoices, captures, entries };
}

/** A sum in minor units. */
export function sum<T>(rows: readonly T[], amount: (row: T) => number): number {
  return rows.reduce((total, row) => total + amount(row), 0);
}

function* compareLines({ captures, entries }: TwoBooks): Generator<string> {
  const unmatched = new Map(captures.map((charge) => [charge.gateway_payment_id, charge]));
  if (unmatched.size < captures.length) yield 'a payment stands in the engine’s book more than once';
  for (const entry of entries) {
    const charge = unmatched.get(entry.payment_id);
    if (!charge) {
      yield `${entry.payment_id} (${entry.reference}): captured at the gateway, missing here or listed there twice`;
      continue;
    }
    unmatched.delete(entry.payment_id);
    const pairs = [
      ['reference', charge.reference, entry.reference],
      ['amount', charge.amount, entry.amount],
      ['currency', charge.currency, entry.currency],
      ['refunded', charge.amount_refunded, sum(entry.refunds, ({ amount }) => amount)],
    ];
    for (const [what, here, there] of pairs) {
      if (here !== there) yield `${entry.payment_id}: ${what} is ${here} here and ${there} at the gateway`;
    }
  }
  for (const charge of unmatched.values()) yield `${charge.id} (${charge.reference}): captured here, unknown to the gateway`;
}

function* findPaidTwice({ captures, invoices }: TwoBooks): Generator<string> {
  const periodOf = new Map(invoices.map((invoice) => [invoice.id, `${invoice.subscription}, period ${invoice.period_no}`]));
  const paid = new Set<string>();
  for (const charge of captures.filter(({ surplus }) => !surplus)) {
    const period = periodOf.get(charge.invoice) ?? `unknown invoice ${charge.invoice}`;
    if (paid.has(period)) yield `${period}: paid more than once, again by ${charge.id}`;
    paid.add(period);
  }
}

function* compareInvoices({ invoices, captures }: TwoBooks): Generator<string> {
  const paying = new Map(captures.filter(({ surplus }) => !surplus).map((charge) => [charge.invoice, charge.amount]));
  for (const { id, number, amount_paid: paid } of invoices) {
    const captured = paying.get(id) ?? 0;
    if (paid !== captured) yield `invoice ${number}: ${paid} stands as paid, ${captured} was captured for it`;
  }
}

function* compareSums({ invoices, captures, entries }: TwoBooks): Generator<string> {
  const here = sum(captures, ({ amount }) => amount);
  const there = sum(entries, ({ amount }) => amount);
  if (here !== there) yield `in sum ${here} was captured here and ${there} at the gateway`;
  const surplus = sum(captures.filter((charge) => charge.surplus), ({ amount }) => amount);
  const paid = sum(invoices, ({ amount_paid: amount }) => amount);
  if (paid !== here - surplus) yield `invoices for ${paid} are paid, captured without surplus was ${here - surplus}`;
}
