import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { type Charge, CHARGE_KINDS, CHARGE_STATUSES, CHARGE_TRIGGERS } from '../domain/charge.js';
import { DECLINE_CLASSES } from '../domain/decline.js';
import { notFound } from '../domain/errors.js';
import { chargeView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { isId } from '../platform/ids/ids.js';
import { Wallets } from '../wallets/wallets.js';
import { LookUp } from './look.up.js';

/** Found by the subscriptions that the wallet pays for. */
const ofSource = (indexes: string): string => `subscription in (select s.subscription from sources s where s.gateway_source_index = any(${indexes}))
  and source in (select s.id from sources s where s.gateway_source_index = any(${indexes}))`;

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
    source: { kind: 'sealed', sql: ofSource },
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
    private readonly wallets: Wallets,
  ) {}

  /** Lists charges. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Charge>(this.database, this.wallets.asked(query)), (charges) => this.present(charges));
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

  private present(charges: readonly Charge[]) {
    return this.wallets.named(this.database, charges.map(chargeView));
  }
}
