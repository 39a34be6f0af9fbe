/**
 * When the gateway is asked again, and what an empty answer means.
 * All instants are on the engine's clock; S and W are configuration (settle seconds, idempotency hours).
 */
export interface GatewayWindows {
  settleSeconds: number;
  idempotencyHours: number;
}

/** What is known of something that was sent and of the look-ups since. */
export interface Evidence {
  checks: number;
  first_sent_at: Date | null;
  last_sent_at: Date | null;
  /** Clean, empty look-ups in the window that may prove absence, and when the first of them was. */
  empty_lookups: number;
  empty_since: Date | null;
  /** When the last clean, empty look-up was: SQL weighs it once more before a resend or a proof of absence. */
  empty_at: Date | null;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Waits between look-ups of what is pending or unknown; hourly to a day, then daily without end. */
const LOOKUP_WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

export function nextLookupAt(row: Pick<Evidence, 'checks' | 'first_sent_at'>, now: Date): Date {
  const first = row.first_sent_at ?? now;
  const wait = LOOKUP_WAITS[row.checks] ?? (now.getTime() - first.getTime() < DAY ? HOUR : DAY);
  return new Date(now.getTime() + wait);
}

/** Charges that are done with are compared with the gateway once more at this age: late truths surface by then. */
export const VERIFY_AGE = 14 * DAY;

/** When a charge that has just come to its end is compared with the gateway; from here on `checks` counts the looks that came to nothing. */
export function toCompare(charge: Pick<Evidence, 'first_sent_at'>, now: Date): { next_check_at: Date; checks: number } {
  const first = charge.first_sent_at ?? now;
  return { next_check_at: new Date(Math.max(now.getTime(), first.getTime() + VERIFY_AGE)), checks: 0 };
}

/** Waits before a request that the gateway did not take is sent again with its key. */
const RESEND_WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE];

export function nextSendAt(checks: number, now: Date): Date {
  const wait = RESEND_WAITS[Math.min(checks, RESEND_WAITS.length - 1)] ?? HOUR;
  return new Date(now.getTime() + wait);
}

/** Look-ups that prove absence must be this many, spread over at least this long. */
const PROOF_LOOKUPS = 3;
export const PROOF_SPREAD = 1.5 * HOUR;
/** Only those of this last time count: before it the key could still have brought something. */
const PROOF_SPAN = 2 * HOUR;
/** Dense enough that, late or not, enough of them always fall into the span. */
const PROOF_WAIT = 20 * MINUTE;

export type Verdict =
  /** The same key and the same bytes may be sent again. */
  | { verdict: 'resend' }
  /** The gateway never had it: a new attempt may exist. */
  | { verdict: 'absent' }
  /** Nobody can say yet; ask again at `at`. */
  | { verdict: 'wait'; at: Date };

/**
 * What a clean, empty look-up of an unknown charge or refund allows. A resend needs S since the last send (the
 * gateway may still be processing it) and a key that is certainly still remembered; absence needs the
 * key's whole life to have passed and several empty look-ups. Time alone proves nothing.
 */
export function judgeEmptyLookup(row: Evidence, windows: GatewayWindows, now: Date): Verdict {
  const first = (row.first_sent_at ?? now).getTime();
  const last = (row.last_sent_at ?? now).getTime();
  const at = now.getTime();
  const settle = windows.settleSeconds * SECOND;
  const window = windows.idempotencyHours * HOUR;
  if (at - last >= settle && at - first < window - HOUR) return { verdict: 'resend' };

  const provableFrom = Math.max(first + window + 2 * HOUR, last + Math.max(2 * HOUR, settle));
  if (at >= provableFrom && isProof(row, PROOF_SPREAD, now)) return { verdict: 'absent' };

  const resendableAt = last + settle;
  const candidates = [nextLookupAt(row, now).getTime()];
  if (at < resendableAt && resendableAt - first < window - HOUR) candidates.push(resendableAt);
  // Close to the point of proof the look-ups must be dense enough to prove anything.
  if (at >= provableFrom - PROOF_SPAN) candidates.push(at + PROOF_WAIT);
  else candidates.push(provableFrom - PROOF_SPAN);
  return { verdict: 'wait', at: new Date(Math.min(...candidates)) };
}

/** Whether clean, empty look-ups were enough, and spread widely enough (ms), to prove that there is nothing. */
export function isProof(row: Pick<Evidence, 'empty_lookups' | 'empty_since'>, spread: number, now: Date): boolean {
  return row.empty_lookups >= PROOF_LOOKUPS && row.empty_since !== null && now.getTime() - row.empty_since.getTime() >= spread;
}

/** Counts a clean, empty look-up towards a proof; what was begun before `from` is stale. By default only the last two hours count. */
export function countEmptyLookup(
  row: Pick<Evidence, 'empty_lookups' | 'empty_since'>,
  now: Date,
  from = new Date(now.getTime() - PROOF_SPAN),
): Pick<Evidence, 'empty_lookups' | 'empty_since' | 'empty_at'> {
  return row.empty_since === null || row.empty_since < from
    ? { empty_lookups: 1, empty_since: now, empty_at: now }
    : { empty_lookups: row.empty_lookups + 1, empty_since: row.empty_since, empty_at: now };
}
