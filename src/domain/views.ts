import type { Charge } from './charge.js';
import type { Customer } from './customer.js';
import type { StoredPolicy } from './dunning.js';
import type { Invoice, UpcomingInvoice } from './invoice.js';
import type { Plan, PlanVersion } from './plan.js';
import type { Refund } from './refund.js';
import type { Source } from './source.js';
import { nextRenewal, type Subscription } from './subscription.js';

/**
 * What the world sees of a record: the shapes of the interface, used by the API and by events alike.
 * A record's columns carry the interface's names, so a view mostly leaves out what is internal.
 */

export function planView(plan: Plan, version: PlanVersion) {
  return {
    id: plan.id,
    object: 'plan' as const,
    code: plan.code,
    name: plan.name,
    description: plan.description,
    amount: version.amount,
    currency: version.currency,
    interval: version.interval,
    interval_count: version.interval_count,
    trial_days: version.trial_days,
    trial_amount: version.trial_amount,
    setup_fee: version.setup_fee,
    proration: version.proration,
    dunning_policy: plan.dunning_policy,
    catch_up: plan.catch_up,
    renewal_notice: plan.renewal_notice,
    spread_minutes: plan.spread_minutes,
    active: plan.active,
    version: version.version,
    metadata: plan.metadata,
    created_at: plan.created_at,
    updated_at: plan.updated_at,
  };
}

export function policyView(policy: StoredPolicy) {
  return {
    id: policy.id,
    object: 'dunning_policy' as const,
    code: policy.code,
    retries: policy.retries,
    technical_retries: policy.technical_retries,
    final_action: policy.final_action,
    grace_days: policy.grace_days,
    allowed_hours: policy.allowed_hours,
    quiet_hours: policy.quiet_hours,
    metadata: policy.metadata,
    created_at: policy.created_at,
    updated_at: policy.updated_at,
  };
}

export function customerView(c: Customer, balances: readonly { currency: string; amount: number }[]) {
  return {
    id: c.id,
    object: 'customer' as const,
    email: c.email,
    name: c.name,
    phone: c.phone,
    locale: c.locale,
    time_zone: c.time_zone,
    country: c.country,
    external_id: c.external_id,
    balances,
    test_clock: c.test_clock,
    metadata: c.metadata,
    created_at: c.created_at,
    updated_at: c.updated_at,
  };
}

/** The part of a subscription that its own row tells; the API adds access, wallet and checkout. */
export function subscriptionView(s: Subscription) {
  return {
    id: s.id,
    object: 'subscription' as const,
    status: s.status,
    customer: s.customer,
    plan: s.plan,
    plan_version: s.plan_version,
    quantity: s.quantity,
    currency: s.currency,
    current_period: s.period_start && s.period_end ? { start: s.period_start, end: s.period_end } : null,
    period_no: s.period_no,
    billing_anchor: s.billing_anchor,
    next_charge_at: nextChargeAt(s),
    trial_end: s.trial_end,
    cancel_at_period_end: s.cancel_at_period_end,
    canceled_at: s.canceled_at,
    cancel_reason: s.cancel_reason,
    past_due_reason: s.past_due_reason,
    past_due_class: s.past_due_class,
    paused_at: s.paused_at,
    resumes_at: s.resumes_at,
    latest_invoice: s.latest_invoice,
    test_clock: s.test_clock,
    metadata: s.metadata,
    created_at: s.created_at,
    updated_at: s.updated_at,
  };
}

/** When the engine will charge next by itself, as far as is known now. Customer clock. */
export function nextChargeAt(s: Subscription): Date | null {
  if (s.status === 'past_due' || (s.status === 'active' && s.next_attempt_at !== null)) return s.next_attempt_at;
  const next = nextRenewal(s);
  return next && (s.renewal_charge_at ?? next.at);
}

/** What the next renewal will charge. */
export function upcomingInvoiceView(s: Subscription, u: UpcomingInvoice) {
  return {
    object: 'upcoming_invoice' as const,
    customer: s.customer,
    subscription: s.id,
    currency: s.currency,
    period: u.period,
    period_no: u.period_no,
    lines: u.lines.map((line) => ({ ...line, period: u.period })),
    subtotal: u.subtotal,
    discount: u.discount,
    tax: u.tax,
    total: u.total,
    balance_applied: u.balance_applied,
    amount_due: u.amount_due,
    charge_at: u.charge_at,
  };
}

/** Told with the gateway's name in place of the row's (`withWallet`), like the charges that name it. */
export function sourceView(source: Source) {
  return {
    id: source.id,
    object: 'source' as const,
    status: source.status,
    customer: source.customer,
    subscription: source.subscription,
    reason: source.ended_reason,
    created_at: source.created_at,
    updated_at: source.updated_at,
  };
}

export function invoiceView(i: Invoice) {
  const period = i.period_start && i.period_end ? { start: i.period_start, end: i.period_end } : null;
  return {
    id: i.id,
    object: 'invoice' as const,
    number: i.number,
    customer: i.customer,
    subscription: i.subscription,
    status: i.status,
    currency: i.currency,
    period,
    period_no: i.period_no,
    lines: i.lines.map((line) => ({ ...line, period })),
    subtotal: i.subtotal,
    discount: i.discount,
    tax: i.tax,
    total: i.total,
    balance_applied: i.balance_applied,
    amount_paid: i.amount_paid,
    amount_due: i.amount_due,
    attempt_count: i.attempt_count,
    next_attempt_at: i.next_attempt_at,
    paid_at: i.paid_at,
    void_reason: i.void_reason,
    metadata: i.metadata,
    created_at: i.created_at,
    updated_at: i.updated_at,
  };
}

export function chargeView(c: Charge) {
  return {
    id: c.id,
    object: 'charge' as const,
    invoice: c.invoice,
    customer: c.customer,
    subscription: c.subscription,
    kind: c.kind,
    trigger: c.trigger,
    dunning_step: c.dunning_step,
    attempt: c.attempt,
    amount: c.amount,
    amount_refunded: c.amount_refunded,
    amount_credited: c.amount_credited,
    currency: c.currency,
    status: c.status,
    surplus: c.surplus,
    reference: c.reference,
    gateway_payment_id: c.gateway_payment_id,
    source: c.source,
    response_code: c.response_code,
    response_summary: c.response_summary,
    decline_class: c.decline_class,
    requested_at: c.requested_at,
    settled_at: c.settled_at,
    next_check_at: c.next_check_at,
    verified_at: c.verified_at,
    metadata: c.metadata,
    created_at: c.created_at,
    updated_at: c.updated_at,
  };
}

export function refundView(r: Refund) {
  return {
    id: r.id,
    object: 'refund' as const,
    charge: r.charge,
    customer: r.customer,
    subscription: r.subscription,
    cause: r.cause,
    amount: r.amount,
    currency: r.currency,
    status: r.status,
    reason: r.reason,
    reference: r.reference,
    gateway_payment_id: r.gateway_payment_id,
    gateway_action_id: r.gateway_action_id,
    response_code: r.response_code,
    response_summary: r.response_summary,
    requested_at: r.requested_at,
    settled_at: r.settled_at,
    next_check_at: r.next_check_at,
    metadata: r.metadata,
    created_at: r.created_at,
    updated_at: r.updated_at,
  };
}
