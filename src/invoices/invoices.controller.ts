import { Controller, Get, Param } from '@nestjs/common';
import { notFound } from '../domain/errors.js';
import { type Invoice, INVOICE_STATUSES, VOID_REASONS } from '../domain/invoice.js';
import { invoiceView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { isId } from '../platform/ids/ids.js';

const LIST: ListSpec = {
  table: 'invoices',
  prefix: 'inv',
  filters: {
    number: { kind: 'text', column: 'number' },
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    subscription: {
      kind: 'id', column: 'subscription', prefix: 'sub',
      // The index that allows one invoice per period leads to all but the void ones.
      sql: (p) => `((subscription = ${p} and status <> 'void') or (subscription = ${p} and status = 'void'))`,
    },
    status: { kind: 'one_of', column: 'status collate "C"', values: INVOICE_STATUSES },
    currency: { kind: 'text', column: 'currency' },
    period_no: { kind: 'integer', column: 'period_no' },
    'period.start': { kind: 'instant', column: 'period_start' },
    'period.end': { kind: 'instant', column: 'period_end' },
    paid_at: { kind: 'instant', column: 'paid_at' },
    void_reason: { kind: 'one_of', column: 'void_reason', values: VOID_REASONS },
    next_attempt_at: { kind: 'instant', column: 'next_attempt_at' },
    ...DATE_FILTERS,
  },
};

/** What subscriptions owe for their periods. */
@Controller('v1/invoices')
export class InvoicesController {
  constructor(private readonly database: Database) {}

  /** Lists invoices. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Invoice>(this.database, query), (invoices) => invoices.map(invoiceView));
  }

  /** Shows an invoice. */
  @Get(':id')
  async get(@Param('id') id: string) {
    const [invoice] = isId('inv', id)
      ? await this.database.query<Invoice>('select * from invoices where id = $1', [id])
      : [];
    if (!invoice) throw notFound('invoice', id);
    return invoiceView(invoice);
  }
}
