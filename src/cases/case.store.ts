import { Injectable } from '@nestjs/common';
import { BillingCase } from '../domain/case.js';
import type { CasePorts, Purse } from '../domain/case.records.js';
import type { Charge } from '../domain/charge.js';
import type { Customer } from '../domain/customer.js';
import type { DunningPolicy } from '../domain/dunning.js';
import type { EventDraft } from '../domain/events.js';
import type { Invoice } from '../domain/invoice.js';
import type { Plan, PlanVersion } from '../domain/plan.js';
import type { Refund } from '../domain/refund.js';
import type { Shelf } from '../domain/shelf.js';
import type { Source } from '../domain/source.js';
import type { Subscription } from '../domain/subscription.js';
import { eventIds, events as recording, noteEvents } from '../events/outbox.js';
import { numberInvoices } from '../invoices/invoice.numbers.js';
import { bookings } from '../ledger/ledger.js';
import { messages, unwantedMessages } from '../messages/message.outbox.js';
import { Config } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/database.js';
import { insertion, type PossibleWriting, update, write } from '../platform/database/sets.js';
import { ChargeMint } from './charge.mint.js';
import { RefundMint } from './refund.mint.js';
import { changingColumnsOf, ChargeTable, columnsOf, InvoiceTable, RefundTable, SourceTable, SubscriptionTable } from './case.tables.js';
import { newId } from '../platform/ids/ids.js';
import { Wallets } from '../wallets/wallets.js';

const ALL = {
  subscriptions: columnsOf(SubscriptionTable),
  invoices: columnsOf(InvoiceTable),
  charges: columnsOf(ChargeTable),
  refunds: columnsOf(RefundTable),
  sources: columnsOf(SourceTable),
};
const CHANGING = {
  subscriptions: changingColumnsOf(SubscriptionTable),
  invoices: changingColumnsOf(InvoiceTable),
  charges: changingColumnsOf(ChargeTable),
  refunds: changingColumnsOf(RefundTable),
  sources: changingColumnsOf(SourceTable),
};

interface PlanTerms {
  plan: Plan;
  version: PlanVersion;
  policy: DunningPolicy;
}

/** What, besides the open invoices, the business at hand is about. */
export interface CaseScope {
  subscriptions: readonly string[];
  /** Charges whose invoices are needed whatever their state. */
  charges?: readonly string[];
  invoices?: readonly string[];
}

/**
 * Loads and saves billing cases, always in sets and always in the same order of locks:
 * subscriptions, balances, invoices, charges, then counters. One way in, one way out.
 */
@Injectable()
export class CaseStore {
  readonly ports: CasePorts;

  constructor(
    private readonly config: Config,
    charges: ChargeMint,
    refunds: RefundMint,
    wallets: Wallets,
  ) {
    this.ports = {
      newId,
      mint: (draft) => charges.mint(draft),
      mintRefund: (draft) => refunds.mint(draft),
      wallets,
      defaultCountry: config.DEFAULT_COUNTRY,
      surplusPolicy: config.SURPLUS_POLICY,
    };
  }

  /** The cases of these subscriptions, locked until the transaction ends. */
  async load(tx: Transaction, scope: CaseScope): Promise<BillingCase[]> {
    const { subscriptions: ids } = scope;
    if (ids.length === 0) return [];
    const [subscriptions, plans, customers, sources, invoices] = await Promise.all([
      tx.query<Subscription>('select * from subscriptions where id = any($1) order by id for update', [ids]),
      this.loadPlans(tx, ids),
      this.loadCustomers(tx, ids),
      tx.query<Source>('select * from sources where subscription = any($1)', [ids]),
      tx.query<Invoice>(
        // A union, not an or: each part has its own index.
        `select * from invoices
          where id in (select unnest($2::text[])
                       union select invoice from charges where id = any($3)
                       union select id from invoices where subscription = any($1) and status = 'open'
                       union select advance_invoice from subscriptions where id = any($1) and advance_invoice is not null)
          order by id for update`,
        [ids, scope.invoices ?? [], scope.charges ?? []],
      ),
    ]);
    if (subscriptions.length === 0) return [];
    const charges = await tx.query<Charge>(
      `select c.* from charges c
         join (select distinct subscription, period_no from invoices where id = any($1)) p using (subscription, period_no)
        order by c.id for update of c`,
      [invoices.map((i) => i.id)],
    );
    const refunds = await this.loadRefunds(tx, charges);
    const group = { sources: by(sources), invoices: by(invoices), charges: by(charges), refunds: by(refunds) };
    return subscriptions.map((subscription) => {
      const owner = customers.get(subscription.customer);
      const terms = plans.get(`${subscription.plan}@${subscription.plan_version}`);
      if (!owner || !terms) throw new Error(`Subscription ${subscription.id} lacks its customer or plan`);
      return new BillingCase(
        {
          subscription,
          ...terms,
          customer: owner.customer,
          invoices: group.invoices.get(subscription.id) ?? [],
          charges: group.charges.get(subscription.id) ?? [],
          refunds: group.refunds.get(subscription.id) ?? [],
          sources: group.sources.get(subscription.id) ?? [],
          balance: owner.purse(subscription.currency),
        },
        owner.clock ?? tx.now,
        tx.now,
        this.ports,
      );
    });
  }

  /** Writes everything the cases decided: records, books, events and messages, or nothing. */
  async save(tx: Transaction, cases: readonly BillingCase[]): Promise<void> {
    const events: EventDraft[] = cases.flatMap((c) => c.events);
    const ids = eventIds(events);
    const drawn = added(cases.map((c) => c.invoices));
    const [invoices, switchedOff] = await Promise.all([
      drawn.length > 0 ? this.number(tx, drawn, events) : drawn,
      unwantedMessages(tx, cases),
    ]);
    const changed = cases.filter((c) => !c.isNew && c.changed.size > 0);
    const [sources, charges, refunds] = [cases.map((c) => c.sources), cases.map((c) => c.charges), cases.map((c) => c.refunds)];
    await write(tx, [
      insertion('subscriptions', ALL.subscriptions, cases.filter((c) => c.isNew).map((c) => c.subscription)),
      update('subscriptions', 'id', written(CHANGING.subscriptions, changed.map((c) => c.changed)), changed.map((c) => c.subscription)),
      ...balances(cases),
      insertion('invoices', ALL.invoices, invoices),
      changes('invoices', CHANGING.invoices, cases.map((c) => c.invoices)),
      // A wallet that replaces another becomes active after the other has ended, also where its capture is the first
      // that is heard of it: one is active at a time.
      changes('sources', CHANGING.sources, sources, (source) => source.status !== 'active'),
      insertion('sources', ALL.sources, added(sources)),
      changes('sources', CHANGING.sources, sources, (source) => source.status === 'active'),
      changes('charges', CHANGING.charges, charges),
      insertion('charges', ALL.charges, added(charges)),
      changes('refunds', CHANGING.refunds, refunds),
      insertion('refunds', ALL.refunds, added(refunds)),
      ...bookings(cases.flatMap((c) => c.postings), tx.now),
      recording(events, tx.now, ids),
      messages(cases, { ids, switchedOff, now: tx.now, config: this.config }),
    ]);
    noteEvents(tx, events);
  }

  private async number(tx: Transaction, invoices: Invoice[], events: EventDraft[]): Promise<Invoice[]> {
    const numbers = await numberInvoices(tx, invoices, this.config.DEFAULT_TIME_ZONE);
    for (const { data } of events) {
      // Events were told before the numbers were given out.
      const told = data.object as { id?: string; object?: string; number?: string };
      const number = told.object === 'invoice' && told.id !== undefined ? numbers.get(told.id) : undefined;
      if (number !== undefined) told.number = number;
    }
    return invoices.map((invoice) => ({ ...invoice, number: numbers.get(invoice.id) as string }));
  }

  /** Few charges have any, and those that have say so: the rest costs nothing. */
  private async loadRefunds(tx: Transaction, charges: readonly Charge[]): Promise<Refund[]> {
    const refunded = charges.filter((charge) => charge.refund_count > 0).map((charge) => charge.id);
    if (refunded.length === 0) return [];
    return tx.query<Refund>('select * from refunds where charge = any($1) order by id for update', [refunded]);
  }

  /** The terms of these subscriptions, by plan and version. */
  private async loadPlans(tx: Transaction, subscriptions: readonly string[]): Promise<Map<string, PlanTerms>> {
    const theirs = 'select plan from subscriptions where id = any($1)';
    const [plans, versions] = await Promise.all([
      tx.query<Plan & { policy: DunningPolicy }>(
        `select p.*, to_json(d) as policy from plans p join dunning_policies d on d.code = p.dunning_policy where p.id in (${theirs})`,
        [subscriptions],
      ),
      tx.query<PlanVersion>(`select * from plan_versions where plan in (${theirs})`, [subscriptions]),
    ]);
    const termsOf = new Map(plans.map(({ policy, ...plan }) => [plan.id, { plan, policy }]));
    return new Map(
      versions.map((version) => {
        const terms = termsOf.get(version.plan) as Omit<PlanTerms, 'version'>;
        return [`${version.plan}@${version.version}`, { ...terms, version }];
      }),
    );
  }

  /** The owners of these subscriptions, what time it is for them, and their balances, locked. */
  private async loadCustomers(tx: Transaction, subscriptions: readonly string[]) {
    const theirs = 'select customer from subscriptions where id = any($1)';
    const [rows, balances] = await Promise.all([
      tx.query<Customer & { clock: Date | null }>(
        `select c.*, t.now as clock from customers c left join test_clocks t on t.id = c.test_clock where c.id in (${theirs})`,
        [subscriptions],
      ),
      tx.query<{ customer: string; currency: string; amount: number }>(
        `select * from customer_balances where customer in (${theirs}) order by customer, currency for update`,
        [subscriptions],
      ),
    ]);
    return new Map(
      rows.map(({ clock, ...customer }) => {
        const own = balances.filter((b) => b.customer === customer.id);
        const purses = new Map<string, Purse>(own.map(({ currency, amount }) => [currency, { amount }]));
        const purse = (currency: string): Purse => {
          const held = purses.get(currency) ?? { amount: 0 };
          purses.set(currency, held);
          return held;
        };
        return [customer.id, { customer, clock, purse }] as const;
      }),
    );
  }
}

/** Two statements: a row proposed with a negative amount is refused before its conflict is even looked for. */
function balances(cases: readonly BillingCase[]): PossibleWriting[] {
  const changes = new Map<string, { customer: string; currency: string; amount: number }>();
  for (const c of cases) {
    if (c.balanceChange === 0) continue;
    const { customer, currency } = c.subscription;
    const key = `${customer}/${currency}`;
    const before = changes.get(key)?.amount ?? 0;
    changes.set(key, { customer, currency, amount: before + c.balanceChange });
  }
  if (changes.size === 0) return [];
  const values = () => [JSON.stringify([...changes.values()])];
  const changed = `json_to_recordset($1::json) as r(customer text, currency text, amount bigint)`;
  return [
    `insert into customer_balances (customer, currency, amount) select customer, currency, 0 from ${changed} on conflict do nothing`,
    `update customer_balances b set amount = b.amount + r.amount from ${changed}
      where b.customer = r.customer and b.currency = r.currency`,
  ].map((sql) => ({ table: null, text: () => sql, values }));
}

function added<Row extends { id: string }>(shelves: readonly Shelf<Row>[]): Row[] {
  return shelves.flatMap((shelf) => shelf.pick(shelf.added));
}

function changes<Row extends { id: string }>(
  table: string,
  columns: readonly (keyof Row & string)[],
  shelves: readonly Shelf<Row>[],
  which: (row: Row) => boolean = () => true,
): PossibleWriting {
  const rows = shelves.flatMap((shelf) => shelf.pick(shelf.changed)).filter(which);
  return update<Row>(table, 'id', written(columns, shelves.map((shelf) => shelf.fields)), rows);
}

/** The columns that any of the cases has changed: a set writes no more than that. */
function written<Column extends string>(columns: readonly Column[], changes: readonly ReadonlySet<string>[]): Column[] {
  return columns.filter((column) => changes.some((fields) => fields.has(column)));
}

function by<T extends { subscription: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.subscription);
    if (group) group.push(row);
    else groups.set(row.subscription, [row]);
  }
  return groups;
}
