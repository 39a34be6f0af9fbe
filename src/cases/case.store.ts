import { Injectable } from '@nestjs/common';
import { BillingCase } from '../domain/case.js';
import type { BookedPosting, CasePorts, Purse } from '../domain/case.records.js';
import type { Charge } from '../domain/charge.js';
import type { Customer } from '../domain/customer.js';
import { DEFAULT_POLICY } from '../domain/dunning.js';
import type { EventDraft } from '../domain/events.js';
import type { Invoice } from '../domain/invoice.js';
import type { Plan, PlanVersion } from '../domain/plan.js';
import type { Refund } from '../domain/refund.js';
import type { Source } from '../domain/source.js';
import type { Subscription } from '../domain/subscription.js';
import { recordEvents } from '../events/outbox.js';
import { numberInvoices } from '../invoices/invoice.numbers.js';
import { book } from '../ledger/ledger.js';
import { Config } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/database.js';
import { insertSet, updateSet } from '../platform/database/sets.js';
import { ChargeMint } from './charge.mint.js';
import { RefundMint } from './refund.mint.js';
import { changingColumnsOf, ChargeTable, columnsOf, InvoiceTable, RefundTable, SourceTable, SubscriptionTable } from './case.tables.js';
import { newId } from '../platform/ids/ids.js';

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
  ) {
    this.ports = {
      newId,
      mint: (draft) => charges.mint(draft),
      mintRefund: (draft) => refunds.mint(draft),
      surplusPolicy: config.SURPLUS_POLICY,
    };
  }

  /** The cases of these subscriptions, locked until the transaction ends. */
  async load(tx: Transaction, scope: CaseScope): Promise<BillingCase[]> {
    const subscriptions = await tx.query<Subscription>(
      'select * from subscriptions where id = any($1) order by id for update',
      [scope.subscriptions],
    );
    if (subscriptions.length === 0) return [];
    const ids = subscriptions.map((s) => s.id);
    const plans = await this.loadPlans(tx, subscriptions);
    const customers = await this.loadCustomers(tx, subscriptions);
    const sources = await tx.query<Source>('select * from sources where subscription = any($1)', [ids]);
    const invoices = await tx.query<Invoice>(
      // A union, not an or: each part has its own index.
      `select * from invoices
        where id in (select unnest($2::text[])
                     union select invoice from charges where id = any($3)
                     union select id from invoices where subscription = any($1) and status = 'open')
        order by id for update`,
      [ids, scope.invoices ?? [], scope.charges ?? []],
    );
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
          policy: DEFAULT_POLICY,
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

  /** Writes everything the cases decided: records, books and events, or nothing. */
  async save(tx: Transaction, cases: readonly BillingCase[]): Promise<void> {
    const postings: BookedPosting[] = cases.flatMap((c) => c.postings);
    const events: EventDraft[] = cases.flatMap((c) => c.events);
    const created = cases.filter((c) => c.isNew).map((c) => c.subscription);
    await insertSet(tx, 'subscriptions', ALL.subscriptions, created);
    const changed = cases.filter((c) => !c.isNew && c.changed.size > 0);
    await updateSet(
      tx,
      'subscriptions',
      'id',
      written(CHANGING.subscriptions, changed.map((c) => c.changed)),
      changed.map((c) => c.subscription),
    );
    await this.saveBalances(tx, cases);
    const invoices = cases.flatMap((c) => c.invoices.pick(c.invoices.added));
    const numbers = invoices.length > 0 ? await this.number(tx, invoices, events) : invoices;
    await insertSet(tx, 'invoices', ALL.invoices, numbers);
    await updateSet(tx, 'invoices', 'id', written(CHANGING.invoices, cases.map((c) => c.invoices.fields)), cases.flatMap((c) => c.invoices.pick(c.invoices.changed)));
    await insertSet(tx, 'sources', ALL.sources, cases.flatMap((c) => c.sources.pick(c.sources.added)));
    // A wallet that replaces another becomes active after the other has ended: one is active at a time.
    const sources = cases.flatMap((c) => c.sources.pick(c.sources.changed));
    await updateSet(tx, 'sources', 'id', written(CHANGING.sources, cases.map((c) => c.sources.fields)), sources.filter((s) => s.status !== 'active'));
    await updateSet(tx, 'sources', 'id', written(CHANGING.sources, cases.map((c) => c.sources.fields)), sources.filter((s) => s.status === 'active'));
    await updateSet(tx, 'charges', 'id', written(CHANGING.charges, cases.map((c) => c.charges.fields)), cases.flatMap((c) => c.charges.pick(c.charges.changed)));
    await insertSet(tx, 'charges', ALL.charges, cases.flatMap((c) => c.charges.pick(c.charges.added)));
    await updateSet(tx, 'refunds', 'id', written(CHANGING.refunds, cases.map((c) => c.refunds.fields)), cases.flatMap((c) => c.refunds.pick(c.refunds.changed)));
    await insertSet(tx, 'refunds', ALL.refunds, cases.flatMap((c) => c.refunds.pick(c.refunds.added)));
    await book(tx, postings);
    await recordEvents(tx, events);
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

  private async saveBalances(tx: Transaction, cases: readonly BillingCase[]): Promise<void> {
    const changes = new Map<string, { customer: string; currency: string; amount: number }>();
    for (const c of cases) {
      if (c.balanceChange === 0) continue;
      const { customer, currency } = c.subscription;
      const key = `${customer}/${currency}`;
      const before = changes.get(key)?.amount ?? 0;
      changes.set(key, { customer, currency, amount: before + c.balanceChange });
    }
    if (changes.size === 0) return;
    const given = [JSON.stringify([...changes.values()])];
    const changed = `json_to_recordset($1::json) as r(customer text, currency text, amount bigint)`;
    // Two statements: a row proposed with a negative amount is refused before its conflict is even looked for.
    await tx.query(
      `insert into customer_balances (customer, currency, amount) select customer, currency, 0 from ${changed} on conflict do nothing`,
      given,
    );
    await tx.query(
      `update customer_balances b set amount = b.amount + r.amount from ${changed}
        where b.customer = r.customer and b.currency = r.currency`,
      given,
    );
  }

  /** Few charges have any, and those that have say so: the rest costs nothing. */
  private async loadRefunds(tx: Transaction, charges: readonly Charge[]): Promise<Refund[]> {
    const refunded = charges.filter((charge) => charge.refund_count > 0).map((charge) => charge.id);
    if (refunded.length === 0) return [];
    return tx.query<Refund>('select * from refunds where charge = any($1) order by id for update', [refunded]);
  }

  private async loadPlans(tx: Transaction, subscriptions: Subscription[]): Promise<Map<string, { plan: Plan; version: PlanVersion }>> {
    const plans = await tx.query<Plan>('select * from plans where id = any($1)', [
      [...new Set(subscriptions.map((s) => s.plan))],
    ]);
    const versions = await tx.query<PlanVersion>('select * from plan_versions where plan = any($1)', [
      plans.map((p) => p.id),
    ]);
    const planById = new Map(plans.map((p) => [p.id, p]));
    return new Map(
      versions.map((version) => [`${version.plan}@${version.version}`, { plan: planById.get(version.plan) as Plan, version }]),
    );
  }

  private async loadCustomers(tx: Transaction, subscriptions: Subscription[]) {
    const ids = [...new Set(subscriptions.map((s) => s.customer))];
    const rows = await tx.query<Customer & { clock: Date | null }>(
      `select c.*, t.now as clock from customers c left join test_clocks t on t.id = c.test_clock where c.id = any($1)`,
      [ids],
    );
    const balances = await tx.query<{ customer: string; currency: string; amount: number }>(
      'select * from customer_balances where customer = any($1) order by customer, currency for update',
      [ids],
    );
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
