import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { LOCALES } from '../domain/customer.js';
import { MESSAGE_STATUSES } from '../domain/message.delivery.js';
import { MESSAGE_NAMES } from '../domain/messages.js';
import { Database } from '../platform/database/database.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
import { MessagePresenter } from './message.presenter.js';
import type { Message } from './message.tables.js';

const LIST: ListSpec = {
  table: 'messages',
  prefix: 'msg',
  filters: {
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    // Found through their customer: one index less to be written with every receipt.
    subscription: { kind: 'id', column: 'subscription', prefix: 'sub', through: 'subscriptions' },
    invoice: { kind: 'id', column: 'invoice', prefix: 'inv', through: 'invoices' },
    name: { kind: 'one_of', column: 'name', values: MESSAGE_NAMES },
    status: { kind: 'one_of', column: 'status', values: MESSAGE_STATUSES },
    locale: { kind: 'one_of', column: 'locale', values: LOCALES },
    recipient: { kind: 'text', column: 'recipient' },
    next_attempt_at: { kind: 'instant', column: 'next_attempt_at' },
    sent_at: { kind: 'instant', column: 'sent_at' },
    ...DATE_FILTERS,
  },
};

@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly database: Database,
    private readonly presenter: MessagePresenter,
  ) {}

  @Get()
  async list(@Req() request: Request) {
    return presentPage(await listPage<Message>(this.database, LIST, request), (messages) => this.presenter.present(messages));
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.presenter.get(id);
  }
}
