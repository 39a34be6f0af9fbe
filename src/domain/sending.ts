import { type Evidence, type GatewayWindows, countEmptyLookup, judgeEmptyLookup, nextLookupAt, nextSendAt, type Verdict } from './lookup.js';

/** How long (ms) a worker may take for one call; afterwards another may look at what became of it. */
export const LEASE_MS = 120_000;
/** No call is begun in the last part (ms) of its lease: what is sent must be answered within it. */
export const LEASE_MARGIN_MS = 40_000;

/** What charges and refunds have in common: a request that is sent to the gateway once. Engine clock. */
export interface Sendable extends Evidence {
  sends: number;
  /** Fencing token: counts up with each claim; an answer is written only under the token it was sent with. */
  lease_token: number;
  lease_until: Date | null;
  requested_at: Date | null;
  /** When the engine looks at this row next: to send, to look up, to compare. */
  next_check_at: Date | null;
  response_summary: string | null;
  gateway_request_id: string | null;
  /** When its outcome was first unknown: from then on "not taken" proves nothing. */
  lost_at: Date | null;
}

/** What taking the lease writes, before the first byte leaves. `again`: it was sent before. */
export function leased(row: Sendable, again: boolean, now: Date) {
  const until = new Date(now.getTime() + LEASE_MS);
  return {
    sends: row.sends + 1,
    lease_token: row.lease_token + 1,
    lease_until: until,
    first_sent_at: row.first_sent_at ?? now,
    last_sent_at: now,
    requested_at: row.requested_at ?? now,
    next_check_at: until,
    // While nothing was taken they count the tries, so that the waits between them grow.
    checks: again ? 0 : row.checks,
  } satisfies Partial<Sendable>;
}

/** Nothing was taken: the same request goes out again after a while. */
export function putBack(row: Sendable, reason: string, requestId: string | null, now: Date) {
  return {
    next_check_at: nextSendAt(row.checks, now),
    checks: row.checks + 1,
    lease_until: null,
    response_summary: reason,
    gateway_request_id: requestId,
  } satisfies Partial<Sendable>;
}

/** Nobody knows what became of it: it is looked up. */
export function lost(row: Sendable, reason: string, now: Date) {
  return {
    next_check_at: nextLookupAt({ checks: 0, first_sent_at: row.first_sent_at }, now),
    checks: 1,
    lease_until: null,
    response_summary: reason,
    lost_at: row.lost_at ?? now,
  } satisfies Partial<Sendable>;
}

/** It is looked at again at `at`. */
export function postponed(row: Sendable, at: Date) {
  return {
    checks: row.checks + 1,
    next_check_at: at,
    ...evidenceOf(row),
  } satisfies Partial<Sendable>;
}

/** The look-ups that a decision stands on: written with it. */
export function evidenceOf({ empty_lookups, empty_since, empty_at }: Sendable) {
  return { empty_lookups, empty_since, empty_at } satisfies Partial<Sendable>;
}

/** Weighs one more clean, empty look-up of a row whose outcome is unknown. */
export function weighEmptyLookup<Row extends Sendable>(row: Row, windows: GatewayWindows, now: Date): { counted: Row; verdict: Verdict } {
  const counted = { ...row, ...countEmptyLookup(row, now) };
  return { counted, verdict: judgeEmptyLookup(counted, windows, now) };
}

/** Those of `rows` that were claimed once since they were `asked` about: their next lease says so. */
export function claimedSince<Row extends Sendable & { id: string }>(asked: readonly Row[], rows: readonly Row[]): Row[] {
  const before = new Map(asked.map((row) => [row.id, row.lease_token]));
  return rows.filter((row) => before.get(row.id) === row.lease_token - 1);
}
