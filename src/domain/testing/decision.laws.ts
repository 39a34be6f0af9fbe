import type { BillingCase } from '../case.js';
import type { CaseRecords } from '../case.records.js';
import { type Charge, chargeTransitions, isCustomerPresent, isOpen, payableUntil } from '../charge.js';
import type { EventType } from '../events.js';
import { withinHours } from '../hours.js';
import { type Invoice, invoiceTransitions } from '../invoice.js';
import type { Transitions } from '../machine.js';
import { type Refund, refundTransitions } from '../refund.js';
import { type Source, sourceTransitions } from '../source.js';
import { type SubscriptionStatus, subscriptionTransitions } from '../subscription.js';

/** What one transaction changed: the records before and after, and the case that says what is to be written. */
export interface Decision {
  before: CaseRecords;
  after: CaseRecords;
  decided: BillingCase;
}

/** What must hold in every life, told a second time and without the rules that bring it about. */

export function hold(law: boolean, broken: string): asserts law {
  if (!law) throw new Error(broken);
}

/** What one decision may change, and that it tells what it changes. */
export function decisionLaws(decision: Decision): void {
  const { before, after, decided } = decision;
  statusesFollowTables(before, after);
  nothingIsRewritten(before, after);
  everyChangeIsWritten(decision);
  eventsFollowChanges(decision);
  eventsShowChanges(decision);
  noChargeBesideAnother(decision);
  retriesKeepToThePolicy(decision);
  const { postings } = decided;
  for (const { source_key, entries } of postings) {
    hold(entries.reduce((sum, entry) => sum + entry.amount, 0) === 0, `${source_key} does not balance`);
  }
}

function reachable(table: Transitions<string, string>, from: string): Set<string> {
  const reached = new Set([from]);
  for (const state of reached) for (const next of Object.values(table[state] ?? {})) if (next) reached.add(next);
  return reached;
}

type Row = { id: string; status: string };
type Shelf = 'charges' | 'invoices' | 'refunds' | 'sources';
const TABLES: { readonly [S in Shelf]: Transitions<string, string> } = {
  charges: chargeTransitions,
  invoices: invoiceTransitions,
  refunds: refundTransitions,
  sources: sourceTransitions,
};
const SHELVES = Object.keys(TABLES) as Shelf[];

function statusesFollowTables(before: CaseRecords, after: CaseRecords): void {
  const pairs = SHELVES.flatMap((shelf) =>
    (before[shelf] as Row[]).map((row) => ({ table: TABLES[shelf], row, now: (after[shelf] as Row[]).find((r) => r.id === row.id) })),
  );
  pairs.push({ table: subscriptionTransitions, row: before.subscription, now: after.subscription });
  for (const { table, row, now } of pairs) {
    hold(now !== undefined && reachable(table, row.status).has(now.status), `${row.id} went from ${row.status} to ${now?.status}`);
  }
}

const FROZEN_CHARGE = ['invoice', 'period_no', 'kind', 'trigger', 'dunning_step', 'attempt', 'amount', 'currency', 'reference', 'idempotency_key', 'body'] as const;
const FROZEN_INVOICE = ['period_no', 'subscription', 'currency', 'lines', 'total', 'balance_applied', 'billed_customer'] as const;

function nothingIsRewritten(before: CaseRecords, after: CaseRecords): void {
  for (const was of before.charges) {
    const is = after.charges.find((charge) => charge.id === was.id) as Charge;
    for (const field of FROZEN_CHARGE) hold(is[field] === was[field], `${was.id}: ${field} was changed`);
    if (was.status === 'captured') hold(is.surplus === was.surplus, `${was.id} changed its mind about what it pays`);
    if (was.gateway_payment_id !== null) hold(is.gateway_payment_id === was.gateway_payment_id, `${was.id} became another payment`);
    hold(is.sends >= was.sends && is.lease_token >= was.lease_token, `${was.id} forgot that it was sent`);
  }
  for (const was of before.invoices) {
    const is = after.invoices.find((invoice) => invoice.id === was.id) as Invoice;
    for (const field of FROZEN_INVOICE) hold(is[field] === was[field], `${was.id}: ${field} was changed`);
    if (was.period_start !== null) hold(is.period_start === was.period_start, `${was.id} bills another period`);
  }
  hold(after.subscription.period_no >= before.subscription.period_no, 'periods are counted backwards');
  const [until, was] = [after.subscription.paid_through, before.subscription.paid_through];
  if (was !== null) hold(until !== null && until >= was, 'what was paid for is taken back');
}

const fieldsThatDiffer = (was: object, is: object): string[] =>
  Object.entries(is).filter(([field, value]) => (was as Record<string, unknown>)[field] !== value).map(([field]) => field);

/** What a set writes is what the case says has changed: a change that it does not name is lost. */
function everyChangeIsWritten({ before, after, decided }: Decision): void {
  for (const shelf of SHELVES) {
    const { added, changed, fields } = decided[shelf];
    for (const row of after[shelf] as Row[]) {
      const was = (before[shelf] as Row[]).find((r) => r.id === row.id);
      hold(added.has(row.id) === !was, `${row.id} is ${was ? 'old' : 'new'} and written the other way`);
      if (!was || was === row) continue;
      hold(changed.has(row.id), `${row.id} was changed and is not written`);
      for (const field of fieldsThatDiffer(was, row)) hold(fields.has(field), `${row.id}: ${field} was changed and is not written`);
      hold((row as Charge).updated_at === decided.now, `${row.id} does not say when it was changed`);
    }
    hold(![...changed].some((id) => added.has(id)), `something is written as changed that is new`);
  }
  for (const field of fieldsThatDiffer(before.subscription, after.subscription)) {
    hold(decided.changed.has(field), `the subscription’s ${field} was changed and is not written`);
  }
  hold(decided.balanceChange === after.balance.amount - before.balance.amount, 'the balance is changed by another amount than is written');
}

const OBJECT_OF: Record<string, string> = { dunning: 'subscription' };

/** Each event shows the thing that it is about, and of a change of status what was before it. */
function eventsShowChanges({ before, after, decided: { events, now } }: Decision): void {
  let { status } = before.subscription;
  for (const { type, subject, at, data } of events) {
    const [kind = ''] = type.split('.');
    const { object, status: shown, id } = data.object as { object: string; status: string; id: string };
    hold(object === (OBJECT_OF[kind] ?? kind), `${type} shows a ${object}`);
    hold(subject === after.subscription.id && at === now, `${type} is told of another, or of another time`);
    const rows: Row[] = [...after.charges, ...after.invoices, ...after.refunds, after.subscription];
    hold(kind === 'source' || rows.some((row) => row.id === id), `${type} shows something that does not exist`);
    if (object !== 'subscription' || type === 'subscription.created') continue;
    const previous: { status?: string; cancel_at_period_end?: boolean } | undefined = data.previous;
    const changed = shown !== status && kind === 'subscription';
    // That a paid trial ended shows in the invoice, in a notice that comes late, and in the renewal once it is paid.
    if (changed && !['subscription.renewed', 'subscription.renewal_upcoming'].includes(type)) hold(previous?.status === status, `${type} says that it was ${previous?.status}, it was ${status}`);
    if (type === 'subscription.updated' && before.subscription.cancel_at_period_end !== after.subscription.cancel_at_period_end) {
      hold(previous?.cancel_at_period_end === before.subscription.cancel_at_period_end, `${type} is wrong about what it was`);
    }
    if (changed) status = shown as SubscriptionStatus;
  }
}

const CHARGE_NEWS: { readonly [S in Charge['status']]?: EventType } = {
  pending: 'charge.pending', unknown: 'charge.unknown', captured: 'charge.captured', declined: 'charge.declined',
  refused: 'charge.refused', expired: 'charge.expired', canceled: 'charge.canceled', absent: 'charge.absent',
};
const INVOICE_NEWS: { readonly [S in Invoice['status']]?: EventType } = {
  paid: 'invoice.paid', void: 'invoice.voided', uncollectible: 'invoice.uncollectible',
};
const REFUND_NEWS: { readonly [S in Refund['status']]?: EventType } = { succeeded: 'refund.succeeded', declined: 'refund.declined' };
const SOURCE_NEWS: { readonly [S in Source['status']]?: EventType } = {
  active: 'source.captured', revoked: 'source.revoked', superseded: 'source.superseded',
};

/** Events of a kind that come with no change of status, or with one that the kind's own law covers. */
const WITHOUT_CHANGE = ['charge.surplus', 'charge.refunded', 'invoice.payment_failed', 'subscription.renewed', 'subscription.trial_will_end', 'subscription.renewal_upcoming'];

const ENDS: SubscriptionStatus[] = ['incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused'];
/** Of one change of status, all that is told; of the others, nothing. */
const SUBSCRIPTION_NEWS: Record<string, EventType[]> = {
  ...Object.fromEntries(ENDS.map((status) => [`${status} canceled`, ['subscription.canceled']])),
  'incomplete trialing': ['subscription.activated'],
  'incomplete active': ['subscription.activated'],
  'incomplete incomplete_expired': ['subscription.expired'],
  'trialing incomplete': ['subscription.updated'],
  'trialing active': [],
  'trialing past_due': ['subscription.past_due'],
  'active past_due': ['subscription.past_due'],
  'active paused': ['subscription.paused'],
  'past_due active': ['subscription.recovered'],
  'past_due unpaid': ['subscription.unpaid'],
  'past_due paused': ['subscription.paused'],
  'unpaid active': ['subscription.recovered'],
  'paused active': ['subscription.resumed'],
  'paused past_due': ['subscription.resumed', 'subscription.past_due'],
};

/** Made for a second payment of a request: its reference is that of the first, with a number behind it. */
const isTwin = (charge: Charge): boolean => charge.reference.split('-').length > 3;

function eventsFollowChanges({ before, after, decided: { events } }: Decision): void {
  const expected: EventType[] = [];
  const news: Record<Shelf, { readonly [status: string]: EventType }> = {
    charges: CHARGE_NEWS, invoices: INVOICE_NEWS, refunds: REFUND_NEWS, sources: SOURCE_NEWS,
  };
  for (const shelf of SHELVES) {
    for (const row of after[shelf] as Row[]) {
      const was = (before[shelf] as Row[]).find((r) => r.id === row.id);
      // A charge is created when it is asked for, not when a second payment of it turns up.
      if (!was && shelf === 'charges' && !isTwin(row as Charge)) expected.push('charge.created');
      if (!was && shelf === 'invoices') expected.push('invoice.finalized');
      if (!was && shelf === 'refunds') expected.push('refund.created');
      const told = news[shelf][row.status];
      if (told && row.status !== was?.status) expected.push(told);
    }
  }
  const { status } = after.subscription;
  const moved = status !== before.subscription.status;
  const told = SUBSCRIPTION_NEWS[`${before.subscription.status} ${status}`];
  if (moved) hold(told !== undefined, `nobody knows what to tell of ${before.subscription.status} to ${status}`);
  expected.push(...(moved ? (told ?? []) : []));
  if (before.subscription.cancel_at_period_end !== after.subscription.cancel_at_period_end && status !== 'canceled') {
    expected.push('subscription.updated');
  }
  // A free trial whose first period was paid in advance becomes what others become by their first payment.
  const prepaid = before.subscription.status === 'trialing' && before.subscription.trial_amount === 0 && status === 'active';
  if (prepaid && before.invoices.some(({ id, status: was }) => id === before.subscription.advance_invoice && was === 'paid')) expected.push('subscription.activated');
  const types = events.map((event) => event.type).filter((type) => !type.startsWith('dunning.') && !WITHOUT_CHANGE.includes(type));
  hold(types.toSorted().join() === expected.toSorted().join(), `told ${types.join()}, changed ${expected.join()}`);
  const surplus = (records: CaseRecords): number => records.charges.filter((charge) => charge.surplus).length;
  const of = (type: EventType): number => events.filter((event) => event.type === type).length;
  hold(of('charge.surplus') === surplus(after) - surplus(before), 'surplus money comes without being told');
  hold(of('charge.refunded') === of('refund.succeeded'), 'money goes back and its charge does not tell');
  hold(of('dunning.started') === of('subscription.past_due'), 'a ladder begins untold');
}

/** A stored wallet is never charged beside another charge of it, or beside a redirect that can still be paid. */
function noChargeBesideAnother({ before, after, decided: { engineNow: now } }: Decision): void {
  for (const charge of after.charges) {
    if (before.charges.some((was) => was.id === charge.id) || !isOpen(charge.status)) continue;
    hold(charge.amount > 0, `${charge.id} charges nothing`);
    const others = after.charges.filter((other) => other.invoice === charge.invoice && other.id !== charge.id && isOpen(other.status));
    hold(!others.some((other) => !isCustomerPresent(other.kind)), `${charge.id} is created beside a live charge`);
    if (isCustomerPresent(charge.kind)) continue;
    hold(!others.some((other) => payableUntil(other, now) > now), `${charge.id} is created beside an open redirect`);
    const wallet = after.sources.find((source) => source.id === charge.source);
    hold(wallet?.status === 'active', `${charge.id} charges a wallet that is ${wallet?.status}`);
    const attempts = after.charges.filter((other) => other.period_no === charge.period_no).map((other) => other.attempt);
    hold(new Set(attempts).size === attempts.length, `two tries of period ${charge.period_no} have one number`);
  }
}

/** What is tried again by itself is tried as often, and when, as the policy says; and only where that makes sense. */
function retriesKeepToThePolicy({ before, after, decided: { now } }: Decision): void {
  const { policy, subscription } = before;
  for (const charge of after.charges) {
    if (before.charges.some((was) => was.id === charge.id) || isTwin(charge)) continue;
    hold((charge.trigger === 'customer') === isCustomerPresent(charge.kind), `${charge.id} is made by the ${charge.trigger}`);
    if (charge.kind !== 'retry' || charge.trigger === 'operator') continue;
    hold(subscription.dunning_ends_at === null, `${charge.id} is tried while somebody has to act first`);
    const beside = after.charges.filter(({ invoice, trigger, status }) => invoice === charge.invoice && trigger === 'technical' && !isUntried(status));
    hold(beside.length <= policy.technical_retries.length, `${charge.id} is one technical retry too many`);
    if (charge.trigger === 'schedule' && subscription.dunning_step !== null) {
      hold(charge.dunning_step === subscription.dunning_step + 1, `${charge.id} is step ${charge.dunning_step} after ${subscription.dunning_step}`);
      // What a pause left owed is tried once after it, however short the ladder is.
      hold(subscription.dunning_step < Math.max(1, policy.retries.length), `${charge.id} is beyond the ladder`);
    }
    // After an outage it is made when somebody is there again.
    const planned = subscription.next_attempt_at ?? now;
    hold(withinHours(planned, policy.allowed_hours, subscription.time_zone).getTime() === planned.getTime(), `${charge.id} keeps no hours`);
  }
}

const isUntried = (status: Charge['status']): boolean => status === 'absent' || status === 'withdrawn';
