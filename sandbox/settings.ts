import type { DelayRange } from './runtime/ports.js';

/** Every knob of the gateway; [C] = confirmed by Checkout.com or Ant, [A] = assumption. */
export interface Settings {
  /** From the request to the wallet's answer, stored sources [A]. */
  decision_delay_ms: DelayRange;
  /** From the wallet's answer to the capture, stored sources [A]. */
  capture_delay_ms: DelayRange;
  /** From the customer's approval to the capture: about 6 s in official samples [C]. */
  redirect_capture_delay_ms: DelayRange;
  webhook_delay_ms: DelayRange;
  refund_delay_ms: DelayRange;
  /** Silence on the pay page before the payment lapses: Ant's default is 14 minutes [C]. */
  redirect_expiry_seconds: number;
  /** What a lapsed redirect becomes [A]. */
  redirect_lapse: 'expired' | 'declined';
  /** How long a new payment is found neither by id nor by reference [A]. */
  visibility_lag_ms: DelayRange;
  /** How much longer it is missing from the list by reference [A]. */
  list_lag_ms: DelayRange;
  /** How long readers still see the state before a change [A]. */
  details_lag_ms: DelayRange;
  /** 24 h [C]. */
  key_lifetime_hours: number;
  /** 409 since about 2024, 429 before [C]. */
  key_conflict_status: number;
  /** Same key, other body: undocumented [A]. */
  key_reuse: 'replay' | 'refuse';
  /** Reads and writes each; nominally 100 [C], 0 is no limit. */
  rate_limit_per_second: number;
  /** Empty allows every ISO currency; the account decides [C]. */
  currencies: string[];
  /** Minor units by currency; Ant: CNY 0.1 [C]. */
  minimum_amounts: Record<string, number>;
  /** Minor units by currency; Ant: CNY 300,000 [C], off by default. */
  maximum_amounts: Record<string, number>;
  /** When a source becomes chargeable is undocumented [A]. */
  source_before_capture: 'refuse' | 'decline' | 'accept';
  /** Off stands for an account with default return pages [C]. */
  return_urls_required: boolean;
  /** Needed when the key spans several channels [A]. */
  processing_channel_required: boolean;
  /** Empty takes any well-formed channel. */
  processing_channels: string[];
  /** Answer to a refund beyond the balance [A]. */
  refund_excess_status: number;
  /** 365 days [C]. */
  refund_window_days: number;
  /** Whether a refund shows in the actions before its result [A]. */
  pending_refund_action: 'listed' | 'hidden';
  /** Host in `_links`, empty for the sandbox's own; real ones name internal hosts [C]. */
  links_base: string;
  webhook_url: string;
  webhook_key: string;
  /** Static `Authorization` header of the workflow action; empty sends none. */
  webhook_authorization: string;
  /** Event types the workflow subscribes to; empty is all. */
  webhook_events: string[];
  /** Deliveries at the same time. */
  webhook_concurrency: number;
  /** Events kept for `/workflows/events`; the oldest delivered ones go first. */
  events_kept: number;
}

type Check = (value: unknown) => boolean;

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isRange: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(isCount) && (value[0] as number) <= (value[1] as number);
const isText: Check = (value) => typeof value === 'string';
const isTextList: Check = (value) => Array.isArray(value) && value.every(isText);
const isAmounts: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) &&
  Object.entries(value).every(([currency, amount]) => /^[A-Z]{3}$/.test(currency) && isCount(amount));
const isUrl: Check = (value) => value === '' || (isText(value) && /^https?:\/\//.test(value as string) && URL.canParse(value as string));
const positive: Check = (value) => isCount(value) && (value as number) > 0;
const oneOf = (...choices: unknown[]): Check => (value) => choices.includes(value);

const SETTINGS: { [Name in keyof Settings]: { initial: Settings[Name]; check: Check } } = {
  decision_delay_ms: { initial: [1000, 3000], check: isRange },
  capture_delay_ms: { initial: [0, 300], check: isRange },
  redirect_capture_delay_ms: { initial: [1000, 6000], check: isRange },
  webhook_delay_ms: { initial: [0, 500], check: isRange },
  refund_delay_ms: { initial: [2000, 10_000], check: isRange },
  redirect_expiry_seconds: { initial: 900, check: positive },
  redirect_lapse: { initial: 'expired', check: oneOf('expired', 'declined') },
  visibility_lag_ms: { initial: [0, 0], check: isRange },
  list_lag_ms: { initial: [0, 0], check: isRange },
  details_lag_ms: { initial: [0, 0], check: isRange },
  key_lifetime_hours: { initial: 24, check: positive },
  key_conflict_status: { initial: 409, check: oneOf(409, 429) },
  key_reuse: { initial: 'replay', check: oneOf('replay', 'refuse') },
  rate_limit_per_second: { initial: 0, check: isCount },
  currencies: { initial: [], check: isTextList },
  minimum_amounts: { initial: { CNY: 10 }, check: isAmounts },
  maximum_amounts: { initial: {}, check: isAmounts },
  source_before_capture: { initial: 'refuse', check: oneOf('refuse', 'decline', 'accept') },
  return_urls_required: { initial: true, check: oneOf(true, false) },
  processing_channel_required: { initial: true, check: oneOf(true, false) },
  processing_channels: { initial: [], check: isTextList },
  refund_excess_status: { initial: 422, check: oneOf(422, 403) },
  refund_window_days: { initial: 365, check: positive },
  pending_refund_action: { initial: 'listed', check: oneOf('listed', 'hidden') },
  links_base: { initial: '', check: isUrl },
  webhook_url: { initial: '', check: isUrl },
  webhook_key: { initial: '', check: isText },
  webhook_authorization: { initial: '', check: isText },
  webhook_events: { initial: [], check: isTextList },
  webhook_concurrency: { initial: 64, check: positive },
  events_kept: { initial: 100_000, check: positive },
};

const QUICK: DelayRange = [0, 5];

/** Named sets of settings: `fast` is for tests, demos and benchmarks. */
export const PRESETS: Record<string, Partial<Settings>> = {
  fast: {
    decision_delay_ms: QUICK,
    capture_delay_ms: [0, 0],
    redirect_capture_delay_ms: QUICK,
    webhook_delay_ms: QUICK,
    refund_delay_ms: QUICK,
  },
};

export function defaultSettings(): Settings {
  return Object.fromEntries(Object.entries(SETTINGS).map(([name, { initial }]) => [name, structuredClone(initial)])) as unknown as Settings;
}

/** A setting that does not exist or a value that does not fit. */
export class SettingRefused extends Error {}

/** Checks a patch (`preset` may come first) and returns what is to be assigned; throws `SettingRefused`, naming the setting. */
export function readSettings(patch: unknown): Partial<Settings> {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) throw new SettingRefused('settings must be a JSON object');
  const { preset, ...named } = patch as Record<string, unknown>;
  if (preset !== undefined && !(typeof preset === 'string' && Object.hasOwn(PRESETS, preset))) throw new SettingRefused(`preset: unknown preset ${JSON.stringify(preset)}`);
  for (const [name, value] of Object.entries(named)) {
    if (!Object.hasOwn(SETTINGS, name)) throw new SettingRefused(`${name}: no such setting`);
    if (!SETTINGS[name as keyof Settings].check(value)) throw new SettingRefused(`${name}: bad value ${JSON.stringify(value)}`);
  }
  return { ...(preset === undefined ? {} : PRESETS[preset]), ...named };
}
