import type { DeclineClass } from './decline.js';
import { type Transitions, transition } from './machine.js';
import { leased, type Sendable } from './sending.js';

export const CHARGE_STATUSES = [
  'created',
  'sending',
  'pending',
  'unknown',
  'captured',
  'declined',
  'refused',
  'expired',
  'canceled',
  'absent',
  'withdrawn',
] as const;
export type ChargeStatus = (typeof CHARGE_STATUSES)[number];

export const CHARGE_KINDS = ['initial', 'recurring', 'retry', 'checkout'] as const;
export type ChargeKind = (typeof CHARGE_KINDS)[number];

export const CHARGE_TRIGGERS = ['schedule', 'technical', 'operator', 'customer'] as const;
/**
 * What made it: the period or the ladder, a technical retry beside the ladder, an operator, or the customer.
 * Only what the schedule made uses up a step of the ladder.
 */
export type ChargeTrigger = (typeof CHARGE_TRIGGERS)[number];

export type ChargeEvent =
  /** A worker took the lease: the next thing that happens is the HTTP call. */
  | 'claim'
  /** The gateway certainly did not take the request; the same key may be sent again. */
  | 'not_taken'
  /** We do not know: time-out, reset, 5xx, 409, crash. Left only by evidence. */
  | 'lose'
  | 'accept'
  | 'capture'
  | 'decline'
  | 'refuse'
  | 'expire'
  | 'cancel'
  /** Look-ups proved that the gateway never had it (see the rules of W in collection.ts). */
  | 'prove_absent'
  /** Taken back before a byte was sent. */
  | 'withdraw';

/** What the gateway may say about a payment, whatever door the news came through. */
type News = 'accept' | 'capture' | 'decline' | 'expire' | 'cancel' | 'refuse';

/** A charge that failed for good listens to one thing only: that its money came after all. */
function failed<S extends ChargeStatus>(state: S): { readonly [E in News]: ChargeStatus } {
  return { capture: 'captured', accept: state, decline: state, expire: state, cancel: state, refuse: state };
}

/**
 * The charge machine. News from the gateway is legal in every state and monotone: it moves a charge
 * forward, never back, so that order and repetition do not matter. A late capture is always bookable.
 */
export const chargeTransitions: Transitions<ChargeStatus, ChargeEvent> = {
  // News about a charge that we never sent exists after a database was restored from a backup.
  created: {
    claim: 'sending',
    withdraw: 'withdrawn',
    accept: 'pending',
    capture: 'captured',
    decline: 'declined',
    expire: 'expired',
    cancel: 'canceled',
  },
  sending: {
    not_taken: 'created',
    lose: 'unknown',
    refuse: 'refused',
    accept: 'pending',
    capture: 'captured',
    decline: 'declined',
    expire: 'expired',
    cancel: 'canceled',
  },
  unknown: {
    claim: 'sending',
    prove_absent: 'absent',
    accept: 'pending',
    capture: 'captured',
    decline: 'declined',
    expire: 'expired',
    cancel: 'canceled',
  },
  pending: {
    accept: 'pending',
    capture: 'captured',
    decline: 'declined',
    expire: 'expired',
    cancel: 'canceled',
  },
  captured: {
    capture: 'captured',
    accept: 'captured',
    decline: 'captured',
    expire: 'captured',
    cancel: 'captured',
    refuse: 'captured',
  },
  declined: failed('declined'),
  refused: failed('refused'),
  expired: failed('expired'),
  canceled: failed('canceled'),
  absent: failed('absent'),
  withdrawn: failed('withdrawn'),
};

export function nextChargeStatus(status: ChargeStatus, event: ChargeEvent): ChargeStatus {
  return transition('charge', chargeTransitions, status, event);
}

/** Statuses in which money may still move: one such merchant-initiated charge per invoice at most. */
export const OPEN_CHARGE_STATUSES = ['created', 'sending', 'pending', 'unknown'] as const satisfies ChargeStatus[];

export function isOpen(status: ChargeStatus): boolean {
  return (OPEN_CHARGE_STATUSES as readonly ChargeStatus[]).includes(status);
}

/** What taking the lease writes, before the first byte leaves. Engine clock. */
export function claimed(charge: Charge, now: Date): Partial<Charge> {
  return { status: nextChargeStatus(charge.status, 'claim'), ...leased(charge, charge.status !== 'created', now) };
}

/** Whether the customer pays it himself, in the wallet, through a redirect. */
export function isCustomerPresent(kind: ChargeKind): boolean {
  return kind === 'initial' || kind === 'checkout';
}

/** Why it failed, as far as it decides what is done next; null while it has not failed. */
export function failureOf(charge: Charge): DeclineClass | null {
  switch (charge.status) {
    case 'declined':
    case 'refused':
      return charge.decline_class ?? 'funds';
    // Nobody decided in time; nobody said anything about the wallet.
    case 'expired':
      return 'technical';
    case 'canceled':
      return 'funds';
    default:
      return null;
  }
}

/** How long a redirect stays payable, in minutes, where the gateway does not say. */
export const REDIRECT_MINUTES = 15;

/** When a customer-present charge stops being payable. One that is yet to be sent has all its time before it. */
export function payableUntil(charge: Charge, now: Date): Date {
  if (charge.expires_at !== null) return charge.expires_at;
  const opened = charge.status === 'created' ? now : (charge.last_sent_at ?? now);
  return new Date(opened.getTime() + REDIRECT_MINUTES * 60_000);
}

/** One attempt to collect one invoice through the gateway. Amounts in minor units. */
export interface Charge extends Sendable {
  id: string;
  customer: string;
  subscription: string;
  invoice: string;
  /** The period it pays for; with `attempt` it derives key and reference. */
  period_no: number;
  kind: ChargeKind;
  trigger: ChargeTrigger;
  /** Which step of the ladder made it, from 1; null for what is no step. */
  dunning_step: number | null;
  /** Counts up per subscription and period, over all kinds and voided invoices. */
  attempt: number;
  amount: number;
  /** Minor units that went back to the wallet; open refunds do not count yet. */
  amount_refunded: number;
  /** Minor units of surplus that went to the customer's balance. */
  amount_credited: number;
  /** How many refunds were ever asked for or found. */
  refund_count: number;
  currency: string;
  status: ChargeStatus;
  surplus: boolean;
  reference: string;
  idempotency_key: string;
  /** The exact bytes that are sent, frozen with the row. */
  body: string;
  body_hash: string;
  source: string | null;
  gateway_payment_id: string | null;
  redirect_url: string | null;
  /** When an open redirect stops being payable. */
  expires_at: Date | null;
  response_code: string | null;
  /** Of a decline or refusal. */
  decline_class: DeclineClass | null;
  settled_at: Date | null;
  parked_at: Date | null;
  /** When earlier attempts were last seen to have failed for good. Engine clock. */
  cleared_at: Date | null;
  /** When the gateway was last seen to agree with it, at an age of 14 days or more. Engine clock. */
  verified_at: Date | null;
  test_clock: string | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}
