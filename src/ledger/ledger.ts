import type { BookedPosting } from '../domain/case.records.js';
import { insertSet } from '../platform/database/sets.js';
import type { Transaction } from '../platform/database/database.js';

interface TransactionRow {
  source_key: string;
  kind: string;
  currency: string;
  customer: string;
  subscription: string | null;
  at: Date;
  recorded_at: Date;
}

interface EntryRow {
  source_key: string;
  account: string;
  amount: number;
}

/**
 * Writes money facts to the books. The database refuses a fact booked twice, one that does not sum to zero,
 * and any change afterwards.
 */
export async function book(tx: Transaction, postings: readonly BookedPosting[]): Promise<void> {
  const facts: TransactionRow[] = postings.map((p) => ({
    source_key: p.source_key,
    kind: p.kind,
    currency: p.currency,
    customer: p.customer,
    subscription: p.subscription,
    at: p.at,
    recorded_at: tx.now,
  }));
  const entries: EntryRow[] = postings.flatMap((p) =>
    p.entries.map((entry) => ({ source_key: p.source_key, account: entry.account, amount: entry.amount })),
  );
  await insertSet(
    tx,
    'ledger_transactions',
    ['source_key', 'kind', 'currency', 'customer', 'subscription', 'at', 'recorded_at'],
    facts,
  );
  await insertSet(tx, 'ledger_entries', ['source_key', 'account', 'amount'], entries);
}
