import type { Plan, PlanVersion } from './plan.js';
import { isPaidAhead, nextRenewal, type Notice, type Subscription } from './subscription.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What the law of a place says about notice before a renewal is charged. */
interface NoticeRule {
  /** ISO 3166 alpha-2. */
  country: string;
  /** A part of the country; customers carry no region, so such a rule can only be noted. */
  region: string | null;
  /** Days of 24 hours that must lie between the notice and the charge; null where the law gives no number. */
  leadDays: number | null;
  /** Whether a charge without notice is forbidden, or the rule is merely noted and nothing acts on it. */
  effect: 'blocks' | 'noted';
}

/** Closed: a country that is not here demands nothing. */
export const NOTICE_RULES: readonly NoticeRule[] = [
  // Measures for the Supervision and Administration of Online Transactions (State Administration for Market
  // Regulation, Order 37 of 2021), article 18: five days before an automatic renewal.
  { country: 'CN', region: null, leadDays: 5, effect: 'blocks' },
  // Business and Professions Code, section 17602(b): 15 to 45 days before a term of a year or longer renews.
  { country: 'US', region: 'CA', leadDays: 15, effect: 'noted' },
  // Digital Markets, Competition and Consumers Act 2024, section 258: a reminder about every six months.
  { country: 'GB', region: null, leadDays: null, effect: 'noted' },
];

const BLOCKING = new Map(
  NOTICE_RULES.flatMap((rule) => (rule.effect === 'blocks' && rule.leadDays !== null ? [[rule.country, rule.leadDays] as const] : [])),
);

/** How much earlier than necessary a notice falls due in real time: a sweep or a restart must not make it late. */
const MARGIN_MS = HOUR_MS;

/** How long (ms, customer's clock) before its charge the next renewal must be told; 0 where nothing demands it. */
export function noticeLead(plan: Pick<Plan, 'renewal_notice'>, version: PlanVersion, country: string, s: Subscription): number {
  const days = plan.renewal_notice === 'off' ? 0 : (BLOCKING.get(country) ?? 0);
  // What was agreed to so shortly before needs no second telling: there the sign-up is the notice.
  return spanDays(version, s) < days ? 0 : days * DAY_MS;
}

/** Days from what began the span (a trial, a period) to the renewal at its end; months are long enough for every rule. */
function spanDays(version: PlanVersion, s: Subscription): number {
  if (s.status === 'trialing' && !isPaidAhead(s)) return s.trial_days;
  return version.interval === 'day' ? version.interval_count : Infinity;
}

/** Nothing was told, and nothing need be. */
export const NO_NOTICE: Notice = {
  notice_due_at: null,
  noticed_at: null,
  noticed_period_no: null,
  noticed_amount: null,
  renewal_charge_at: null,
};

/**
 * From when on a renewal may be charged under what the customer was told last; null when that was nothing,
 * less money, another period or another date: then it must be told anew.
 */
export function chargeAllowedAt(told: Notice, renewal: { period_no: number; at: Date; amount: number }, lead: number): Date | null {
  if (told.noticed_at === null || told.noticed_period_no !== renewal.period_no) return null;
  if (renewal.amount > (told.noticed_amount ?? 0)) return null;
  const at = chargeDate(renewal.at, told.noticed_at, lead);
  return told.renewal_charge_at?.getTime() === at.getTime() ? at : null;
}

/** A renewal is charged when it begins, or when the notice is old enough: a late notice moves its charge. */
export function chargeDate(renewal: Date, noticed: Date, lead: number): Date {
  return new Date(Math.max(renewal.getTime(), noticed.getTime() + lead));
}

/**
 * The notice of the next renewal, as it stands after any change: given, to be given at `notice_due_at`, or not
 * called for. A notice is worth something only as long as it is the last word: when there is to be no renewal
 * for a while (a cancel, a pause), or one that begins or is charged at another date than `before` the change, it starts again.
 */
export function noticeOf(s: Subscription, lead: number, now: Date, before: Subscription = s): Notice {
  const next = nextRenewal(s);
  if (lead === 0 || next === null) return NO_NOTICE;
  const moved = nextRenewal(before)?.at.getTime() !== next.at.getTime();
  if (!moved && chargeAllowedAt(s, { ...next, amount: s.noticed_amount ?? 0 }, lead) !== null) return given(s);
  const margin = s.test_clock === null ? MARGIN_MS : 0;
  const inTime = next.at.getTime() - lead - margin;
  // A late one is due at once, and stays due since then however often it is reckoned.
  const late = Math.min(now.getTime(), s.notice_due_at?.getTime() ?? Infinity);
  const due = new Date(Math.max(inTime, late));
  return { ...NO_NOTICE, notice_due_at: due, renewal_charge_at: chargeDate(next.at, due, lead) };
}

function given({ noticed_at, noticed_period_no, noticed_amount, renewal_charge_at }: Notice): Notice {
  return { notice_due_at: null, noticed_at, noticed_period_no, noticed_amount, renewal_charge_at };
}
