import { FINAL_ACTIONS } from '../domain/dunning.js';
import { Code, Duration, Flag, Integer, Metadata, OneOf, Part, Parts, TimeOfDay } from '../platform/http/fields.js';

const optional = { optional: true };
const MOST_RETRIES = 20;
const MOST_GRACE_DAYS = 365;

export class RetryRequest {
  /** Counted from the previous try. */
  @Duration('90d') after!: string;
  /** Whether the customer is written to when the try before it has failed. */
  @Flag(optional) notify?: boolean;
}

export class TechnicalRetryRequest {
  @Duration('24h') after!: string;
}

/** Local times of the customer's day, from `from` to before `to`; `from` after `to` reaches over midnight. */
export class HoursRequest {
  @TimeOfDay(false) from!: string;
  @TimeOfDay(true) to!: string;
}

/** What may change of a policy: everything but its code. */
export class UpdatePolicyRequest {
  /** The ladder: waits after the try before. */
  @Parts(RetryRequest, MOST_RETRIES, optional) retries?: RetryRequest[];
  /** Waits within hours after a technical failure, beside the ladder: that many per invoice. */
  @Parts(TechnicalRetryRequest, MOST_RETRIES, optional) technical_retries?: TechnicalRetryRequest[];
  @OneOf(FINAL_ACTIONS, optional) final_action?: (typeof FINAL_ACTIONS)[number];
  /** Days of access after the last paid period. */
  @Integer(0, MOST_GRACE_DAYS, optional) grace_days?: number;
  /** When a wallet may be tried again. */
  @Part(HoursRequest, { optional: true, nullable: true }) allowed_hours?: HoursRequest | null;
  /** When nobody is written to. */
  @Part(HoursRequest, { optional: true, nullable: true }) quiet_hours?: HoursRequest | null;
  @Metadata() metadata?: Record<string, string>;
}

export class CreatePolicyRequest extends UpdatePolicyRequest {
  @Code() code!: string;
}
