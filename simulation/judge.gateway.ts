import type { Action, Payment } from '../sandbox/payments/model.js';
import type { Lab } from './lab.js';
import type { Violation } from './violation.js';

const REVOKED = ['200R1', '200R3', '20101', '20120'];
/** How long (ms) a decline may take to be heard of before a further charge of a dead wallet counts as deaf. */
const HEARD_MS = 86_400_000;

/** What the gateway saw that it should never have seen, whatever became of the money. */
export function judgeRequests(lab: Lab): Violation[] {
  const payments = [...lab.gateway.context.store.payments.rows.values()];
  return [...judgeDeadWallets(lab, payments), ...judgeOverlaps(lab, payments)];
}

const emailOf = (lab: Lab, payment: Payment): string | null => lab.gateway.context.store.customers.get(payment.customer_id)?.email ?? null;

/** A wallet whose owner ended the mandate is left alone once we could know. */
function judgeDeadWallets(lab: Lab, payments: readonly Payment[]): Violation[] {
  const ended = new Map<string, Action>();
  for (const { source_id: source, actions, state } of payments) {
    // Money that came after all is the last thing that was heard of that payment, and perhaps the only one.
    if (state.captured > 0) continue;
    const revoked = actions.find(({ response_code: code }) => REVOKED.includes(code ?? ''));
    if (source !== undefined && revoked && !ended.has(source)) ended.set(source, revoked);
  }
  return payments.flatMap((payment) => {
    const end = payment.kind === 'stored' ? ended.get(payment.source_id ?? '') : undefined;
    if (!end || payment.requested_at <= end.processed_at + HEARD_MS) return [];
    return [{ kind: 'pestered' as const, email: emailOf(lab, payment), detail: `a revoked wallet was charged again: ${payment.terms.reference}` }];
  });
}

/** While the customer may pay himself through a redirect, his stored wallet is not charged for the same period. */
function judgeOverlaps(lab: Lab, payments: readonly Payment[]): Violation[] {
  const redirects = new Map<string, Payment[]>();
  const periodOf = (payment: Payment): string => lab.nameOfReference(payment.terms.reference).replace(/-\d+$/, '');
  for (const payment of payments.filter(({ kind }) => kind === 'redirect')) {
    const key = periodOf(payment);
    redirects.set(key, [...(redirects.get(key) ?? []), payment]);
  }
  return payments.flatMap((payment) => {
    if (payment.kind !== 'stored') return [];
    const open = redirects.get(periodOf(payment))?.find((redirect) => {
      const decided = Math.min(redirect.expires_at ?? Infinity, redirect.actions[0]?.processed_at ?? Infinity);
      return payment.requested_at > redirect.requested_at && payment.requested_at < decided;
    });
    return open ? [{ kind: 'overlap' as const, email: emailOf(lab, payment), detail: `charged while the redirect ${open.terms.reference} was open: ${payment.terms.reference}` }] : [];
  });
}
