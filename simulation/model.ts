import type { SoldPlan } from './cast.js';

/**
 * What each period should cost and when it should begin, thought out anew for people in Shanghai: no code of the
 * engine's, and no calendar but eight hours from UTC. Amounts in minor units, instants in epoch ms.
 */

const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;
/** How long what is owed is asked for at least: tries at once or after a day, and 3, 5 and 7 days after each other. */
const LADDER_MS = 15 * DAY_MS;

/** Where a period begins that lies `k` periods after the anchor. */
export function boundary(plan: SoldPlan, anchor: number, k: number): number {
  const count = plan.interval_count * k;
  if (plan.interval === 'day') return anchor + count * DAY_MS;
  if (plan.interval === 'week') return anchor + count * 7 * DAY_MS;
  const local = new Date(anchor + SHANGHAI_MS);
  const month = local.getUTCMonth() + count;
  const last = new Date(Date.UTC(local.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(local.getUTCDate(), last);
  return Date.UTC(local.getUTCFullYear(), month, day) + ((anchor + SHANGHAI_MS) % DAY_MS) - SHANGHAI_MS;
}

/** What a period costs; the setup fee goes with the first money that is asked for. */
export function price(plan: SoldPlan, quantity: number, periodNo: number): number {
  const paidTrial = plan.trial_days > 0 && plan.trial_amount > 0;
  if (periodNo === 0) return plan.trial_amount + plan.setup_fee;
  const first = periodNo === 1 && !paidTrial;
  return plan.amount * quantity + (first ? plan.setup_fee : 0);
}

/** A stretch of time that a subscription lived through on one anchor. */
export interface Stretch {
  anchor: number;
  /** The number of the period that begins at the anchor. */
  firstPeriod: number;
  /** When it ended, by pause or cancel; what begins later is not billed. */
  until: number;
  /** Periods that begin before it must be billed. */
  surely: number;
}

export interface LifeEvent {
  type: string;
  at: number;
  /** The subscription as the event shows it. */
  object: { status: string; period_no: number; billing_anchor: string | null; current_period: { start: string; end: string } | null; cancel_at_period_end: boolean; cancel_reason: string | null };
}

/** Reads from what was told which stretches a subscription lived. */
export function stretchesOf(plan: SoldPlan, events: readonly LifeEvent[], now: number): Stretch[] {
  const stretches: Stretch[] = [];
  let open: Stretch | null = null;
  let endsAtPeriod: number | null = null;
  let owedSince = Infinity;
  const close = (at: number, ladderEnd: number): void => {
    if (open) {
      open.until = endsAtPeriod === null ? at : Math.min(at, periodEndAfter(plan, open, endsAtPeriod));
      open.surely = Math.min(open.until, ladderEnd);
    }
    open = null;
    endsAtPeriod = null;
  };
  for (const { type, at, object } of events) {
    if (type === 'subscription.updated' && object.status !== 'incomplete') {
      endsAtPeriod = object.cancel_at_period_end ? (endsAtPeriod ?? at) : null;
    }
    // Each payment that came in begins the ladder of what is still owed anew.
    if (type === 'subscription.past_due' || type === 'subscription.renewed') owedSince = at;
    // Where nobody looked when the ladder ended, a period may have begun since: it ended first, and nothing more is billed.
    const byLadder = type === 'subscription.canceled' && object.cancel_reason === 'dunning_exhausted';
    if (type === 'subscription.paused' || type === 'subscription.canceled') close(at, byLadder ? owedSince + LADDER_MS : Infinity);
    const starts = type === 'subscription.activated' || type === 'subscription.resumed';
    if (!starts || object.billing_anchor === null) continue;
    const anchor = Date.parse(object.billing_anchor);
    const trial = object.status === 'trialing';
    const last = stretches.at(-1);
    if (last && last.anchor === anchor) open = last;
    else {
      open = { anchor, firstPeriod: trial ? 1 : object.period_no, until: now, surely: now };
      stretches.push(open);
    }
    open.until = open.surely = now;
    if (object.cancel_at_period_end) endsAtPeriod = at;
  }
  return stretches;
}

function periodEndAfter(plan: SoldPlan, stretch: Stretch, instant: number): number {
  for (let k = 0; ; k += 1) {
    const start = boundary(plan, stretch.anchor, k);
    if (start > instant) return start;
  }
}

export interface LivedPeriod {
  start: number;
  end: number;
  /** It begins in the very instant in which its stretch ends, or after its ladder has: it may be billed, and need not be. */
  optional: boolean;
}

/** Every period that must have been billed, with its beginning and end. */
export function periodsOf(plan: SoldPlan, stretches: readonly Stretch[]): Map<number, LivedPeriod> {
  const periods = new Map<number, LivedPeriod>();
  for (const stretch of stretches) {
    for (let k = 0; ; k += 1) {
      const start = boundary(plan, stretch.anchor, k);
      if (k > 0 && start > stretch.until) break;
      periods.set(stretch.firstPeriod + k, { start, end: boundary(plan, stretch.anchor, k + 1), optional: start >= stretch.surely });
    }
  }
  return periods;
}
