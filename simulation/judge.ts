import type pg from 'pg';
import type { BookEntry } from '../sandbox/payments/model.js';
import { PLANS, type SoldPlan } from './cast.js';
import type { Lab } from './lab.js';
import { judgeRequests } from './judge.gateway.js';
import { type ChargeRow, type InvoiceRow, readTables, type RefundRow, type SubscriptionRow, type Tables } from './judge.tables.js';
import { periodsOf, price, stretchesOf } from './model.js';
import type { Violation } from './violation.js';

export interface Verdict {
  violations: Violation[];
  subscriptions: number;
  periods: number;
  charges: number;
  captures: number;
  /** Captures that paid for nothing: the gateway took money late, or a customer paid twice himself. */
  surplus: number;
  /** Periods that are visibly owed or given up. */
  owed: number;
}

/** Compares the engine's tables with the gateway's book and with the model of what each period should cost. */
export async function judge(lab: Lab): Promise<Verdict> {
  const tables = await readTables(lab.admin);
  const entries = [...lab.gateway.context.store.book.rows.values()];
  const violations = [...(await judgeTables(lab)), ...judgeBook(lab, tables, entries), ...judgeRequests(lab), ...judgeRefusals(lab, tables)];
  const counts = { periods: 0, owed: 0 };
  const book = new Map(entries.map((entry) => [entry.payment_id, entry]));
  for (const subscription of tables.subscriptions) {
    const judged = judgeSubscription(subscription, tables, book, lab.time.at);
    violations.push(...judged.violations);
    counts.periods += judged.periods;
    counts.owed += judged.owed;
  }
  const charges = [...tables.charges.values()].flat();
  return {
    violations,
    subscriptions: tables.subscriptions.length,
    ...counts,
    charges: charges.length,
    captures: entries.length,
    surplus: charges.filter(({ surplus }) => surplus).length,
  };
}

const told = (types: string, table: string, where: string, times = '= 1'): string => `select r.id from ${table} r
  left join (select data->'object'->>'id' as id, count(*) as times from events where type in (${types}) group by 1) e using (id)
  where ${where} and not (coalesce(e.times, 0) ${times})
  union all select e.data->'object'->>'id' from events e where e.type in (${types})
    and not exists (select 1 from ${table} r where r.id = e.data->'object'->>'id' and ${where})`;

/** What happened and was not told, was told more than once, or was told and never happened. */
const UNTOLD: Readonly<Record<string, string>> = {
  // A second payment of one request was never created here: its charge has the request's reference and a number behind it.
  'charges and their creation': told(`'charge.created'`, 'charges', `r.reference !~ '-[0-9]+-[0-9]+-[0-9]+$'`),
  'captures and what was told of them': told(`'charge.captured'`, 'charges', `r.status = 'captured'`),
  'invoices and their finalization': told(`'invoice.finalized'`, 'invoices', `r.status <> 'draft'`),
  'payments of invoices and what was told of them': told(`'invoice.paid'`, 'invoices', `r.status = 'paid'`),
  'cancels and what was told of them': told(`'subscription.canceled'`, 'subscriptions', `r.status = 'canceled'`),
  'renewals of a week or a month, and their notice five days before': `select c.id from charges c
    join invoices i on i.id = c.invoice join subscriptions s on s.id = c.subscription
    join plan_versions v on v.plan = s.plan and v.version = s.plan_version
    where v.interval <> 'day' and c.kind = 'recurring'
      and not exists (select 1 from charges o where o.invoice = i.id and o.kind in ('recurring', 'retry') and o.attempt < c.attempt)
      and not exists (select 1 from events e where e.subject = s.id and e.type = 'subscription.resumed' and e.created_at = i.period_start)
      and not exists (select 1 from events e where e.subject = s.id and e.type = 'subscription.renewal_upcoming'
                       and (e.data->'object'->'period'->>'start')::timestamptz = i.period_start
                       and (e.data->'object'->>'amount')::int >= c.amount and e.created_at <= c.created_at - interval '120 hours')`,
};

/** Owed by somebody who is served, while nothing is under way and nothing is planned. */
const ABANDONED = `select i.id from invoices i join subscriptions s on s.id = i.subscription
  where i.status = 'open' and s.status in ('active', 'past_due') and s.next_attempt_at is null and s.dunning_ends_at is null
    and not exists (select 1 from charges c where c.invoice = i.id and c.status in ('created', 'sending', 'pending', 'unknown'))
    and not exists (select 1 from charges c where c.subscription = s.id and c.kind in ('recurring', 'retry') and c.status in ('created', 'sending', 'pending', 'unknown'))`;

/** Coherence, gaps in what was told, and rows that nobody works on any more. */
async function judgeTables({ admin, time }: Lab): Promise<Violation[]> {
  const now = new Date(time.at);
  const violations: Violation[] = [];
  const { rows: incoherent } = await admin.query<{ kind: string; row_id: string; detail: string }>('select * from coherence($1)', [now]);
  for (const { kind, row_id, detail } of incoherent) {
    violations.push({ kind: 'incoherent', email: await ownerOf(admin, row_id), detail: `${kind} ${row_id}: ${detail}` });
  }
  const { rows: gaps } = await admin.query<{ subject: string }>(
    `select subject from events group by subject having count(*) <> max(sequence) or min(sequence) <> 1`,
  );
  for (const { subject } of gaps) violations.push({ kind: 'untold', email: await ownerOf(admin, subject), detail: `the events of ${subject} have a gap` });
  for (const [what, sql] of Object.entries(UNTOLD)) {
    const { rows: untold } = await admin.query<{ id: string }>(sql);
    for (const { id } of untold) violations.push({ kind: 'untold', email: await ownerOf(admin, id), detail: `${what}: ${id}` });
  }
  const { rows: parked } = await admin.query<{ id: string; what: string }>(
    `select row_id as id, kind || ' parked: ' || error as what from parked_rows p
      where exists (select 1 from subscriptions s where s.id = p.row_id and s.parked_at is not null)
         or exists (select 1 from charges c where c.id = p.row_id and c.parked_at is not null)`,
  );
  const { rows: abandoned } = await admin.query<{ id: string }>(ABANDONED);
  for (const { id } of abandoned) violations.push({ kind: 'abandoned', email: await ownerOf(admin, id), detail: `owed, and nobody will ever ask for it: ${id}` });
  for (const { id, what } of parked) violations.push({ kind: 'stuck', email: await ownerOf(admin, id), detail: `${what}: ${id}` });
  return violations;
}

async function ownerOf(admin: pg.Client, id: string): Promise<string | null> {
  const { rows } = await admin.query<{ email: string }>(
    `select u.email from customers u join subscriptions s on s.customer = u.id
      where s.id = $1 or exists (select 1 from charges c where c.subscription = s.id and (c.id = $1 or c.gateway_payment_id = split_part($1, ':', 1)))
         or exists (select 1 from invoices i where i.subscription = s.id and i.id = split_part($1, ':', 1)) limit 1`,
    [id],
  );
  return rows[0]?.email ?? null;
}

/**
 * Money of a life that was lost with its database: a human was told, and sees it. That this life took it once more by
 * itself is no excuse but a double; that it came late, or the customer paid anew, is.
 */
function isLostAndShown({ lostTimes }: Lab, tables: Tables, entries: readonly BookEntry[], entry: BookEntry): boolean {
  const { requested_at: at, payment_id: id, customer_email: email } = entry;
  const shown = (tables.parked.get(id) ?? []).some(({ kind, released_at }) => kind === 'orphan' && released_at === null);
  if (!shown || !lostTimes.some(({ from, until }) => at >= from && at <= until)) return false;
  return entries.every((other) => other === entry || other.customer_email !== email || periodOf(other) !== periodOf(entry) || other.late || other.kind === 'redirect');
}

/** The number of the period that a payment is about; read here anew, as the judge believes nothing of the engine's. */
function periodOf({ reference }: BookEntry): string | undefined {
  return reference.split('-').at(-2);
}

/** Line by line: what the gateway took, and what the engine says it got. */
function judgeBook(lab: Lab, tables: Tables, entries: readonly BookEntry[]): Violation[] {
  const violations: Violation[] = [];
  const all = [...tables.charges.values()].flat();
  const charges = new Map(all.map((charge) => [charge.gateway_payment_id, charge]));
  const named = new Map(all.map((charge) => [charge.reference, charge]));
  const mine = new Set(entries.map((entry) => entry.payment_id));
  for (const entry of entries) {
    const charge = charges.get(entry.payment_id);
    const email = entry.customer_email ?? null;
    const told = `${entry.reference} (${entry.payment_id}), ${entry.amount}`;
    const asked = charge ?? named.get(entry.reference);
    // Part of what was asked for: the charge stays open to the right news, and a human was told.
    if (asked && asked.amount !== entry.amount && asked.alerted) continue;
    if (!charge) {
      if (isLostAndShown(lab, tables, entries, entry)) continue;
      violations.push({ kind: 'unbooked', email, detail: `captured at the gateway, unknown here: ${told}` });
    } else if (charge.amount !== entry.amount) {
      violations.push({ kind: 'unbooked', email, detail: `another amount was captured, and nobody was told: ${told}` });
    } else if (charge.status !== 'captured' || charge.booked === null) {
      violations.push({ kind: 'unbooked', email, detail: `captured at the gateway, ${charge.status} here: ${told}` });
    }
    if (charge) violations.push(...judgeRefunds(charge, tables.refunds.get(charge.id) ?? [], entry));
  }
  for (const charge of charges.values()) {
    if (charge.status === 'captured' && !mine.has(charge.gateway_payment_id ?? '')) {
      violations.push({ kind: 'unbooked', email: null, detail: `captured here, unknown to the gateway: ${charge.reference}` });
    }
  }
  return violations;
}

/** How late (ms) a row may be looked at, and parked. */
const LATE_MS = 6 * 86_400_000;

/** A refusal is the gateway's own word: neither a rate limit nor a rotated key of ours may pass for one. */
function judgeRefusals({ road }: Lab, tables: Tables): Violation[] {
  const email = new Map(tables.subscriptions.map((s) => [s.id, s.email]));
  return [...tables.charges.values()]
    .flat()
    .filter(({ status, reference }) => status === 'refused' && !road.refused.has(reference))
    .map(({ subscription, reference }) => ({ kind: 'misread', email: email.get(subscription) ?? null, detail: `refused here, never refused by the gateway: ${reference}` }));
}

type Book = ReadonlyMap<string, BookEntry>;
type Blame = (kind: Violation['kind'], detail: string) => void;

/** What went back to the wallet: line by line, never more than once, and surplus in full or with a recorded no. */
function judgeRefunds(charge: ChargeRow, refunds: readonly RefundRow[], entry: BookEntry): Violation[] {
  const found: Violation[] = [];
  const blame = (kind: Violation['kind'], detail: string): void => void found.push({ kind, email: entry.customer_email ?? null, detail: `${entry.reference}: ${detail}` });
  const back = entry.refunds.reduce((sum, { amount }) => sum + amount, 0);
  if (back > entry.amount) blame('double', `${back} went back of ${entry.amount}`);
  if (entry.amount === charge.amount && back !== charge.amount_refunded) blame('unbooked', `${back} went back at the gateway, ${charge.amount_refunded} here`);
  const references = entry.refunds.map(({ reference }) => reference).filter((reference) => reference !== undefined);
  if (new Set(references).size < references.length) blame('double', 'the same refund was paid out twice');
  const here = new Set(refunds.filter(({ status }) => status === 'succeeded').map((refund) => refund.gateway_action_id));
  for (const { action_id: action } of entry.refunds) if (!here.has(action) && entry.amount === charge.amount) blame('unbooked', `${action} went back and is unknown here`);
  if (charge.surplus && charge.amount_refunded < charge.amount && !refunds.some(({ status }) => status === 'declined')) {
    blame('unreturned', `surplus, and only ${charge.amount_refunded} of ${charge.amount} went back`);
  }
  return found;
}

function judgeSubscription(s: SubscriptionRow, tables: Tables, book: Book, now: number) {
  const plan = PLANS.find(({ code }) => code === s.plan) as SoldPlan;
  const violations: Violation[] = [];
  const blame: Blame = (kind, detail) => void violations.push({ kind, email: s.email, detail });
  const invoices = tables.invoices.get(s.id) ?? [];
  const charges = tables.charges.get(s.id) ?? [];
  const expected = periodsOf(plan, stretchesOf(plan, tables.events.get(s.id) ?? [], now));
  let owed = 0;
  for (const [no, { start, end, optional }] of expected) {
    const billed = invoices.filter((invoice) => invoice.period_no === no);
    const invoice = billed.find(({ status }) => status !== 'void') ?? billed[0];
    if (!invoice) {
      // Whoever is parked is billed when he is released; if he is canceled before, his parking is the recorded reason.
      const parked = (tables.parked.get(s.id) ?? []).some(({ parked_at: from, released_at: until }) => start >= from.getTime() - LATE_MS && start <= (until?.getTime() ?? now));
      if (!optional && !parked) blame('missed', `period ${no}, ${new Date(start).toISOString()}, was never billed`);
      continue;
    }
    if (invoice.status !== 'paid') owed += 1;
    if (invoice.period_start?.getTime() !== start || invoice.period_end?.getTime() !== end) {
      blame('wrong_period', `period ${no} should be ${new Date(start).toISOString()} to ${new Date(end).toISOString()}, is ${invoice.period_start?.toISOString()} to ${invoice.period_end?.toISOString()}`);
    }
  }
  for (const invoice of invoices) {
    const should = price(plan, s.quantity, invoice.period_no);
    if (invoice.total !== should) blame('wrong_price', `period ${invoice.period_no} should cost ${should}, is billed ${invoice.total}`);
    const billed = invoice.status !== 'void' && invoice.period_start !== null && invoice.period_no > 0;
    if (billed && !expected.has(invoice.period_no) && !isAhead(s, invoice, tables, now)) {
      blame('wrong_period', `period ${invoice.period_no} was billed and never lived`);
    }
  }
  const ended = s.status === 'canceled' || s.status === 'incomplete_expired';
  for (const no of new Set(charges.map((charge) => charge.period_no))) judgePeriod(no, invoices, charges, book, ended, blame);
  return { violations, periods: expected.size, owed };
}

/**
 * Whoever changes his wallet pays the next period ahead. He has just been asked for it; or it is paid and still to
 * come; or he left before it began, and has his money back.
 */
function isAhead(s: SubscriptionRow, invoice: InvoiceRow, tables: Tables, now: number): boolean {
  if (s.advance_invoice !== invoice.id || invoice.period_start === null) return false;
  const all = (tables.charges.get(s.id) ?? []).filter((charge) => charge.invoice === invoice.id);
  if (invoice.status === 'open') return invoice.period_start.getTime() > now && all.some(({ kind, status }) => kind === 'checkout' && status === 'pending');
  if (invoice.status !== 'paid') return false;
  const paid = all.filter((charge) => charge.status === 'captured' && !charge.surplus);
  if (paid.some(({ kind }) => kind !== 'checkout')) return false;
  if (s.status !== 'canceled') return s.status === 'paused' || invoice.period_start.getTime() > now;
  return paid.every(({ id, amount, amount_refunded: back }) => back === amount || (tables.refunds.get(id) ?? []).some(({ status }) => status === 'declined'));
}

/** Captured once, or visibly owed; and every further capture has somebody else to answer for it. */
function judgePeriod(no: number, invoices: readonly InvoiceRow[], all: readonly ChargeRow[], book: Book, ended: boolean, blame: Blame): void {
  const captures = all.flatMap((charge) => {
    const entry = book.get(charge.gateway_payment_id ?? '');
    return charge.period_no === no && entry?.amount === charge.amount ? [{ charge, entry }] : [];
  });
  const counting = captures.filter(({ charge }) => !charge.surplus);
  const billed = invoices.filter((invoice) => invoice.period_no === no);
  const paid = billed.some(({ status, total }) => status === 'paid' && total > 0);
  if (counting.length > 1) blame('double', `period ${no} has ${counting.length} captures that count`);
  if (paid && counting.length === 0) blame('unbooked', `period ${no} stands as paid, and nothing was captured for it`);
  if (!paid && counting.length > 0) blame('unbooked', `period ${no} was captured, and its invoice is ${billed.map(({ status }) => status).join(', ')}`);
  // The gateway took it after telling that it had failed, or the customer paid himself as well.
  const excused = captures.some(({ entry }) => entry.late || entry.kind === 'redirect');
  if (captures.length > 1 && !excused) blame('double', `period ${no} was captured ${captures.length} times: ${captures.map(({ entry }) => entry.reference).join(', ')}`);
  const voided = billed.every(({ status }) => status !== 'paid' && status !== 'open');
  if (captures.length === 1 && counting.length === 0 && !ended && !voided) blame('unbooked', `period ${no} was captured once, and that counts for nothing`);
}
