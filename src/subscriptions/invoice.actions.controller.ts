import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { Invoice } from '../domain/invoice.js';
import { invoiceView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { InvoiceActions } from './invoice.actions.js';

/** Each answers with the invoice. */
@Controller('v1/invoices')
export class InvoiceActionsController {
  constructor(
    private readonly actions: InvoiceActions,
    private readonly database: Database,
  ) {}

  /** Charges the stored wallet for an open invoice, once, now. The outcome comes later; the ladder is not moved. */
  @Post(':id/pay')
  @HttpCode(200)
  async pay(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.actions.pay(id);
    return this.get(id);
  }

  /** Takes an open invoice back: it is not owed after all. What pays it all the same is given back. */
  @Post(':id/void')
  @HttpCode(200)
  async void(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.actions.void(id);
    return this.get(id);
  }

  /** Gives an open invoice up. What pays it all the same is kept. */
  @Post(':id/mark_uncollectible')
  @HttpCode(200)
  async markUncollectible(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.actions.giveUp(id);
    return this.get(id);
  }

  async get(id: string) {
    const [invoice] = await this.database.query<Invoice>('select * from invoices where id = $1', [id]);
    return invoiceView(invoice as Invoice);
  }
}
