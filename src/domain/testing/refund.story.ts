import type { Charge } from '../charge.js';
import { Refusal } from '../errors.js';
import type { RefundFact, RefundObservation } from '../observation.js';
import { claimedRefund, type Refund } from '../refund.js';
import { requestRefund } from '../refunding.js';
import { Life } from './life.story.js';

/** The refunds of a life as its specs ask for them, send them and hear of them. */

/** A subscription whose first period is paid. */
export function paid(): { life: Life; charge: Charge } {
  const life = Life.signUp();
  life.pay();
  life.news();
  return { life, charge: life.latest };
}

/** Asks for a refund of the first payment: of all that is left, unless said otherwise. */
export const ask = (life: Life, amount: number | null = null): Refund =>
  life.decide((c) => requestRefund(c, c.charges.get(life.charges[0]?.id as string), amount, null));

export const send = (life: Life, refund: Refund): void => {
  life.decide((c) => c.patchRefund(refund.id, claimedRefund(c.refunds.get(refund.id), c.engineNow)));
};

/** What the gateway shows of a refund: the truth about it, unless the test bends it. */
export const shown = (refund: Refund, status: RefundFact['status'], changes: Partial<RefundFact> = {}): RefundFact => ({
  action_id: `act_${refund.number}`, kind: 'refund', status, amount: refund.amount, reference: refund.reference,
  response_code: null, response_summary: null, ...changes,
});

/** News of one refund. */
export const hear = (life: Life, refund: Refund, news: object): void =>
  life.observe({ charge: refund.charge, refund: refund.id, request_id: 'req', ...news } as RefundObservation);

/** What the gateway shows of all refunds of the first payment. */
export const show = (life: Life, refunds: RefundFact[]): void => life.hear(life.charges[0] as Charge, 'captured', { refunds });

export const refund = (life: Life, i = 0): Refund => life.refunds[i] as Refund;

export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'no refusal';
}
