import { addDuration } from './calendar.js';
import { type Hours, withinHours } from './hours.js';

export const FINAL_ACTIONS = ['cancel', 'unpaid', 'pause'] as const;

/** What to do about invoices that could not be collected: data, read by the flows. */
export interface DunningPolicy {
  code: string;
  /** The ladder: waits, each counted from the previous try, as durations (`1d`, `12h`). */
  retries: readonly { after: string; notify: boolean }[];
  /** Waits before another try of what failed for a technical reason: as many as there are per invoice, beside the ladder. */
  technical_retries: readonly { after: string }[];
  final_action: (typeof FINAL_ACTIONS)[number];
  /** Days of access after the last paid period. */
  grace_days: number;
  /** Local hours of the customer in which he may be charged again; null for any. */
  allowed_hours: Hours | null;
  /** Local hours of the customer in which he is not written to; null for none. */
  quiet_hours: Hours | null;
}

/** A policy as it is kept. Its code is its name for good. */
export interface StoredPolicy extends DunningPolicy {
  id: string;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

/** The policy of a plan that names none. It always exists. */
export const DEFAULT_POLICY_CODE = 'default';

/** Hours (customer clock) between two charges of one subscription that follow each other after a success. */
export const NEXT_INVOICE_HOURS = 1;
/** Tries of one invoice, the first included, that may fail for a reason that nobody knows. */
export const MOST_UNKNOWN_FAILURES = 2;

/** When try `step` of the ladder is due, counted from the try before it; null when the ladder is used up. */
export function retryAt(policy: DunningPolicy, step: number, previousTry: Date, timeZone: string): Date | null {
  return tryAt(policy, policy.retries[step], previousTry, timeZone);
}

/** When the next technical retry of an invoice is due that has had `used` of them; null when there are no more. */
export function technicalRetryAt(policy: DunningPolicy, used: number, previousTry: Date, timeZone: string): Date | null {
  return tryAt(policy, policy.technical_retries[used], previousTry, timeZone);
}

function tryAt(policy: DunningPolicy, rung: { after: string } | undefined, from: Date, timeZone: string): Date | null {
  return rung ? withinHours(addDuration(from, rung.after), policy.allowed_hours, timeZone) : null;
}

/** Days that whoever has to act himself is given at least, however short the ladder is. */
const LEAST_WAIT_DAYS = 3;

/** How long whoever has to act himself is waited for: as long as the whole ladder would take, if every try is made on time. */
export function waitEnd(policy: Pick<DunningPolicy, 'retries'>, from: Date): Date {
  const end = policy.retries.reduce((at, rung) => addDuration(at, rung.after), from);
  return new Date(Math.max(end.getTime(), addDuration(from, `${LEAST_WAIT_DAYS}d`).getTime()));
}
