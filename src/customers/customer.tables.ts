import { EntitySchema } from 'typeorm';
import type { Customer } from '../domain/customer.js';
import { id, instant, json, nullable, ref, text } from '../platform/database/columns.js';

export const CustomerTable = new EntitySchema<Customer>({
  name: 'customer',
  tableName: 'customers',
  columns: {
    id: id(),
    email: text(nullable),
    name: text(nullable),
    phone: text(nullable),
    locale: text(nullable),
    time_zone: text(nullable),
    country: text(nullable),
    external_id: text(nullable),
    test_clock: ref(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

export interface CustomerBalance {
  customer: string;
  currency: string;
  /** Minor units, positive in the customer's favour. */
  amount: number;
}

export const CustomerBalanceTable = new EntitySchema<CustomerBalance>({
  name: 'customer_balance',
  tableName: 'customer_balances',
  columns: { customer: ref({ primary: true }), currency: text({ primary: true }), amount: { type: 'bigint' } },
});
