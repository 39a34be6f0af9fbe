import type { Charge, ChargeStatus } from '../domain/charge.js';
import { chargeOutcomes } from '../platform/telemetry/meters.js';

/** A charge before and after news of it was settled. */
export interface Moved {
  before: Charge;
  after: Charge;
}

/** How the figures call what became of a charge; other steps are on the way to one of these. */
const OUTCOMES: Partial<Record<ChargeStatus, string>> = {
  created: 'not_taken', unknown: 'unknown', captured: 'captured', declined: 'declined', refused: 'declined', expired: 'expired',
  canceled: 'canceled', absent: 'absent',
};

/** Counts what became of charges, once it is committed. */
export function countOutcomes(moved: readonly Moved[]): void {
  for (const { before, after } of moved) {
    const outcome = OUTCOMES[after.status];
    if (outcome === undefined || before.status === after.status) continue;
    chargeOutcomes.inc({ outcome, class: outcome === 'declined' ? (after.decline_class ?? 'funds') : '' });
  }
}
