import type { BookedPosting } from '../domain/case.records.js';
import { insertion, type PossibleWriting } from '../platform/database/sets.js';

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
 * What writes money facts to the books. The database refuses a fact booked twice, one that does not sum to zero,
 * and any change afterwards.
 */
export function bookings(postings: readonly BookedPosting[], recordedAt: Date): PossibleWriting[] {
  const facts: TransactionRow[] = postings.map((p) => ({
    source_key: p.source_key,
    kind: p.kind,
    currency: p.currency,
    customer: p.customer,
    subscription: p.subscription,
    at: p.at,
    recorded_at: recordedAt,
  }));
  const entries: EntryRow[] = postings.flatMap((p) =>
    p.entries.map((entry) => ({ source_key: p.source_key, account: entry.account, amount: entry.amount })),
  );
  return [
    insertion('ledger_transactions', ['source_key', 'kind', 'currency', 'customer', 'subscription', 'at', 'recorded_at'], facts),
    insertion('ledger_entries', ['source_key', 'account', 'amount'], entries),
  ];
}
