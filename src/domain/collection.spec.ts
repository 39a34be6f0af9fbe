import { describe, expect, it } from 'vitest';
import { captures, declines, Life, RENEWAL, staysPending, type Gateway } from './testing/life.story.js';

const day = (n: number): Date => new Date(RENEWAL.getTime() + n * 86_400_000);

/** A monthly subscription at the instant its second period begins. */
function atRenewal(gateway: Gateway, terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, gateway);
  return life;
}

/** The days, counted from the renewal, on which the wallet was tried. */
const triedOn = (life: Life): number[] =>
  life.charges
    .filter((charge) => charge.kind !== 'initial')
    .map((charge) => (charge.created_at.getTime() - RENEWAL.getTime()) / 86_400_000);

describe('the ladder', () => {
  it('tries on days 0, 1, 4, 9 and 16, then cancels and gives the invoice up', () => {
    const life = atRenewal(declines('20051'));
    life.passDays(40, declines('20051'));
    expect(triedOn(life)).toEqual([0, 1, 4, 9, 16]);
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_reason: 'dunning_exhausted', canceled_at: day(16), due_at: null });
    expect(life.invoice(2)).toMatchObject({ status: 'uncollectible', attempt_count: 5, next_attempt_at: null });
  });

  it('tells the first failure, every try and the end, each once', () => {
    const life = atRenewal(declines('20051'));
    expect(life.news()).toEqual([
      'invoice.finalized', 'charge.created', 'charge.declined', 'invoice.payment_failed',
      'subscription.past_due', 'dunning.started',
    ]);
    life.passTo(day(1), declines('20051'));
    expect(life.news()).toEqual(['charge.created', 'dunning.retried', 'charge.declined', 'invoice.payment_failed']);
    life.passTo(day(15), declines('20051'));
    life.news();
    life.passTo(day(16), declines('20051'));
    expect(life.news()).toEqual([
      'charge.created', 'dunning.retried', 'charge.declined', 'invoice.payment_failed',
      'dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled',
    ]);
  });

  it.each([1, 4, 9, 16])('a success on day %i recovers the subscription on its old anchor', (paidOn) => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(paidOn - 0.5), declines('20051'));
    life.news();
    life.passTo(day(paidOn), captures);
    expect(life.news().slice(-3)).toEqual(['invoice.paid', 'subscription.renewed', 'subscription.recovered']);
    expect(life.subscription).toMatchObject({
      status: 'active', period_no: 2, period_end: new Date('2026-03-31T04:00:00Z'),
      paid_through: new Date('2026-03-31T04:00:00Z'), dunning_step: null, next_attempt_at: null, past_due_reason: null,
    });
  });

  it('shows the next try on the invoice that it will try', () => {
    const life = atRenewal(declines('20051'));
    expect(life.invoice(2).next_attempt_at).toEqual(day(1));
    life.passTo(day(1), declines('20051'));
    expect(life.invoice(2).next_attempt_at).toEqual(day(4));
  });

  it('does not climb while the outcome of a try is open', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(20), staysPending);
    expect(triedOn(life)).toEqual([0, 1]);
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0 });
  });

  it('ends as the policy says', () => {
    for (const [final_action, status, told] of [
      ['unpaid', 'unpaid', 'subscription.unpaid'],
      ['pause', 'paused', 'subscription.paused'],
    ] as const) {
      const life = atRenewal(declines('20051'), { policy: { final_action } });
      life.passDays(40, declines('20051'));
      expect(life.subscription.status).toBe(status);
      expect(life.invoice(2).status).toBe('open');
      expect(life.news().slice(-2)).toEqual(['dunning.exhausted', told]);
      expect(life.subscription.due_at, 'nothing is invoiced any more').toBeNull();
    }
  });

  it('H10: waits 2, 5, 7 and 7 days when the policy says so', () => {
    const retries = ['2d', '5d', '7d', '7d'].map((after) => ({ after, notify: true }));
    const life = atRenewal(declines('20051'), { policy: { retries } });
    life.passDays(40, declines('20051'));
    expect(triedOn(life)).toEqual([0, 2, 7, 14, 21]);
  });
});
