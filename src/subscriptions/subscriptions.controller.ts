import { Body, Controller, Get, HttpCode, Param, Patch, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DECLINE_CLASSES } from '../domain/decline.js';
import { type Subscription, SUBSCRIPTION_STATUSES } from '../domain/subscription.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Creates } from '../platform/http/creates.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
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
import { timeline } from './timeline.js';

/** What the presenter computes, once more in SQL, so that it can be filtered by; a test holds them together. */
const SHOWN_SOURCE = `(select s.gateway_source_id from sources s where s.subscription = subscriptions.id
  order by (s.status = 'active') desc, s.id desc limit 1)`;
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
  when 'canceled' then paid_through
  when 'paused' then paid_through
end)`;

const LIST: ListSpec = {
  table: 'subscriptions',
  prefix: 'sub',
  filters: {
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    plan: { kind: 'id', column: 'plan', prefix: 'plan' },
    status: { kind: 'one_of', column: 'status', values: SUBSCRIPTION_STATUSES },
    past_due_class: { kind: 'one_of', column: 'past_due_class', values: DECLINE_CLASSES },
    latest_invoice: { kind: 'id', column: 'latest_invoice', prefix: 'inv' },
    test_clock: { kind: 'id', column: 'test_clock', prefix: 'clk' },
    source: { kind: 'text', column: SHOWN_SOURCE },
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

@Controller('v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly signUp: SignUp,
    private readonly checkout: Checkout,
    private readonly changes: SubscriptionChanges,
    private readonly presenter: SubscriptionPresenter,
    private readonly database: Database,
  ) {}

  @Post()
  @Creates('sub')
  async create(@Body() body: CreateSubscriptionRequest) {
    return this.presenter.get(await this.signUp.signUp(body));
  }

  @Get()
  async list(@Req() request: Request) {
    const page = await listPage<Subscription>(this.database, LIST, request);
    return presentPage(page, (subscriptions) => this.presenter.present(subscriptions));
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.presenter.get(id);
  }

  @Get(':id/upcoming_invoice')
  upcomingInvoice(@Param('id') id: string) {
    return this.presenter.upcomingInvoice(id);
  }

  @Get(':id/timeline')
  async timeline(@Param('id') id: string, @Req() request: Request) {
    await this.presenter.get(id);
    return timeline(this.database, id, request);
  }

  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateSubscriptionRequest) {
    await this.changes.update(id, body);
    return this.presenter.get(id);
  }

  @Post(':id/checkout')
  @HttpCode(200)
  async openCheckout(@Param('id') id: string, @Body() body: OpenCheckoutRequest) {
    await this.checkout.open(id, body);
    return this.presenter.get(id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(@Param('id') id: string, @Body() body: CancelRequest) {
    await this.changes.cancel(id, body);
    return this.presenter.get(id);
  }

  @Post(':id/uncancel')
  @HttpCode(200)
  async uncancel(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.changes.uncancel(id);
    return this.presenter.get(id);
  }

  @Post(':id/pause')
  @HttpCode(200)
  async pause(@Param('id') id: string, @Body() body: PauseRequest) {
    await this.changes.pause(id, body);
    return this.presenter.get(id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string, @Body() body: ResumeRequest) {
    await this.changes.resume(id, body);
    return this.presenter.get(id);
  }
}
