import type { Charge } from '../charge.js';
import type { ChargeDraft, RefundDraft, WalletPort } from '../case.records.js';
import type { Customer } from '../customer.js';
import { DEFAULT_POLICY_CODE, type DunningPolicy } from '../dunning.js';
import type { Invoice } from '../invoice.js';
import { noDunning } from '../ladder.js';
import { newCharge, newRefund, referenceOfRefund } from '../new.records.js';
import { NO_NOTICE } from '../notice.js';
import type { Plan, PlanVersion } from '../plan.js';
import type { PaymentFact } from '../observation.js';
import type { Refund } from '../refund.js';
import type { Subscription } from '../subscription.js';

/** Records as tests need them: complete, plain, and changed only where a test cares. */

export const START = new Date('2026-01-31T04:00:00Z');
const ZONE = 'Asia/Shanghai';

/** What a test may want to be different from a monthly tea club at ¥39.00. */
export interface Terms {
  startsAt?: Date;
  version?: Partial<PlanVersion>;
  plan?: Partial<Plan>;
  policy?: Partial<DunningPolicy>;
  quantity?: number;
  timeZone?: string;
  balance?: number;
  subscription?: Pick<Partial<Subscription>, 'id' | 'test_clock'>;
}

/** The policy that the migrations make. */
export const DEFAULT_POLICY: DunningPolicy = {
  code: DEFAULT_POLICY_CODE,
  retries: [1, 3, 5, 7].map((days) => ({ after: `${days}d`, notify: true })),
  technical_retries: [{ after: '1h' }, { after: '4h' }],
  final_action: 'cancel',
  grace_days: 0,
  allowed_hours: null,
  quiet_hours: null,
};

export function aPlan(terms: Terms = {}): { plan: Plan; version: PlanVersion; policy: DunningPolicy } {
  const at = terms.startsAt ?? START;
  return {
    plan: {
      id: 'plan_1',
      code: 'tea',
      name: 'Tea club',
      description: null,
      version: 1,
      active: true,
      dunning_policy: 'default',
      catch_up: 'all',
      renewal_notice: 'off',
      spread_minutes: 0,
      metadata: {},
      created_at: at,
      updated_at: at,
      ...terms.plan,
    },
    version: {
      plan: 'plan_1',
      version: 1,
      amount: 3900,
      currency: 'CNY',
      interval: 'month',
      interval_count: 1,
      trial_days: 0,
      trial_amount: 0,
      setup_fee: 0,
      proration: 'second',
      created_at: at,
      ...terms.version,
    },
    policy: { ...DEFAULT_POLICY, ...terms.policy },
  };
}

export function aCustomer(at = START): Customer {
  return {
    id: 'cust_1',
    email: 'li@example.com',
    name: 'Li',
    phone: null,
    locale: 'zh-CN',
    time_zone: ZONE,
    country: 'CN',
    external_id: null,
    test_clock: null,
    metadata: {},
    created_at: at,
    updated_at: at,
  };
}

const NOTHING_DUE = { ...NO_NOTICE, due_at: null, parked_at: null } as const;

/** A subscription that has just been asked for and has not paid anything yet. */
export function aSubscription(changes: Partial<Subscription> = {}): Subscription {
  const at = changes.created_at ?? START;
  return {
    id: 'sub_1',
    customer: 'cust_1',
    plan: 'plan_1',
    plan_version: 1,
    status: 'incomplete',
    quantity: 1,
    currency: 'CNY',
    trial_days: 0,
    trial_amount: 0,
    time_zone: ZONE,
    test_clock: null,
    terminal_type: 'WEB',
    os_type: null,
    success_url: 'https://shop.example/yes',
    failure_url: 'https://shop.example/no',
    source: null,
    billing_anchor: null,
    epoch: 0,
    epoch_first_period: 1,
    period_no: 0,
    period_start: null,
    period_end: null,
    paid_through: null,
    trial_end: null,
    trial_end_told_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancel_reason: null,
    ended_by: null,
    cancel_refund: null,
    paused_at: null,
    resumes_at: null,
    resumes_when_paid: false,
    expires_at: null,
    latest_invoice: null,
    advance_invoice: null,
    ...noDunning,
    ...NOTHING_DUE,
    metadata: {},
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A mint whose keys are readable: what they are derived from is the real mint's business. */
export function mintCharge(draft: ChargeDraft): Charge {
  const name = `${draft.invoice.period_no}-${draft.attempt}`;
  return newCharge(draft, { id: `chg_${name}`, reference: `zq-${name}`, idempotency_key: `key-${name}`, body: '{}', body_hash: 'hash' });
}

/** Names of wallets as they are: how they are sealed is nothing that a rule may ask about. */
export const openWallets: WalletPort = { seal: (_, name) => name, indexesOf: (name) => [name] };

/** As {@link mintCharge}. */
export function mintRefund(draft: RefundDraft): Refund {
  return newRefund(draft, { id: `rfnd_${draft.charge.id}_${draft.number ?? draft.name}`, idempotency_key: `key-${referenceOfRefund(draft)}`, body: '{}' });
}

/** A charge of a renewal in whatever state a test needs. */
export function aCharge(changes: Partial<Charge> = {}): Charge {
  const invoice = { id: 'inv_1', period_no: 1, amount_due: 3900, currency: 'CNY' } as Invoice;
  const draft = { kind: 'recurring', trigger: 'schedule', dunning_step: null, subscription: aSubscription(), invoice, attempt: 1, source: null, terms: null } as const;
  return { ...mintCharge({ ...draft, sendAt: START, now: START }), ...changes };
}

/** What the gateway says about a charge's payment: the truth about it, unless the test bends it. */
export function factOf(charge: Charge, status: PaymentFact['status'], changes: Partial<PaymentFact> = {}): PaymentFact {
  return {
    payment_id: `pay_${charge.id}`,
    status,
    amount: charge.amount,
    currency: charge.currency,
    source_id: null,
    redirect_url: null,
    response_code: null,
    response_summary: null,
    ...changes,
  };
}
