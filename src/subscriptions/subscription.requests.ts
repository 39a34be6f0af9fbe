import { ADVANCE_AMOUNTS, type AdvanceAmount } from '../domain/advance.js';
import { CANCEL_REFUNDS, type CancelRefund, OS_TYPES, TERMINAL_TYPES } from '../domain/subscription.js';
import { Flag, Instant, Integer, Metadata, OneOf, Text, WebUrl } from '../platform/http/fields.js';
import { MAX_CHARGE } from '../domain/money.js';

const optional = { optional: true };
const MAX_QUANTITY = 1_000_000;
const MAX_TRIAL_DAYS = 1_095;

/** Where the customer pays, and where the wallet sends him afterwards. */
export class CheckoutRequest {
  @OneOf(TERMINAL_TYPES) terminal_type!: (typeof TERMINAL_TYPES)[number];
  /** Required unless the terminal is WEB. */
  @OneOf(OS_TYPES, optional) os_type?: (typeof OS_TYPES)[number];
  @WebUrl() success_url!: string;
  @WebUrl() failure_url!: string;
}

export class OpenCheckoutRequest extends CheckoutRequest {
  /** What is paid where nothing is owed: the next period in advance (so it is by default), or the least possible. */
  @OneOf(ADVANCE_AMOUNTS, optional) amount?: AdvanceAmount;
}

export class CreateSubscriptionRequest extends CheckoutRequest {
  @Text() customer!: string;
  @Text() plan!: string;
  @Integer(1, MAX_QUANTITY, optional) quantity?: number;
  @Integer(0, MAX_TRIAL_DAYS, optional) trial_days?: number;
  @Integer(0, MAX_CHARGE, optional) trial_amount?: number;
  @Metadata() metadata?: Record<string, string>;
}

export class UpdateSubscriptionRequest {
  @Metadata() metadata?: Record<string, string>;
}

export class CancelRequest {
  @OneOf(['period_end', 'now']) at!: 'period_end' | 'now';
  @OneOf(CANCEL_REFUNDS, optional) refund?: CancelRefund;
  @Text(255, optional) reason?: string;
}

export class PauseRequest {
  @Instant(optional) resumes_at?: string;
}

export class ResumeRequest {
  @Flag(optional) confirm_charge?: boolean;
}
