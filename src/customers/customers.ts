import { Injectable } from '@nestjs/common';
import { conflict, missing, notFound } from '../domain/errors.js';
import { onlyGiven } from '../domain/given.js';
import type { Customer } from '../domain/customer.js';
import { customerView } from '../domain/views.js';
import { recordEvents } from '../events/outbox.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import type { CreateCustomerRequest, UpdateCustomerRequest } from './customer.requests.js';
import { type CustomerBalance, CustomerTable } from './customer.tables.js';

/** A customer and what time it is for him: the engine's clock, or his test clock's. */
export interface CustomerNow {
  customer: Customer;
  now: Date;
}

/** Who pays. Nothing about a customer is required; a wallet belongs to a subscription, not to him. */
@Injectable()
export class Customers {
  constructor(private readonly database: Database) {}

  async create(request: CreateCustomerRequest) {
    return this.database.transaction(async (tx) => {
      const now = request.test_clock ? await this.clockNow(tx, request.test_clock) : tx.now;
      const customer: Customer = {
        id: newId('cust'),
        email: request.email ?? null,
        name: request.name ?? null,
        phone: request.phone ?? null,
        locale: request.locale ?? null,
        time_zone: request.time_zone ?? null,
        country: request.country ?? null,
        external_id: request.external_id ?? null,
        test_clock: request.test_clock ?? null,
        metadata: request.metadata ?? {},
        created_at: now,
        updated_at: now,
      };
      await tx.manager.insert(CustomerTable, customer);
      const view = customerView(customer, []);
      await recordEvents(tx, [{ type: 'customer.created', subject: customer.id, at: now, data: { object: view } }]);
      return view;
    });
  }

  async update(id: string, request: UpdateCustomerRequest) {
    return this.database.transaction(async (tx) => {
      const { customer, now } = await this.lock(tx, id);
      const given = onlyGiven(request);
      if (Object.keys(given).length === 0) return (await this.present([customer], tx))[0];
      const updated: Customer = { ...customer, ...given, updated_at: now };
      await tx.manager.update(CustomerTable, { id }, { ...given, updated_at: now });
      const [view] = await this.present([updated], tx);
      const previous = Object.fromEntries(Object.keys(given).map((key) => [key, customer[key as keyof Customer]]));
      await recordEvents(tx, [
        { type: 'customer.updated', subject: id, at: now, data: { object: view as object, previous } },
      ]);
      return view;
    });
  }

  /** Removes a customer who never had a subscription; others are history that the books refer to. */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { customer, now } = await this.lock(tx, id);
      const [owner] = await tx.query(`select 1 from subscriptions where customer = $1 limit 1`, [id]);
      if (owner) throw conflict('customer_has_subscriptions', 'The customer has subscriptions and cannot be deleted.');
      await tx.manager.delete(CustomerTable, { id });
      await recordEvents(tx, [
        { type: 'customer.deleted', subject: id, at: now, data: { object: customerView(customer, []) } },
      ]);
    });
  }

  async get(id: string) {
    const customer = isId('cust', id)
      ? await this.database.dataSource.manager.findOneBy(CustomerTable, { id })
      : null;
    if (!customer) throw notFound('customer', id);
    const [view] = await this.present([customer]);
    return view;
  }

  async present(customers: readonly Customer[], on: Pick<Database, 'query'> = this.database) {
    const balances = await on.query<CustomerBalance>(
      'select * from customer_balances where customer = any($1) and amount <> 0 order by currency',
      [customers.map((c) => c.id)],
    );
    return customers.map((customer) =>
      customerView(
        customer,
        balances.filter((b) => b.customer === customer.id).map(({ currency, amount }) => ({ currency, amount })),
      ),
    );
  }

  /** The customer, locked against deletion, and his time. */
  async lock(tx: Transaction, id: string): Promise<CustomerNow> {
    const [row] = isId('cust', id)
      ? await tx.query<Customer & { clock: Date | null }>(
          `select c.*, t.now as clock from customers c left join test_clocks t on t.id = c.test_clock
            where c.id = $1 for no key update of c`,
          [id],
        )
      : [];
    if (!row) throw notFound('customer', id);
    const { clock, ...customer } = row;
    return { customer, now: clock ?? tx.now };
  }

  private async clockNow(tx: Transaction, id: string): Promise<Date> {
    const [clock] = isId('clk', id)
      ? await tx.query<{ now: Date }>('select now from test_clocks where id = $1 for key share', [id])
      : [];
    if (!clock) throw missing('test_clock', 'test_clock');
    return clock.now;
  }
}
