import { Controller, Get, Param } from '@nestjs/common';
import { LOCALES } from '../domain/customer.js';
import { MESSAGE_STATUSES } from '../domain/message.delivery.js';
import { MESSAGE_NAMES } from '../domain/message.js';
import { Database } from '../platform/database/database.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { MessagePresenter } from './message.presenter.js';
import type { Message } from './message.tables.js';

/** What a message is about is found through its customer: indexes less to be written with every receipt. */
const through = (table: string, column: string) => (p: string) =>
  `customer = (select t.customer from ${table} t where t.id = ${p}) and ${column} = ${p}`;

const LIST: ListSpec = {
  table: 'messages',
  prefix: 'msg',
  filters: {
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    subscription: { kind: 'id', column: 'subscription', prefix: 'sub', sql: through('subscriptions', 'subscription') },
    invoice: { kind: 'id', column: 'invoice', prefix: 'inv', sql: through('invoices', 'invoice') },
    event: { kind: 'id', column: 'id', prefix: 'evnt', sql: (p) => `id = 'msg_' || substr(${p}, 6)` },
    name: { kind: 'one_of', column: 'name', values: MESSAGE_NAMES },
    status: { kind: 'one_of', column: 'status collate "C"', values: MESSAGE_STATUSES },
    locale: { kind: 'one_of', column: 'locale', values: LOCALES },
    recipient: { kind: 'text', column: 'recipient' },
    next_attempt_at: { kind: 'instant', column: 'next_attempt_at' },
    sent_at: { kind: 'instant', column: 'sent_at' },
    ...DATE_FILTERS,
  },
};

/** What customers are written. */
@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly database: Database,
    private readonly presenter: MessagePresenter,
  ) {}

  /** Lists messages. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Message>(this.database, query), (messages) => this.presenter.present(messages));
  }

  /** Shows a message, in the words it was sent in, or would be sent in now. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.presenter.get(id);
  }
}
