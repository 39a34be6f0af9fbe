import type { GatewayWindows } from './lookup.js';

/** What the gateway shows about one refund (or a return by the provider) of a payment. */
export interface RefundFact {
  action_id: string;
  /** A refund is asked for; a return is the provider's own doing. */
  kind: 'refund' | 'return';
  status: 'pending' | 'succeeded' | 'declined';
  /** Minor units. */
  amount: number;
  reference: string | null;
  response_code: string | null;
  response_summary: string | null;
}

/** What the gateway says about one payment, through whatever door we heard it. */
export interface PaymentFact {
  payment_id: string;
  status: 'pending' | 'captured' | 'declined' | 'expired' | 'canceled';
  /** Minor units; null where the answer does not say. */
  amount: number | null;
  currency: string | null;
  source_id: string | null;
  redirect_url: string | null;
  response_code: string | null;
  response_summary: string | null;
  /** Every refund that the gateway shows; left out where it was not asked about them. */
  refunds?: readonly RefundFact[];
  /** Minor units that the balance holds back for refunds which are not shown yet. */
  refunds_hidden?: number;
}

/** What is heard of anything that is sent to the gateway, besides facts. */
type Silence =
  | { kind: 'refused'; codes: readonly string[] }
  | { kind: 'not_taken'; reason: string }
  | { kind: 'unknown'; reason: string }
  /** A clean look-up that found nothing: evidence, weighed by the rules of S and W. */
  | { kind: 'not_found'; windows: GatewayWindows }
  /** The gateway could not be asked, or did not say; nothing was learnt. */
  | { kind: 'look_up_failed' };

export type ChargeObservation = { charge: string; request_id: string | null } & (
  | { kind: 'fact'; fact: PaymentFact }
  | Silence
);

/** News of one refund of a charge. Facts about refunds also come with the facts about their payment. */
export type RefundObservation = { charge: string; refund: string; request_id: string | null } & (
  | { kind: 'refund_fact'; fact: RefundFact }
  | Silence
);

export type Observation = ChargeObservation | RefundObservation;

/** News that does not fit the charge it claims to be about. It changes nothing; it is parked for a human. */
export class Mismatch extends Error {}
