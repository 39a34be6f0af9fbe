import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { MAX_CHARGE } from '../domain/money.js';
import { REFUND_CAUSES, REFUND_STATUSES, type Refund } from '../domain/refund.js';
import { refundView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { Integer, Text } from '../platform/http/fields.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { Refunds } from './refunds.js';

class RefundRequest {
  /** Minor units; left out, all that is left of the charge. */
  @Integer(1, MAX_CHARGE, { optional: true }) amount?: number;
  @Text(255, { optional: true }) reason?: string;
}

const LIST: ListSpec = {
  table: 'refunds',
  prefix: 'rfnd',
  filters: {
    charge: { kind: 'id', column: 'charge', prefix: 'chg' },
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    subscription: { kind: 'id', column: 'subscription', prefix: 'sub' },
    status: { kind: 'one_of', column: 'status collate "C"', values: REFUND_STATUSES },
    cause: { kind: 'one_of', column: 'cause', values: REFUND_CAUSES },
    currency: { kind: 'text', column: 'currency' },
    reference: { kind: 'text', column: 'reference' },
    gateway_payment_id: { kind: 'text', column: 'gateway_payment_id' },
    gateway_action_id: { kind: 'text', column: 'gateway_action_id' },
    requested_at: { kind: 'instant', column: 'requested_at' },
    settled_at: { kind: 'instant', column: 'settled_at' },
    next_check_at: { kind: 'instant', column: 'next_check_at' },
    ...DATE_FILTERS,
  },
};

/** Money that goes back to wallets. */
@Controller('v1')
export class RefundsController {
  constructor(
    private readonly refunds: Refunds,
    private readonly database: Database,
  ) {}

  /** Gives a charge back, whole or in part. Refunds of a charge, open ones included, never come to more than it. */
  @Post('charges/:id/refunds')
  @Creates('rfnd')
  async create(@Param('id') charge: string, @Body() body: RefundRequest) {
    return refundView(await this.refunds.request(charge, body.amount ?? null, body.reason ?? null));
  }

  /** Lists refunds. */
  @Get('refunds')
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Refund>(this.database, query), (refunds) => refunds.map(refundView));
  }

  /** Shows a refund. */
  @Get('refunds/:id')
  async get(@Param('id') id: string) {
    return refundView(await this.refunds.get(id));
  }
}
