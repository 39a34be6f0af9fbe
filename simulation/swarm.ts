import type { FaultType } from '../sandbox/faults/catalogue.js';
import type { FaultMatch } from '../sandbox/faults/fault.js';
import type { Chance } from './chance.js';

/** A fault class of the gateway: how likely it strikes where it may (a range per seed), and how. */
interface GatewayClass {
  type: FaultType;
  rate: readonly [number, number];
  /** One of these is chosen per seed. */
  params?: readonly object[];
  match?: FaultMatch;
}

const RARE = [0.002, 0.01] as const;
const SOME = [0.01, 0.03] as const;
const MANY = [0.03, 0.1] as const;

/**
 * The gateway's fault classes. Parameters keep to what the engine is promised: a payment is processed and visible
 * within 25 minutes (S is 30), and keys of stored-wallet charges live for their 24 hours.
 */
export const GATEWAY_CLASSES: readonly GatewayClass[] = [
  { type: 'response_lost', rate: SOME, params: [{ mode: 'reset' }, { mode: 'hang' }] },
  { type: 'reset_before_commit', rate: SOME },
  { type: 'hang_then_accept', rate: SOME, params: [{ seconds: 10 }, { seconds: 60 }] },
  { type: 'hang_then_bad_gateway', rate: SOME, params: [{ seconds: 20, committed: true }, { seconds: 60, committed: false }] },
  { type: 'server_error_committed', rate: SOME, params: [{ status: 502 }, { status: 504, body: 'empty' }] },
  { type: 'server_error', rate: SOME },
  { type: 'internal_error', rate: SOME, params: [{ committed: true }, { committed: false }] },
  { type: 'rate_limited', rate: SOME, params: [{ retry_after: 0 }, { retry_after: 5 }] },
  { type: 'key_conflict', rate: SOME },
  { type: 'key_conflict_legacy', rate: SOME },
  { type: 'unauthorized', rate: RARE },
  { type: 'scope_forbidden', rate: RARE },
  { type: 'unprocessable', rate: RARE },
  { type: 'apm_unavailable', rate: SOME },
  { type: 'truncated_body', rate: SOME },
  { type: 'invalid_json', rate: SOME },
  { type: 'non_json', rate: SOME },
  { type: 'empty_body', rate: SOME },
  { type: 'webhook_before_response', rate: SOME },
  { type: 'reads_rate_limited', rate: MANY },
  { type: 'reads_failing', rate: MANY },
  { type: 'slow_processing', rate: SOME, params: [{ seconds: 300 }, { seconds: 600, mode: 'hang' }, { seconds: 600, holds_key: false }] },
  // The engine resends a stored-wallet charge only when look-ups show nothing, so forgetting its key is one fault too many.
  { type: 'key_expired', rate: [0.5, 0.9], match: { kind: 'redirect' } },
  { type: 'decline', rate: MANY, params: [{ response_code: '20051' }, { response_code: '20005' }] },
  { type: 'declined_synchronously', rate: SOME },
  { type: 'pending_forever', rate: RARE },
  { type: 'pending_long', rate: SOME, params: [{ seconds: 3600 }, { seconds: 7200 }, { seconds: 100_000 }] },
  { type: 'wallet_revoked', rate: RARE, params: [{ mode: 'decline' }, { mode: 'unknown' }] },
  { type: 'setup_abandoned', rate: SOME },
  { type: 'setup_canceled', rate: SOME },
  { type: 'late_capture', rate: [0.03, 0.15], params: [{ seconds: 3600 }, { seconds: 100_000 }] },
  { type: 'payment_returned', rate: RARE },
  { type: 'partial_capture', rate: RARE },
  { type: 'retry_scheduled', rate: SOME },
  { type: 'details_lag', rate: SOME, params: [{ seconds: 30 }, { seconds: 900 }] },
  { type: 'details_not_found', rate: SOME, params: [{ seconds: 30 }, { seconds: 300 }] },
  { type: 'list_lag', rate: MANY, params: [{ seconds: 600 }] },
  { type: 'list_empty', rate: [0.1, 0.4] },
  { type: 'details_amount_mismatch', rate: RARE },
  { type: 'details_currency_mismatch', rate: RARE },
  { type: 'details_unknown_status', rate: SOME },
  { type: 'webhook_lost', rate: [0.02, 0.5] },
  { type: 'webhook_duplicated', rate: SOME },
  { type: 'webhook_parallel', rate: SOME },
  { type: 'webhook_other_event_id', rate: SOME },
  { type: 'webhook_out_of_order', rate: SOME },
  { type: 'webhook_late', rate: SOME },
  { type: 'webhook_bad_signature', rate: SOME },
  { type: 'webhook_unsigned', rate: SOME },
  { type: 'webhook_modified', rate: SOME },
  { type: 'webhook_wrong_authorization', rate: SOME },
  { type: 'webhook_other_key', rate: SOME },
  { type: 'webhook_unknown_type', rate: SOME },
  { type: 'webhook_extra_fields', rate: SOME },
  { type: 'webhook_other_timestamp', rate: SOME },
  { type: 'webhook_missing_fields', rate: SOME },
  { type: 'webhook_foreign_payment', rate: RARE },
  { type: 'webhook_amount_mismatch', rate: SOME },
  { type: 'webhook_currency_mismatch', rate: SOME },
  { type: 'webhook_ack_ignored', rate: SOME },
  { type: 'refund_declined', rate: MANY },
  { type: 'refund_slow', rate: MANY },
  { type: 'refund_unreserved', rate: MANY },
  { type: 'refund_window_closed', rate: MANY },
  { type: 'balances_lag', rate: MANY },
  { type: 'clock_skew', rate: [1, 1], params: [{ seconds: 300 }, { seconds: -300 }] },
];

/** Faults of the catalogue that no run can show, and why. */
export const NOT_SHOWN: Readonly<Partial<Record<FaultType, string>>> = {
  refund_excess: 'the engine never asks for more than is left',
  stale_replay: 'the engine never uses a key after its life',
  source_before_capture: 'the engine never charges a wallet before its set-up was captured',
};

/** Fault classes of the engine, its database and its roads: how likely, per step or per call. */
export const ENGINE_CLASSES = {
  killed_before_commit: [0.005, 0.02],
  killed_after_commit: [0.005, 0.02],
  commit_unacknowledged: [0.005, 0.02],
  commit_refused: [0.005, 0.02],
  serialization_failure: [0.01, 0.04],
  killed_before_send: [0.003, 0.01],
  killed_after_send: [0.003, 0.01],
  paused_past_lease: [0.005, 0.02],
  connection_refused: [0.005, 0.03],
  late_first_byte: [0.003, 0.02],
  tick_lost: [0.02, 0.1],
  tick_doubled: [0.02, 0.1],
  call_repeated: [0.05, 0.2],
  poison_row: [0.003, 0.01],
  all_engines_down: [0.002, 0.006],
  gateway_outage: [0.002, 0.006],
  restored_backup: [0.004, 0.01],
} as const satisfies Record<string, readonly [number, number]>;
export type EngineClass = keyof typeof ENGINE_CLASSES;

/** How a backup is restored. */
export interface Restoring {
  /** How much time (ms) is lost: between these. */
  lost: readonly [number, number];
  /** Whether the gateway is made to send the webhooks of that time again, as the runbook says. */
  retold: boolean;
}

/** What one seed suffers: its own choice of classes, each with its own rate. */
export interface Swarm {
  gateway: { type: FaultType; probability: number; params: object; match: FaultMatch }[];
  engine: Partial<Record<EngineClass, number>>;
  /** How coarsely days are lived, where the seed is not to choose (ms). */
  grains?: readonly number[];
  /** How backups are restored, where not as usual. */
  restore?: Restoring;
}

/** They belong into one seed: what a lost life has charged is to be found by look-ups that may be wrongly empty. */
const TOGETHER: Partial<Record<EngineClass, FaultType>> = { restored_backup: 'list_empty' };

/** Each seed switches on about half of the classes, and the next seed the other half. */
export function swarmOf(seed: number, chance: Chance): Swarm {
  const isOn = (name: string): boolean => (chanceOfClass(TOGETHER[name as EngineClass] ?? name) + seed) % 2 === 0;
  const within = ([low, high]: readonly [number, number], name: string): number => low + (high - low) * chance.draw('rate', name);
  const gateway = GATEWAY_CLASSES.filter(({ type }) => isOn(type)).map(({ type, rate, params, match }) => ({
    type,
    probability: within(rate, type),
    params: params === undefined ? {} : chance.pick(params, 'params', type),
    match: match ?? {},
  }));
  const names = Object.keys(ENGINE_CLASSES) as EngineClass[];
  const engine = Object.fromEntries(names.filter(isOn).map((name) => [name, within(ENGINE_CLASSES[name], name)]));
  return { gateway, engine };
}

function chanceOfClass(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 1_000_003;
  return sum;
}
