import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { type Customer, LOCALES } from '../domain/customer.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { CreateCustomerRequest, UpdateCustomerRequest } from './customer.requests.js';
import { Customers } from './customers.js';

const LIST: ListSpec = {
  table: 'customers',
  prefix: 'cust',
  filters: {
    email: { kind: 'text', column: 'email' },
    external_id: { kind: 'text', column: 'external_id' },
    locale: { kind: 'one_of', column: 'locale', values: LOCALES },
    country: { kind: 'text', column: 'country' },
    test_clock: { kind: 'id', column: 'test_clock', prefix: 'clk' },
    ...DATE_FILTERS,
  },
};

/** Who is charged. */
@Controller('v1/customers')
export class CustomersController {
  constructor(
    private readonly customers: Customers,
    private readonly database: Database,
  ) {}

  /** Makes a customer. Nothing is required. */
  @Post()
  @Creates('cust')
  create(@Body() body: CreateCustomerRequest) {
    return this.customers.create(body);
  }

  /** Lists customers. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    const page = await listPage<Customer>(this.database, query);
    return presentPage(page, (customers) => this.customers.present(customers));
  }

  /** Shows a customer. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.customers.get(id);
  }

  /** Changes a customer: what is given is replaced, `null` clears it. */
  @Patch(':id')
  update(@Param('id') id: string, @Body() body: UpdateCustomerRequest) {
    return this.customers.update(id, body);
  }

  /** Removes a customer and what is personal about him. The books stay. No subscription of his may live. */
  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string): Promise<void> {
    return this.customers.remove(id);
  }
}
