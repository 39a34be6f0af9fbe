import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { captures, Life } from './testing/life.story.js';
import type { Terms } from './testing/case.builder.js';
import type { Charge } from './charge.js';
import { subscriptionView } from './views.js';

const before = (instant: Date, minutes: number): Date => new Date(instant.getTime() - minutes * 60_000);

const ask = (life: Life): Charge => life.decide((c) => openCheckout(c, c.subscription, 'next_renewal', { defaultCountry: 'CN' }));

/** Opens the redirect and, if it is to end, ends it. */
function change(life: Life, outcome: 'captured' | 'declined' | null = 'captured'): Charge {
  ask(life);
  const redirect = life.openRedirect();
  if (outcome) life.hear(redirect, outcome, { source_id: `src_${redirect.id}` });
  return life.charge(redirect.id);
}

const nextCharge = (life: Life): Date | null => subscriptionView(life.subscription).next_charge_at;
const ofPeriod = (life: Life, no: number) => life.charges.filter((charge) => charge.period_no === no).map(({ kind, status, attempt }) => [attempt, kind, status]);

describe('a trial', () => {
  const FREE: Terms = { version: { trial_days: 7, setup_fee: 500 } };
  const END = new Date('2026-02-07T04:00:00Z');
  const FIRST_END = new Date('2026-03-07T04:00:00Z');

  it('that is free takes the first period and the setup fee in advance, and is active at its end', () => {
    const life = Life.signUp(FREE);
    life.passDays(5);
    change(life);
    expect(life.invoice(1)).toMatchObject({ status: 'paid', total: 4400, period_start: null });
    expect(life.subscription).toMatchObject({ status: 'trialing', paid_through: FIRST_END });
    expect(nextCharge(life)).toEqual(FIRST_END);
    life.news();
    life.passTo(END);
    expect(life.news()).toEqual(['subscription.activated']);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, billing_anchor: END, period_end: FIRST_END, expires_at: null });
    expect(life.invoice(1)).toMatchObject({ period_start: END, period_end: FIRST_END });
    life.passTo(FIRST_END, captures);
    expect(ofPeriod(life, 2)).toEqual([[1, 'recurring', 'captured']]);
  });

  it('that is free asks with the same invoice when the redirect is open at its end', () => {
    const life = Life.signUp(FREE);
    life.passTo(before(END, 5));
    const redirect = change(life, null);
    life.passTo(END);
    expect(life.subscription).toMatchObject({ status: 'incomplete', advance_invoice: null });
    expect(life.invoices).toHaveLength(1);
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, period_start: END });
  });

  it('that is free and whose early redirect failed is asked for at its end as ever', () => {
    const life = Life.signUp(FREE);
    change(life, 'declined');
    life.passTo(END);
    expect(life.subscription.status).toBe('incomplete');
    ask(life);
    expect(life.latest).toMatchObject({ kind: 'initial', attempt: 2, amount: 4400 });
  });

  it('that is paid takes its first regular period in advance, and tells the renewal when it begins', () => {
    const life = Life.active({ version: { trial_days: 7, trial_amount: 1000 } });
    change(life);
    expect(life.news()).not.toContain('subscription.renewed');
    life.passTo(END);
    expect(life.news()).toEqual(['subscription.trial_will_end', 'subscription.renewed']);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, period_end: FIRST_END, paid_through: FIRST_END });
  });
});
