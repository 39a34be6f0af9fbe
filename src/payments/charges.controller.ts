import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { type Charge, CHARGE_KINDS, CHARGE_STATUSES, CHARGE_TRIGGERS } from '../domain/charge.js';
import { DECLINE_CLASSES } from '../domain/decline.js';
import { notFound } from '../domain/errors.js';
import { chargeView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { isId } from '../platform/ids/ids.js';
import { LookUp } from './look.up.js';

/** Found by the subscriptions that the wallet pays for. */
const ofSource = (wallet: string): string => `subscription in (select s.subscription from sources s where s.gateway_source_id = ${wallet})
  and source in (select s.id from sources s where s.gateway_source_id = ${wallet})`;

const LIST: ListSpec = {
  table: 'charges',
  prefix: 'chg',
  filters: {
    invoice: { kind: 'id', column: 'invoice', prefix: 'inv' },
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    subscription: { kind: 'id', column: 'subscription', prefix: 'sub' },
    kind: { kind: 'one_of', column: 'kind', values: CHARGE_KINDS },
    trigger: { kind: 'one_of', column: 'trigger', values: CHARGE_TRIGGERS },
    status: { kind: 'one_of', column: 'status collate "C"', values: CHARGE_STATUSES },
    decline_class: { kind: 'one_of', column: 'decline_class', values: DECLINE_CLASSES },
    reference: { kind: 'text', column: 'reference' },
    gateway_payment_id: { kind: 'text', column: 'gateway_payment_id' },
    source: { kind: 'text', column: 'source', sql: ofSource },
    currency: { kind: 'text', column: 'currency' },
    surplus: { kind: 'flag', column: 'surplus' },
    requested_at: { kind: 'instant', column: 'requested_at' },
    next_check_at: { kind: 'instant', column: 'next_check_at' },
    settled_at: { kind: 'instant', column: 'settled_at' },
    verified_at: { kind: 'instant', column: 'verified_at' },
    ...DATE_FILTERS,
  },
};

/** Attempts to collect invoices through the gateway. */
@Controller('v1/charges')
export class ChargesController {
  constructor(
    private readonly database: Database,
    private readonly lookUp: LookUp,
  ) {}

  /** Lists charges. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Charge>(this.database, query), (charges) => this.present(charges));
  }

  /** Shows a charge. */
  @Get(':id')
  async get(@Param('id') id: string) {
    const [view] = await this.present([await this.find(id)]);
    return view;
  }

  /** Asks the gateway about a charge now, whatever the schedule says. */
  @Post(':id/reconcile')
  @HttpCode(200)
  async reconcile(@Param('id') id: string, @Body() _body: EmptyRequest) {
    const charge = await this.find(id);
    if (charge.first_sent_at !== null && charge.status !== 'sending') await this.lookUp.lookUp([charge]);
    return this.get(id);
  }

  private async find(id: string): Promise<Charge> {
    const [charge] = isId('chg', id)
      ? await this.database.query<Charge>('select * from charges where id = $1', [id])
      : [];
    if (!charge) throw notFound('charge', id);
    return charge;
  }

  private async present(charges: readonly Charge[]) {
    const sources = await this.database.query<{ id: string; gateway_source_id: string }>(
      'select id, gateway_source_id from sources where id = any($1)',
      [charges.map((c) => c.source).filter((source) => source !== null)],
    );
    const gatewayId = new Map(sources.map((s) => [s.id, s.gateway_source_id]));
    return charges.map((charge) => chargeView(charge, gatewayId.get(charge.source ?? '') ?? null));
  }
}
