import { Body, Controller, Get, HttpCode, Param, Patch, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { type Subscription, SUBSCRIPTION_STATUSES } from '../domain/subscription.js';
import { Database } from '../platform/database/database.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
import { SubscriptionChanges } from './changes.js';
import { Checkout } from './checkout.js';
import { SignUp } from './sign.up.js';
import { SubscriptionPresenter } from './subscription.presenter.js';
import {
  CancelRequest,
  CheckoutRequest,
  CreateSubscriptionRequest,
  PauseRequest,
  ResumeRequest,
  UpdateSubscriptionRequest,
} from './subscription.requests.js';

const LIST: ListSpec = {
  table: 'subscriptions',
  prefix: 'sub',
  filters: {
    customer: { kind: 'id', column: 'customer', prefix: 'cust' },
    plan: { kind: 'id', column: 'plan', prefix: 'plan' },
    status: { kind: 'one_of', column: 'status', values: SUBSCRIPTION_STATUSES },
    latest_invoice: { kind: 'id', column: 'latest_invoice', prefix: 'inv' },
    test_clock: { kind: 'id', column: 'test_clock', prefix: 'clk' },
    cancel_at_period_end: { kind: 'flag', column: 'cancel_at_period_end' },
    canceled_at: { kind: 'instant', column: 'canceled_at' },
    trial_end: { kind: 'instant', column: 'trial_end' },
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

  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateSubscriptionRequest) {
    await this.changes.update(id, body);
    return this.presenter.get(id);
  }

  @Post(':id/checkout')
  @HttpCode(200)
  async openCheckout(@Param('id') id: string, @Body() body: CheckoutRequest) {
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
  async uncancel(@Param('id') id: string) {
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
