import type { FaultType } from '../sandbox/faults/catalogue.js';
import type { FaultMatch } from '../sandbox/faults/fault.js';
import { HOUR, MINUTE } from './hours.js';
import type { EngineClass, Swarm } from './swarm.js';

/**
 * Harsh weather of one kind, for proofs that a protection is needed. Some climates switch off what another mechanism
 * leans on (a gateway that forgets every key, look-ups that come back blank), so that each layer stands alone.
 */
const gateway = (type: FaultType, probability: number, params: object = {}, match: FaultMatch = {}) => ({ type, probability, params, match });

/** No key protects anybody: whatever is sent twice is carried out twice. */
const FORGETFUL = gateway('key_expired', 1);

const climate = (faults: Swarm['gateway'], engine: Partial<Record<EngineClass, number>> = {}, grains?: readonly number[]): Swarm => ({ gateway: faults, engine, grains });

export const CLIMATES = {
  /** Answers get lost, and the gateway forgets keys: only looking before sending again helps. */
  forgetful: climate([FORGETFUL, gateway('response_lost', 0.2), gateway('server_error_committed', 0.1), gateway('webhook_lost', 0.5)]),
  /** Answers get lost, and look-ups are often blank: only the key helps. */
  blank: climate([gateway('list_empty', 0.6), gateway('response_lost', 0.25), gateway('webhook_lost', 0.6)]),
  /** Requests are carried out minutes after their answer was lost, and keys are forgotten: only patience helps. */
  slow: climate(
    [FORGETFUL, gateway('slow_processing', 0.5, { seconds: 600, holds_key: false }), gateway('reset_before_commit', 0.5), gateway('list_lag', 0.4, { seconds: 600 }), gateway('webhook_lost', 0.9)],
    {},
    [200, 2 * MINUTE, 5 * MINUTE],
  ),
  /** Workers sleep long between claiming and sending, and keys are forgotten: only the deadline helps. */
  sleepy: climate([FORGETFUL, gateway('webhook_lost', 0.5)], { late_first_byte: 0.3, paused_past_lease: 0.2 }, [5 * MINUTE, 10 * MINUTE]),
  /** Engines die at their commits. */
  deadly: climate([FORGETFUL, gateway('response_lost', 0.05)], { killed_before_commit: 0.05, killed_after_commit: 0.03, commit_refused: 0.4, commit_unacknowledged: 0.1 }),
  /** Everybody is away for days, while some answers were lost and some look-ups are blank. */
  away: climate([gateway('response_lost', 0.5), gateway('list_empty', 0.3), gateway('webhook_lost', 0.9)], { all_engines_down: 0.15, killed_after_send: 0.1 }),
  /** Wallets without money, revoked mandates, customers who pay for themselves. */
  poor: climate([gateway('decline', 0.3), gateway('wallet_revoked', 0.05), gateway('late_capture', 0.3, { seconds: 3600 }), gateway('pending_long', 0.1, { seconds: 100_000 })]),
  /** The gateway says no to everybody for a while, for reasons that lie with us. */
  rebuffed: climate([gateway('unauthorized', 0.05), gateway('rate_limited', 0.1), gateway('apm_unavailable', 0.1), gateway('key_conflict', 0.1), gateway('key_conflict_legacy', 0.1)]),
  /** What the gateway shows does not fit what was asked. */
  lying: climate([gateway('details_amount_mismatch', 0.3), gateway('details_currency_mismatch', 0.2), gateway('partial_capture', 0.1), gateway('details_unknown_status', 0.2), gateway('webhook_amount_mismatch', 0.3)]),
  /** Look-ups fail rather than come back blank, and keys are forgotten. */
  deaf: climate([FORGETFUL, gateway('reads_failing', 0.7), gateway('response_lost', 0.3), gateway('webhook_lost', 0.7)]),
  /** Webhooks never come. */
  silent: climate([gateway('webhook_lost', 1)]),
  /** The database is lost and restored from a backup that is hours old, and the gateway forgets keys. */
  restored: climate([FORGETFUL, gateway('decline', 0.1), gateway('webhook_lost', 0.3)], { restored_backup: 0.05 }),
  /** The database is restored when keys of the lost time are forgotten, nothing is told again, and look-ups are often blank: only looking, and again, helps. */
  bygone: {
    ...climate([gateway('list_empty', 0.5), gateway('webhook_lost', 0.95)], { restored_backup: 0.05 }, [200, 5 * MINUTE, HOUR]),
    restore: { lost: [40 * HOUR, 90 * HOUR], retold: false },
  },
  /** Rows that cannot be worked on, conflicts between transactions. */
  poisoned: climate([], { poison_row: 0.2, serialization_failure: 0.2, tick_doubled: 0.5 }),
} as const satisfies Record<string, Swarm>;
export type Climate = keyof typeof CLIMATES;
