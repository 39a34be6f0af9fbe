import { CATCH_UPS, INTERVALS, PRORATIONS, RENEWAL_NOTICES } from '../domain/plan.js';
import { MAX_CHARGE } from '../domain/money.js';
import { Code, CurrencyCode, Elsewhere, Flag, Integer, Metadata, OneOf, Text } from '../platform/http/fields.js';

const optional = { optional: true };
const MAX_COUNT = 1_000;
const MAX_TRIAL_DAYS = 1_095;
const MAX_SPREAD_MINUTES = 1_440;

class PriceTerms {
  @Integer(0, MAX_CHARGE) amount!: number;
  @Integer(1, MAX_COUNT, optional) interval_count?: number;
  @Integer(0, MAX_TRIAL_DAYS, optional) trial_days?: number;
  @Integer(0, MAX_CHARGE, optional) trial_amount?: number;
  @Integer(0, MAX_CHARGE, optional) setup_fee?: number;
  @OneOf(PRORATIONS, optional) proration?: (typeof PRORATIONS)[number];
}

/** The price terms of a plan: what a new version may change. */
export class PlanVersionRequest extends PriceTerms {
  @OneOf(INTERVALS, optional) interval?: (typeof INTERVALS)[number];
}

export class CreatePlanRequest extends PriceTerms {
  @Code() code!: string;
  @Text() name!: string;
  @CurrencyCode() currency!: string;
  @OneOf(INTERVALS) interval!: (typeof INTERVALS)[number];
  @Text(2_000, optional) description?: string;
  @Text(255, optional) dunning_policy?: string;
  @OneOf(CATCH_UPS, optional) catch_up?: (typeof CATCH_UPS)[number];
  @OneOf(RENEWAL_NOTICES, optional) renewal_notice?: (typeof RENEWAL_NOTICES)[number];
  @Integer(0, MAX_SPREAD_MINUTES, optional) spread_minutes?: number;
  @Flag(optional) active?: boolean;
  @Metadata() metadata?: Record<string, string>;
}

const newVersion = 'is a price term and does not change in place: give the plan a new version, POST /v1/plans/{id}/versions';

/** What may change in place: nothing that a price depends on. */
export class UpdatePlanRequest {
  @Elsewhere(newVersion) amount?: never;
  @Elsewhere(newVersion) interval?: never;
  @Elsewhere(newVersion) interval_count?: never;
  @Elsewhere(newVersion) trial_days?: never;
  @Elsewhere(newVersion) trial_amount?: never;
  @Elsewhere(newVersion) setup_fee?: never;
  @Elsewhere(newVersion) proration?: never;
  @Text(255, optional) name?: string;
  @Text(2_000, { optional: true, nullable: true }) description?: string | null;
  @Text(255, optional) dunning_policy?: string;
  @OneOf(CATCH_UPS, optional) catch_up?: (typeof CATCH_UPS)[number];
  @OneOf(RENEWAL_NOTICES, optional) renewal_notice?: (typeof RENEWAL_NOTICES)[number];
  @Integer(0, MAX_SPREAD_MINUTES, optional) spread_minutes?: number;
  @Flag(optional) active?: boolean;
  @Metadata() metadata?: Record<string, string>;
}
