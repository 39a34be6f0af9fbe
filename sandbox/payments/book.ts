import type { Store } from '../store.js';
import type { Action, BookEntry, Payment } from './model.js';

/** Totals of one currency, minor units. */
export interface BookTotals {
  captured: number;
  captured_count: number;
  refunded: number;
  refunded_count: number;
  returned: number;
  returned_count: number;
  net: number;
}

/** The gateway's own record of money: every capture and refund is added, none is ever changed or removed. */
export class Book {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  recordCapture(payment: Payment, action: Action, late: boolean): void {
    const { store } = this;
    const entry: BookEntry = {
      number: store.book.rows.size + 1,
      payment_id: payment.id,
      action_id: action.id,
      reference: payment.terms.reference,
      source_id: payment.source_id,
      customer_email: store.customers.get(payment.customer_id)?.email,
      kind: payment.kind,
      payment_type: payment.terms.payment_type,
      amount: action.amount,
      currency: payment.terms.currency,
      requested_at: payment.requested_at,
      captured_at: action.processed_at,
      late,
      refunds: [],
    };
    if (store.book.get(payment.id) !== undefined) throw new Error(`${payment.id} is already captured`);
    store.book.put(payment.id, entry);
  }

  recordRefund(payment: Payment, action: Action, kind: 'refund' | 'return'): void {
    const entry = this.store.book.get(payment.id);
    if (entry === undefined) throw new Error(`${payment.id} was never captured`);
    entry.refunds.push({ action_id: action.id, amount: action.amount, kind, at: action.processed_at, reference: action.reference });
    this.store.book.touch(payment.id);
  }

  /** Totals per currency; `net` is what the merchant keeps. */
  totals(): Record<string, BookTotals> {
    const totals: Record<string, BookTotals> = {};
    for (const entry of this.store.book.rows.values()) {
      const sum = (totals[entry.currency] ??= { captured: 0, captured_count: 0, refunded: 0, refunded_count: 0, returned: 0, returned_count: 0, net: 0 });
      sum.captured += entry.amount;
      sum.captured_count += 1;
      for (const refund of entry.refunds) {
        sum[refund.kind === 'refund' ? 'refunded' : 'returned'] += refund.amount;
        sum[refund.kind === 'refund' ? 'refunded_count' : 'returned_count'] += 1;
      }
    }
    for (const sum of Object.values(totals)) sum.net = sum.captured - sum.refunded - sum.returned;
    return totals;
  }

  /** Entries numbered above `cursor`, in order of capture. */
  entries(cursor: number, limit: number): { data: BookEntry[]; next_cursor: number | null } {
    const data: BookEntry[] = [];
    let index = 0;
    for (const entry of this.store.book.rows.values()) {
      index += 1;
      if (index <= cursor) continue;
      if (data.length === limit) return { data, next_cursor: cursor + limit };
      data.push(entry);
    }
    return { data, next_cursor: null };
  }
}
