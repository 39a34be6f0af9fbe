import { describe, expect, it } from 'vitest';
import { cancel, pause } from './lifecycle.js';
import { upcomingInvoice, whyNothingUpcoming } from './noticing.js';
import type { Terms } from './testing/case.builder.js';
import { Life, RENEWAL } from './testing/life.story.js';

const days = (n: number): Date => new Date(RENEWAL.getTime() + n * 86_400_000);
const monthly = (terms: Terms = {}): Life =>
  Life.active({ ...terms, plan: { renewal_notice: 'required', ...terms.plan }, subscription: { test_clock: 'clk_1' } });

describe('the upcoming invoice', () => {
  const upcoming = (life: Life): unknown => life.decide((c) => upcomingInvoice(c));

  it('is the next period at its price, less the balance', () => {
    expect(upcoming(monthly({ balance: 1000 }))).toMatchObject({
      period_no: 2, period: { start: RENEWAL, end: new Date('2026-03-31T04:00:00Z') }, total: 3900, balance_applied: 1000, amount_due: 2900, charge_at: RENEWAL,
    });
    expect(upcoming(monthly({ balance: 5000 })), 'nothing is charged').toMatchObject({ balance_applied: 3900, amount_due: 0, charge_at: null });
  });

  it('after a trial is the first period; a free one asks for the wallet, with the setup fee, and charges nothing by itself', () => {
    const paid = Life.signUp({ version: { trial_days: 7, trial_amount: 1000, setup_fee: 500 } });
    paid.pay();
    expect(upcoming(paid)).toMatchObject({ period_no: 1, total: 3900, charge_at: paid.subscription.trial_end });
    const free = Life.signUp({ version: { trial_days: 7, setup_fee: 500 } });
    expect(upcoming(free)).toMatchObject({ period_no: 1, total: 4400, charge_at: null, period: { start: free.subscription.trial_end } });
  });

  it('after a pause with an end begins there', () => {
    const life = monthly();
    life.decide((c) => pause(c, days(20)));
    expect(upcoming(life)).toMatchObject({ period_no: 2, period: { start: days(20) }, charge_at: days(20) });
  });

  it('after a pause that ends within its period is the next one on the old anchor', () => {
    const life = monthly();
    life.decide((c) => pause(c, days(-3)));
    expect(upcoming(life)).toMatchObject({ period_no: 2, period: { start: RENEWAL, end: new Date('2026-03-31T04:00:00Z') }, charge_at: RENEWAL });
  });

  it('does not exist for what renews nothing', () => {
    const life = monthly();
    life.decide((c) => pause(c, null));
    expect(upcoming(life)).toBeNull();
    expect(whyNothingUpcoming(life.subscription)).toBe('it is paused until it is resumed');
    expect(upcoming(Life.signUp())).toBeNull();
    const free = Life.signUp({ version: { trial_days: 7 } });
    free.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    expect(upcoming(free)).toBeNull();
    expect(whyNothingUpcoming(free.subscription)).toBe('it ends with its period');
  });

  it.each([
    ['incomplete', 'its first payment is still to come'],
    ['incomplete_expired', 'its first payment never came'],
    ['canceled', 'it has ended'],
    ['unpaid', 'it is unpaid'],
  ] as const)('says why there is none: %s', (status, why) => {
    expect(whyNothingUpcoming({ status, cancel_at_period_end: false })).toBe(why);
  });
});
