import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { DECLINE_CLASSES } from '../domain/decline.js';
import { type Subscription, SUBSCRIPTION_STATUSES } from '../domain/subscription.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Creates } from '../platform/http/creates.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { Wallets } from '../wallets/wallets.js';
import { SubscriptionChanges } from './changes.js';
import { Checkout } from './checkout.js';
import { SignUp } from './sign.up.js';
import { SubscriptionPresenter } from './subscription.presenter.js';
import {
  CancelRequest,
  CreateSubscriptionRequest,
  OpenCheckoutRequest,
  PauseRequest,
  ResumeRequest,
  UpdateSubscriptionRequest,
} from './subscription.requests.js';
import { TIMELINE, timeline } from './timeline.js';

/** What the presenter computes, once more in SQL, so that it can be filtered by; a test holds them together. */
const showsSource = (indexes: string) => `id in (select subscription from sources where gateway_source_index = any(${indexes}))
  and (select s.gateway_source_index from sources s where s.subscription = subscriptions.id
        order by (s.status = 'active') desc, s.id desc limit 1) = any(${indexes})`;
const NEXT_CHARGE_AT = `(case
  when status = 'past_due' or (status = 'active' and next_attempt_at is not null) then next_attempt_at
  when cancel_at_period_end then null
  when status = 'active' or (status = 'trialing' and source is not null) then coalesce(renewal_charge_at, greatest(period_end, paid_through))
  when status = 'paused' and resumes_at is not null then coalesce(renewal_charge_at, greatest(resumes_at, period_end, paid_through))
end)`;
const ACCESS_UNTIL = `(case status
  when 'trialing' then trial_end
  when 'active' then greatest(period_end, paid_through)
  when 'past_due' then paid_through + interval '24 hours' * (
    select d.grace_days from plans p join dunning_policies d on d.code = p.dunning_policy where p.id = subscriptions.plan)
  when 'canceled' then case when cancel_refund is distinct from 'full' and least(paid_through, period_end) > canceled_at then least(paid_through, period_end) end
  when 'paused' then case when paid_through > paused_at then paid_through end
end)`;

const LIST: ListSpec = {
  table: 'subscriptions',
  prefix: 'sub',
  filters: {
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    plan: { kind: 'id_or_code', column: 'plan', prefix: 'plan', table: 'plans', holds: 'id' },
    status: { kind: 'one_of', column: 'status', values: SUBSCRIPTION_STATUSES },
    past_due_class: { kind: 'one_of', column: 'past_due_class', values: DECLINE_CLASSES },
    latest_invoice: {
      kind: 'id', column: 'latest_invoice', prefix: 'inv',
      sql: (p) => `id = (select i.subscription from invoices i where i.id = ${p}) and latest_invoice = ${p}`,
    },
    test_clock: { kind: 'id', column: 'test_clock', prefix: 'clk' },
    source: { kind: 'sealed', sql: showsSource },
    cancel_at_period_end: { kind: 'flag', column: 'cancel_at_period_end' },
    'current_period.start': { kind: 'instant', column: 'period_start' },
    'current_period.end': { kind: 'instant', column: 'period_end' },
    billing_anchor: { kind: 'instant', column: 'billing_anchor' },
    next_charge_at: { kind: 'instant', column: NEXT_CHARGE_AT },
    trial_end: { kind: 'instant', column: 'trial_end' },
    access_until: { kind: 'instant', column: ACCESS_UNTIL },
    canceled_at: { kind: 'instant', column: 'canceled_at' },
    paused_at: { kind: 'instant', column: 'paused_at' },
    resumes_at: { kind: 'instant', column: 'resumes_at' },
    ...DATE_FILTERS,
  },
};

/** What customers are charged for, period by period. */
@Controller('v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly signUp: SignUp,
    private readonly checkout: Checkout,
    private readonly changes: SubscriptionChanges,
    private readonly presenter: SubscriptionPresenter,
    private readonly database: Database,
    private readonly wallets: Wallets,
  ) {}

  /** Sells a plan to a customer. Send him to `checkout.url`; the first period starts when he has paid. */
  @Post()
  @Creates('sub')
  async create(@Body() body: CreateSubscriptionRequest) {
    return this.presenter.get(await this.signUp.signUp(body));
  }

  /** Lists subscriptions. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    const page = await listPage<Subscription>(this.database, this.wallets.asked(query));
    return presentPage(page, (subscriptions) => this.presenter.present(subscriptions));
  }

  /** Shows a subscription. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.presenter.get(id);
  }

  /** Shows what the next renewal will charge; where nothing will be charged, it is not found, and `detail` says why. */
  @Get(':id/upcoming_invoice')
  upcomingInvoice(@Param('id') id: string) {
    return this.presenter.upcomingInvoice(id);
  }

  /** Tells everything that happened to a subscription, oldest first. */
  @Get(':id/timeline')
  async timeline(@Param('id') id: string, @ListBy(TIMELINE) query: ListQuery) {
    await this.presenter.get(id);
    return timeline(this.database, this.wallets, id, query);
  }

  /** Changes the metadata of a subscription. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateSubscriptionRequest) {
    await this.changes.update(id, body);
    return this.presenter.get(id);
  }

  /**
   * Makes a link by which the customer pays by himself: what is owed, oldest first, or to change his wallet. The
   * wallet he pays with is charged from then on. A link that is open already, for some 15 minutes, is answered as it
   * is, whatever terminal and return pages are asked for now; they count from the next link on.
   */
  @Post(':id/checkout')
  @HttpCode(200)
  async openCheckout(@Param('id') id: string, @Body() body: OpenCheckoutRequest) {
    await this.checkout.open(id, body);
    return this.presenter.get(id);
  }

  /** Ends a subscription, now or with its period. */
  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(@Param('id') id: string, @Body() body: CancelRequest) {
    await this.changes.cancel(id, body);
    return this.presenter.get(id);
  }

  /** Takes back that a subscription ends with its period. */
  @Post(':id/uncancel')
  @HttpCode(200)
  async uncancel(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.changes.uncancel(id);
    return this.presenter.get(id);
  }

  /** Pauses a subscription: no invoices until it is resumed. */
  @Post(':id/pause')
  @HttpCode(200)
  async pause(@Param('id') id: string, @Body() body: PauseRequest) {
    await this.changes.pause(id, body);
    return this.presenter.get(id);
  }

  /**
   * Resumes a subscription: inside the paid period it goes on, and after it a new one starts. While a checkout link is
   * open, nothing is charged beside it: with `confirm_charge` the wallet is charged when the link is over, unless it was paid.
   */
  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string, @Body() body: ResumeRequest) {
    await this.changes.resume(id, body);
    return this.presenter.get(id);
  }
}
