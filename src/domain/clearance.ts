import { type Charge, isCustomerPresent } from './charge.js';
import { countEmptyLookup, type Evidence, type GatewayWindows, isProof, PROOF_SPREAD } from './lookup.js';

/** A time of which this database knows nothing: another life may have charged in it. Engine clock. */
export interface LostTime {
  from: Date;
  until: Date;
}

/** A charge that waits for its first sending, or for the first since the lost time. */
export type Waiting = Pick<Charge, 'kind' | 'last_sent_at' | 'test_clock' | 'empty_lookups' | 'empty_since' | 'empty_at'> & {
  /** When its period began: no life sends it sooner. */
  period_began: Date;
};

/** What a clean, empty look allows: to send it (`at` is null), or to look once more at `at`. */
export interface Clearing {
  evidence: Pick<Evidence, 'empty_lookups' | 'empty_since' | 'empty_at'>;
  at: Date | null;
}

const SECOND = 1_000;
const HOUR = 3_600_000;
/** Looks that follow each other sooner than this (ms) count as one. */
const APART_MS = 1_200_000;

/**
 * Weighs a clean, empty look at a charge, made at `now`. One is enough where its key would bring back what an
 * earlier sending made. Where a lost life may have sent it so long ago that the gateway has forgotten the key,
 * nothing but looks stands between it and a double: then they must prove that there is nothing.
 */
export function weighClearance(charge: Waiting, lost: LostTime | null, windows: GatewayWindows, now: Date): Clearing {
  const { empty_lookups, empty_since, empty_at } = charge;
  const known = { empty_lookups, empty_since, empty_at };
  if (lost === null || !mayBeForgotten(charge, lost, windows, now)) return { evidence: known, at: null };
  const spread = Math.max(PROOF_SPREAD, windows.settleSeconds * SECOND);
  const again = new Date(now.getTime() + spread / 2);
  // What was asked before the lost life ended says nothing of its last moments.
  if (now < lost.until) return { evidence: known, at: again };
  const sameLook = empty_at !== null && empty_at >= lost.until && now.getTime() - empty_at.getTime() < APART_MS;
  const evidence = sameLook ? known : countEmptyLookup(charge, now, lost.until);
  return { evidence, at: isProof(evidence, spread, now) ? null : again };
}

/** Whether a life that is lost may have sent it with a key that the gateway has forgotten since. */
function mayBeForgotten(charge: Waiting, lost: LostTime, windows: GatewayWindows, now: Date): boolean {
  // A redirect is harmless without its customer, and he is waiting.
  if (isCustomerPresent(charge.kind) || charge.test_clock !== null || charge.period_began > lost.until) return false;
  if (charge.last_sent_at !== null && charge.last_sent_at > lost.until) return false;
  const soonest = Math.max(lost.from.getTime(), charge.period_began.getTime());
  return now.getTime() >= soonest + (windows.idempotencyHours - 1) * HOUR;
}
