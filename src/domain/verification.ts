import type { Charge } from './charge.js';
import type { PaymentFact } from './observation.js';

/** A payment under a charge's reference, as the gateway shows it now. */
export interface ShownPayment {
  fact: PaymentFact;
  /** Whether another charge of ours is this payment: that one is compared by itself. */
  heldByAnother: boolean;
}

/** What came of comparing a charge that is done with. Nothing of either means that both sides agree. */
export interface Verdict {
  /** Money that came or went back, and that our books do not know of: for the settlement door. */
  news: PaymentFact[];
  /** Where the two sides differ, in words. Told to a human; the books stay as they are. */
  differences: string[];
}

/** Compares a charge that is done with to all that the gateway shows under its reference. */
export function verify(charge: Charge, shown: readonly ShownPayment[]): Verdict {
  const verdict: Verdict = { news: [], differences: [] };
  for (const payment of shown) if (!payment.heldByAnother) judge(charge, payment, verdict);
  const known = charge.gateway_payment_id;
  if (known !== null && !shown.some(({ fact }) => fact.payment_id === known)) {
    verdict.differences.push(`the gateway does not show ${known}, ${charge.status} here`);
  }
  return verdict;
}

function judge(charge: Charge, { fact }: ShownPayment, { news, differences }: Verdict): void {
  const holdsMoney = charge.status === 'captured' && charge.gateway_payment_id === fact.payment_id;
  if (fact.status !== 'captured') {
    if (holdsMoney) differences.push(`the gateway shows ${fact.payment_id} as ${fact.status}, captured here`);
    // It may still take money: asked about until it is decided.
    else if (fact.status === 'pending') differences.push(`the gateway still decides about ${fact.payment_id}, ${charge.status} here`);
    return;
  }
  if (fact.amount !== charge.amount || fact.currency !== charge.currency) {
    differences.push(`the gateway captured ${sum(fact)} with ${fact.payment_id}, asked for were ${charge.amount} ${charge.currency}`);
    return;
  }
  if (!holdsMoney) {
    news.push(fact);
    return;
  }
  const returned = wentBack(fact);
  if (returned === null || returned === charge.amount_refunded) return;
  if (returned > charge.amount_refunded && returned + charge.amount_credited <= charge.amount) news.push(fact);
  else differences.push(`the gateway gave back ${returned} of ${fact.payment_id}, ${charge.amount_refunded} here`);
}

/** Minor units that the gateway shows as given back; null where it was not asked. */
function wentBack({ refunds }: PaymentFact): number | null {
  return refunds?.reduce((total, { status, amount }) => total + (status === 'succeeded' ? amount : 0), 0) ?? null;
}

function sum({ amount, currency }: PaymentFact): string {
  return `${amount === null || Number.isNaN(amount) ? 'another amount' : amount} ${currency ?? ''}`.trim();
}
