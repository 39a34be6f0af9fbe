import { type Charge, isCustomerPresent } from './charge.js';
import { countEmptyLookup, type Evidence, type GatewayWindows, isProof, PROOF_SPREAD } from './lookup.js';

/** The lost times in which a life that this database knows nothing of may have sent a charge; null where there are none. Engine clock. */
export interface Unremembered {
  /** When it may have been sent at the soonest. */
  lost_since: Date | null;
  /** When the last such life had ended. */
  lost_until: Date | null;
}

/** A charge that waits for its first sending, or for the first since such a time. */
export type Waiting = Pick<Charge, 'kind' | 'empty_lookups' | 'empty_since' | 'empty_at'> & Unremembered;

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
export function weighClearance(charge: Waiting, windows: GatewayWindows, now: Date): Clearing {
  const { empty_lookups, empty_since, empty_at, lost_until: ended } = charge;
  const known = { empty_lookups, empty_since, empty_at };
  if (ended === null || !mayBeForgotten(charge, windows, now)) return { evidence: known, at: null };
  const spread = Math.max(PROOF_SPREAD, windows.settleSeconds * SECOND);
  const again = new Date(now.getTime() + spread / 2);
  // What was asked before the lost life ended says nothing of its last moments.
  if (now < ended) return { evidence: known, at: again };
  const sameLook = empty_at !== null && empty_at >= ended && now.getTime() - empty_at.getTime() < APART_MS;
  const evidence = sameLook ? known : countEmptyLookup(charge, now, ended);
  return { evidence, at: isProof(evidence, spread, now) ? null : again };
}

/** Whether a lost life may have sent it with a key that the gateway has forgotten since. */
function mayBeForgotten({ kind, lost_since: since }: Waiting, windows: GatewayWindows, now: Date): boolean {
  // A redirect is harmless without its customer, and he is waiting.
  if (isCustomerPresent(kind) || since === null) return false;
  return now.getTime() >= since.getTime() + (windows.idempotencyHours - 1) * HOUR;
}
