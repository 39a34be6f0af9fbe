import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import { Customers } from '../customers/customers.js';
import { addDays, addDuration } from '../domain/calendar.js';
import { BillingCase } from '../domain/case.js';
import { sentByHand } from '../domain/checkout.js';
import { invalid, missing, Refusal } from '../domain/errors.js';
import { issueFirstInvoice } from '../domain/invoicing.js';
import { noDunning } from '../domain/ladder.js';
import { type Currency, isChargeable, minimumCharge } from '../domain/money.js';
import { NO_NOTICE } from '../domain/notice.js';
import type { PlanVersion } from '../domain/plan.js';
import { dueAt, SIGN_UP_HOURS, type Subscription } from '../domain/subscription.js';
import { Sender } from '../payments/sender.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { newId } from '../platform/ids/ids.js';
import { Plans } from '../plans/plans.js';
import { checkTerminal } from './checkout.js';
import type { CreateSubscriptionRequest } from './subscription.requests.js';

/** What has not happened yet to a subscription that is being made. */
const UNTOUCHED = {
  source: null,
  epoch: 0,
  epoch_first_period: 1,
  period_no: 0,
  paid_through: null,
  trial_end_told_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancel_reason: null,
  ended_by: null,
  cancel_refund: null,
  paused_at: null,
  resumes_at: null,
  resumes_when_paid: false,
  latest_invoice: null,
  advance_invoice: null,
  ...noDunning,
  ...NO_NOTICE,
  due_at: null,
  parked_at: null,
} as const;

/** Sells a plan: the subscription, its first invoice and the redirect that pays it. */
@Injectable()
export class SignUp {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly customers: Customers,
    private readonly plans: Plans,
    private readonly sender: Sender,
    private readonly config: Config,
  ) {}

  /** Returns the new subscription's id. The redirect has been asked for when this resolves. */
  async signUp(request: CreateSubscriptionRequest): Promise<string> {
    checkTerminal(request);
    const { subscription, charges } = await this.database.transaction(async (tx) => {
      const { customer, now } = await this.customers.lock(tx, request.customer).catch(asInvalid('customer'));
      const { plan, version, policy } = await this.plans.forSale(tx, request.plan).catch(asInvalid('plan'));
      const subscription = this.open(request, version, { ...customer, plan: plan.id }, now);
      const records = {
        subscription,
        plan,
        version,
        policy,
        customer,
        invoices: [],
        charges: [],
        refunds: [],
        sources: [],
        balance: { amount: 0 },
      };
      const c = new BillingCase(records, now, tx.now, this.cases.ports, true);
      c.tellSubscription('subscription.created');
      if (subscription.status === 'incomplete') {
        const invoice = issueFirstInvoice(c, { defaultCountry: this.config.DEFAULT_COUNTRY });
        c.addCharge('initial', invoice, null, subscription, sentByHand(tx.now));
      }
      await this.cases.save(tx, [c]);
      return { subscription, charges: [...c.charges.added] };
    });
    await this.sender.sendNow(charges);
    return subscription.id;
  }

  private open(
    request: CreateSubscriptionRequest,
    version: PlanVersion,
    owner: { id: string; time_zone: string | null; test_clock: string | null; plan: string },
    now: Date,
  ): Subscription {
    const timeZone = owner.time_zone ?? this.config.DEFAULT_TIME_ZONE;
    const trial = {
      days: request.trial_days ?? version.trial_days,
      amount: request.trial_amount ?? version.trial_amount,
    };
    const quantity = request.quantity ?? 1;
    checkAmounts(version, trial, quantity);
    const free = trial.days > 0 && trial.amount === 0;
    const trialEnd = free ? addDays(now, trial.days, timeZone) : null;
    const subscription: Subscription = {
      ...UNTOUCHED,
      id: newId('sub'),
      customer: owner.id,
      plan: owner.plan,
      plan_version: version.version,
      status: free ? 'trialing' : 'incomplete',
      quantity,
      currency: version.currency,
      trial_days: trial.days,
      trial_amount: trial.amount,
      time_zone: timeZone,
      test_clock: owner.test_clock,
      terminal_type: request.terminal_type,
      os_type: request.os_type ?? null,
      success_url: request.success_url,
      failure_url: request.failure_url,
      billing_anchor: trialEnd,
      period_start: free ? now : null,
      period_end: trialEnd,
      trial_end: trialEnd,
      expires_at: free ? null : addDuration(now, `${SIGN_UP_HOURS}h`),
      metadata: request.metadata ?? {},
      created_at: now,
      updated_at: now,
    };
    return { ...subscription, due_at: dueAt(subscription) };
  }
}

function checkAmounts(version: PlanVersion, trial: { days: number; amount: number }, quantity: number): void {
  const currency = version.currency as Currency;
  if (!isChargeable(version.amount * quantity + version.setup_fee, currency)) {
    throw invalid('quantity', 'makes a charge that the gateway cannot take');
  }
  const smallest = minimumCharge(currency);
  if (trial.amount > 0 && !isChargeable(trial.amount + version.setup_fee, currency)) {
    throw invalid('trial_amount', 'makes a charge that the gateway cannot take');
  }
  if (trial.amount > 0 && trial.amount < smallest) {
    throw invalid('trial_amount', `must be 0 or at least ${smallest} in ${version.currency}`);
  }
  if (trial.amount > 0 && trial.days === 0) throw invalid('trial_amount', 'needs trial_days');
}

/** Something named in the body that does not exist is bad input, and names its field. */
function asInvalid(path: string) {
  return (error: unknown): never => {
    if (error instanceof Refusal && error.kind === 'not_found') {
      throw missing(path, path);
    }
    throw error;
  };
}

