/**
 * The chart of accounts. Amounts are signed minor units: debits positive, credits negative;
 * every transaction sums to zero per currency.
 */
export const ACCOUNTS = {
  /** What customers owe us: invoices issued and not yet collected. */
  receivable: 'asset',
  /** Money the gateway has captured for us and not yet paid out. */
  gateway_clearing: 'asset',
  revenue: 'income',
  /** What we owe customers: balances in their favour. */
  customer_balance: 'liability',
  /** Captured money that pays for nothing, until it is returned or credited. */
  surplus: 'liability',
  refunds: 'expense',
  /** Invoices given up. */
  bad_debt: 'expense',
} as const satisfies Record<string, 'asset' | 'liability' | 'income' | 'expense'>;
export type Account = keyof typeof ACCOUNTS;

export interface LedgerEntry {
  account: Account;
  amount: number;
}

/** One money fact. `source_key` names the fact, so that it can be booked only once. */
export interface Posting {
  source_key: string;
  kind: 'invoice_finalized' | 'balance_applied' | 'capture' | 'surplus' | 'invoice_voided' | 'write_off' | 'write_back' | 'refund' | 'credit';
  currency: string;
  entries: readonly LedgerEntry[];
}

interface Billed {
  id: string;
  currency: string;
  total: number;
  balance_applied: number;
  amount_due: number;
}

interface Collected {
  gateway_payment_id: string;
  amount: number;
  currency: string;
}

/** Books `amount` from one account to another: `debit` grows by it, `credit` shrinks. */
function move(
  sourceKey: string,
  kind: Posting['kind'],
  currency: string,
  debit: Account,
  credit: Account,
  amount: number,
): Posting[] {
  if (amount === 0) return [];
  return [
    {
      source_key: sourceKey,
      kind,
      currency,
      entries: [
        { account: debit, amount },
        { account: credit, amount: -amount },
      ],
    },
  ];
}

export function invoiceFinalized(i: Billed): Posting[] {
  return [
    ...move(`${i.id}:finalized`, 'invoice_finalized', i.currency, 'receivable', 'revenue', i.total),
    ...move(`${i.id}:balance`, 'balance_applied', i.currency, 'customer_balance', 'receivable', i.balance_applied),
  ];
}

/** The first capture of an invoice pays it. One capture per payment id, whatever we are told how often. */
export function invoicePaid(c: Collected): Posting[] {
  return move(`${c.gateway_payment_id}:capture`, 'capture', c.currency, 'gateway_clearing', 'receivable', c.amount);
}

/** A capture that pays for nothing: we owe it. */
export function surplusCaptured(c: Collected): Posting[] {
  return move(`${c.gateway_payment_id}:capture`, 'surplus', c.currency, 'gateway_clearing', 'surplus', c.amount);
}

/** Takes back an invoice that is not owed any more; a used balance goes back to the customer. */
export function invoiceVoided(i: Billed): Posting[] {
  return [
    ...move(`${i.id}:voided`, 'invoice_voided', i.currency, 'revenue', 'receivable', i.total),
    ...move(`${i.id}:balance_returned`, 'balance_applied', i.currency, 'receivable', 'customer_balance', i.balance_applied),
  ];
}

export function invoiceWrittenOff(i: Billed): Posting[] {
  return move(`${i.id}:written_off`, 'write_off', i.currency, 'bad_debt', 'receivable', i.amount_due);
}

/** Undoes a write-off, because its money came after all. */
export function writeOffReversed(i: Billed): Posting[] {
  return move(`${i.id}:written_back`, 'write_back', i.currency, 'receivable', 'bad_debt', i.amount_due);
}

interface GivenBack {
  id: string;
  amount: number;
  currency: string;
}

/** Money that had paid for something goes back to the wallet. */
export function chargeRefunded(r: GivenBack): Posting[] {
  return move(`${r.id}:refunded`, 'refund', r.currency, 'refunds', 'gateway_clearing', r.amount);
}

/** Money that had paid for nothing goes back to the wallet. */
export function surplusRefunded(r: GivenBack): Posting[] {
  return move(`${r.id}:refunded`, 'refund', r.currency, 'surplus', 'gateway_clearing', r.amount);
}

/** Money that had paid for nothing becomes the customer's balance. */
export function surplusCredited(charge: { id: string; currency: string }, amount: number): Posting[] {
  return move(`${charge.id}:credited`, 'credit', charge.currency, 'surplus', 'customer_balance', amount);
}
