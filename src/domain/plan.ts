import type { Cadence } from './calendar.js';

export const INTERVALS = ['day', 'week', 'month', 'year'] as const;
export const PRORATIONS = ['second', 'day'] as const;
export const CATCH_UPS = ['all', 'latest'] as const;
export const RENEWAL_NOTICES = ['required', 'off'] as const;

/** What a subscription costs and how often. Never changes in place: a new version replaces it. */
export interface PlanVersion {
  plan: string;
  version: number;
  /** Minor units per period and unit of quantity. */
  amount: number;
  currency: string;
  interval: (typeof INTERVALS)[number];
  interval_count: number;
  trial_days: number;
  /** Minor units; 0 is a free trial, more is a paid one whose charge captures the wallet. */
  trial_amount: number;
  /** Minor units, once, with the first charge. */
  setup_fee: number;
  proration: (typeof PRORATIONS)[number];
  created_at: Date;
}

export interface Plan {
  id: string;
  code: string;
  name: string;
  description: string | null;
  /** The version that new subscriptions get. */
  version: number;
  active: boolean;
  dunning_policy: string;
  catch_up: (typeof CATCH_UPS)[number];
  renewal_notice: (typeof RENEWAL_NOTICES)[number];
  /** Minutes over which renewals that fall on one instant are spread; never under a test clock. */
  spread_minutes: number;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

export function cadence(version: Pick<PlanVersion, 'interval' | 'interval_count'>): Cadence {
  return { interval: version.interval, count: version.interval_count };
}
