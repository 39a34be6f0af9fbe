import { EntitySchema } from 'typeorm';
import type { Charge } from '../domain/charge.js';
import type { Invoice } from '../domain/invoice.js';
import type { Refund } from '../domain/refund.js';
import type { Source } from '../domain/source.js';
import type { Subscription } from '../domain/subscription.js';
import { bool, id, instant, int, json, nullable, ref, text } from '../platform/database/columns.js';

export const SubscriptionTable = new EntitySchema<Subscription>({
  name: 'subscription',
  tableName: 'subscriptions',
  columns: {
    id: id(),
    customer: ref(),
    plan: ref(),
    plan_version: int(),
    status: text(),
    quantity: int(),
    currency: text(),
    trial_days: int(),
    trial_amount: int(),
    time_zone: text(),
    test_clock: ref(nullable),
    terminal_type: text(),
    os_type: text(nullable),
    success_url: text(),
    failure_url: text(),
    source: ref(nullable),
    billing_anchor: instant(nullable),
    epoch: int(),
    epoch_first_period: int(),
    period_no: int(),
    period_start: instant(nullable),
    period_end: instant(nullable),
    paid_through: instant(nullable),
    trial_end: instant(nullable),
    trial_end_told_at: instant(nullable),
    cancel_at_period_end: bool(),
    canceled_at: instant(nullable),
    cancel_reason: text(nullable),
    ended_by: text(nullable),
    cancel_refund: text(nullable),
    paused_at: instant(nullable),
    resumes_at: instant(nullable),
    resumes_when_paid: bool(),
    expires_at: instant(nullable),
    latest_invoice: ref(nullable),
    advance_invoice: ref(nullable),
    past_due_reason: text(nullable),
    past_due_class: text(nullable),
    dunning_started_at: instant(nullable),
    dunning_step: int(nullable),
    dunning_ends_at: instant(nullable),
    next_attempt_at: instant(nullable),
    notice_due_at: instant(nullable),
    noticed_at: instant(nullable),
    noticed_period_no: int(nullable),
    noticed_amount: int(nullable),
    renewal_charge_at: instant(nullable),
    due_at: instant(nullable),
    parked_at: instant(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

export const SourceTable = new EntitySchema<Source>({
  name: 'source',
  tableName: 'sources',
  columns: {
    id: id(),
    gateway_source_id: text(),
    gateway_source_index: ref(),
    customer: ref(),
    subscription: ref(),
    charge: ref(),
    status: text(),
    ended_reason: text(nullable),
    ended_at: instant(nullable),
    created_at: instant(),
    updated_at: instant(),
  },
});

export const InvoiceTable = new EntitySchema<Invoice>({
  name: 'invoice',
  tableName: 'invoices',
  columns: {
    id: id(),
    number: text(),
    customer: ref(),
    subscription: ref(),
    status: text(),
    currency: text(),
    period_no: int(),
    period_start: instant(nullable),
    period_end: instant(nullable),
    lines: json(),
    subtotal: int(),
    discount: int(),
    tax: int(),
    total: int(),
    balance_applied: int(),
    amount_paid: int(),
    amount_due: int(),
    attempt_count: int(),
    next_attempt_at: instant(nullable),
    charge_from: instant(nullable),
    paid_at: instant(nullable),
    void_reason: text(nullable),
    billed_customer: json(),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

/** How something that is sent to the gateway stands: charges and refunds alike. */
const sending = () => ({
  sends: int(),
  lease_token: int(),
  lease_until: instant(nullable),
  first_sent_at: instant(nullable),
  last_sent_at: instant(nullable),
  next_check_at: instant(nullable),
  checks: int(),
  empty_lookups: int(),
  empty_since: instant(nullable),
  empty_at: instant(nullable),
  response_code: text(nullable),
  response_summary: text(nullable),
  gateway_request_id: text(nullable),
  requested_at: instant(nullable),
  settled_at: instant(nullable),
  parked_at: instant(nullable),
  lost_at: instant(nullable),
});

export const ChargeTable = new EntitySchema<Charge>({
  name: 'charge',
  tableName: 'charges',
  columns: {
    id: id(),
    customer: ref(),
    subscription: ref(),
    invoice: ref(),
    period_no: int(),
    kind: text(),
    trigger: text(),
    dunning_step: int(nullable),
    attempt: int(),
    amount: int(),
    amount_refunded: int(),
    amount_credited: int(),
    refund_count: int(),
    currency: text(),
    status: text(),
    surplus: bool(),
    reference: text(),
    idempotency_key: text(),
    body: text(),
    body_hash: text(),
    source: ref(nullable),
    gateway_payment_id: text(nullable),
    redirect_url: text(nullable),
    expires_at: instant(nullable),
    ...sending(),
    decline_class: text(nullable),
    cleared_at: instant(nullable),
    verified_at: instant(nullable),
    test_clock: ref(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

export const RefundTable = new EntitySchema<Refund>({
  name: 'refund',
  tableName: 'refunds',
  columns: {
    id: id(),
    charge: ref(),
    customer: ref(),
    subscription: ref(),
    number: int(nullable),
    cause: text(),
    amount: int(),
    currency: text(),
    status: text(),
    reason: text(nullable),
    reference: text(),
    idempotency_key: text(),
    body: text(),
    gateway_payment_id: text(),
    gateway_action_id: text(nullable),
    ...sending(),
    test_clock: ref(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

/** What is written once, with the row. */
const FROZEN = {
  subscription: ['id', 'customer', 'plan', 'currency', 'time_zone', 'test_clock', 'created_at'],
  invoice: ['id', 'number', 'customer', 'subscription', 'currency', 'period_no', 'lines', 'subtotal', 'discount', 'tax',
    'total', 'balance_applied', 'billed_customer', 'created_at'],
  charge: ['id', 'customer', 'subscription', 'invoice', 'period_no', 'kind', 'trigger', 'dunning_step', 'attempt', 'amount', 'currency',
    'reference', 'idempotency_key', 'body', 'body_hash', 'test_clock', 'metadata', 'created_at'],
  refund: ['id', 'charge', 'customer', 'subscription', 'number', 'cause', 'amount', 'currency', 'reason', 'reference',
    'idempotency_key', 'body', 'gateway_payment_id', 'test_clock', 'metadata', 'created_at'],
  source: ['id', 'gateway_source_id', 'gateway_source_index', 'customer', 'subscription', 'charge', 'created_at'],
} as const;

/** The columns that an update writes. */
export function changingColumnsOf<T>(table: EntitySchema<T>): (keyof T & string)[] {
  const frozen: readonly string[] = FROZEN[table.options.name as keyof typeof FROZEN];
  return columnsOf(table).filter((column) => !frozen.includes(column));
}

/** The columns of a table, in its order: what set statements read and write. */
export function columnsOf<T>(table: EntitySchema<T>): (keyof T & string)[] {
  return Object.keys(table.options.columns) as (keyof T & string)[];
}
