import { describe, expect, it } from 'vitest';
import { cancel } from './lifecycle.js';
import { aCharge, aCustomer, aPlan, START } from './testing/case.builder.js';
import { declines, Life } from './testing/life.story.js';
import { chargeView, customerView, invoiceView, planView, sourceView, subscriptionView } from './views.js';

describe('what the world sees', () => {
  it('of a charge tells no key, body or lease, and of its wallet the row alone', () => {
    const view = chargeView(aCharge({ source: 'psrc_1' }));
    expect(view).toMatchObject({ object: 'charge', source: 'psrc_1' });
    for (const secret of ['idempotency_key', 'body', 'body_hash', 'lease_token', 'lease_until']) expect(view).not.toHaveProperty(secret);
  });

  it('of a wallet is the gateway’s id', () => {
    const life = Life.active();
    expect(life.wallet && sourceView(life.wallet)).toMatchObject({ object: 'source', id: life.wallet?.id, status: 'active' });
  });

  it('of an invoice has the period on each line, and none before it began', () => {
    const life = Life.signUp();
    const [open] = life.invoices;
    expect(open && invoiceView(open)).toMatchObject({ period: null, lines: [{ period: null }] });
    life.pay();
    const period = { start: START, end: new Date('2026-02-28T04:00:00Z') };
    expect(invoiceView(life.invoice(1))).toMatchObject({ period, lines: [{ period }] });
  });
});

describe('a view', () => {
  it('of a plan shows the terms of the version that it is asked about', () => {
    const { plan, version } = aPlan({ plan: { description: 'Leaves', spread_minutes: 30 }, version: { version: 3, amount: 4_500, setup_fee: 100 } });
    expect(planView(plan, version)).toEqual({
      id: 'plan_1', object: 'plan', code: 'tea', name: 'Tea club', description: 'Leaves', amount: 4_500, currency: 'CNY', interval: 'month',
      interval_count: 1, trial_days: 0, trial_amount: 0, setup_fee: 100, proration: 'second', dunning_policy: 'default', catch_up: 'all',
      renewal_notice: 'off', spread_minutes: 30, active: true, version: 3, metadata: {}, created_at: START, updated_at: START,
    });
  });

  it('of a customer shows what he has in his favour', () => {
    const balances = [{ currency: 'CNY', amount: 500 }];
    expect(customerView(aCustomer(), balances)).toEqual({ ...aCustomer(), object: 'customer', balances });
  });

  it('of a subscription has a period only when there is one', () => {
    expect(subscriptionView(Life.signUp().subscription)).toMatchObject({ object: 'subscription', status: 'incomplete', current_period: null });
    const { subscription } = Life.active();
    const current_period = { start: START, end: new Date('2026-02-28T04:00:00Z') };
    expect(subscriptionView(subscription)).toMatchObject({ status: 'active', current_period });
    expect(subscriptionView({ ...subscription, period_end: null }).current_period).toBeNull();
    expect(subscriptionView({ ...subscription, period_start: null }).current_period).toBeNull();
    for (const inner of ['source', 'due_at', 'epoch', 'success_url']) expect(subscriptionView(subscription)).not.toHaveProperty(inner);
  });

  it('of an invoice has no period while only one end of it is known', () => {
    const invoice = Life.active().invoice(1);
    expect(invoiceView({ ...invoice, period_end: null }).period).toBeNull();
    expect(invoiceView({ ...invoice, period_start: null }).period).toBeNull();
  });
});

describe('when the engine will charge next', () => {
  const next = (life: Life): Date | null => subscriptionView(life.subscription).next_charge_at;

  it('is the end of the period, or nothing for what ends there', () => {
    const life = Life.active();
    expect(next(life)).toEqual(new Date('2026-02-28T04:00:00Z'));
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    expect(next(life)).toBeNull();
  });

  it('is the next try for what is past due', () => {
    const life = Life.active();
    life.passTo(new Date('2026-02-28T04:00:00Z'), declines());
    expect(next(life)).toEqual(new Date('2026-03-01T04:00:00Z'));
  });

  it('is the end of a paid trial', () => {
    const life = Life.signUp({ version: { trial_days: 7, trial_amount: 1_000 } });
    life.pay();
    expect(next(life)).toEqual(new Date('2026-02-07T04:00:00Z'));
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    expect(next(life)).toBeNull();
  });

  it('is the try that waits for an open redirect', () => {
    const waiting = { ...Life.active().subscription, next_attempt_at: START };
    expect(subscriptionView(waiting).next_charge_at).toEqual(START);
    expect(subscriptionView({ ...waiting, source: null }).next_charge_at, 'with whatever wallet').toEqual(START);
  });

  it.each(['paused', 'unpaid', 'canceled', 'incomplete'] as const)('is never for what is %s', (status) => {
    expect(subscriptionView({ ...Life.active().subscription, status, next_attempt_at: START }).next_charge_at).toBeNull();
  });

  it('is unknown for a free trial: its wallet is yet to come', () => {
    expect(next(Life.signUp({ version: { trial_days: 7 } }))).toBeNull();
    expect(next(Life.signUp())).toBeNull();
  });
});
