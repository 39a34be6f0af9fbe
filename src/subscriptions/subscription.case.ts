import type { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { notFound } from '../domain/errors.js';
import type { Transaction } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';

/** The locked case of one subscription, with the invoice of its current period, paid or not: a set of one. */
export async function loadCase(tx: Transaction, cases: CaseStore, subscription: string): Promise<BillingCase> {
  const [locked] = isId('sub', subscription)
    ? await tx.query<{ period_no: number }>('select period_no from subscriptions where id = $1 for update', [subscription])
    : [];
  if (!locked) throw notFound('subscription', subscription);
  const current = await tx.query<{ id: string }>(
    `select id from invoices where subscription = $1 and period_no = $2 and status <> 'void'`,
    [subscription, locked.period_no],
  );
  const [c] = await cases.load(tx, { subscriptions: [subscription], invoices: current.map((invoice) => invoice.id) });
  if (!c) throw notFound('subscription', subscription);
  return c;
}
