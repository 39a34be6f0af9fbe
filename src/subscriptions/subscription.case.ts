import type { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { notFound } from '../domain/errors.js';
import type { Transaction } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';

/** The locked case of one subscription: a set of one. */
export async function loadCase(tx: Transaction, cases: CaseStore, subscription: string): Promise<BillingCase> {
  const [c] = isId('sub', subscription) ? await cases.load(tx, { subscriptions: [subscription] }) : [];
  if (!c) throw notFound('subscription', subscription);
  return c;
}
