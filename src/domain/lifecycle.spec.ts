import { describe, expect, it } from 'vitest';
import { Refusal } from './errors.js';
import { cancel, pause, resume, uncancel } from './lifecycle.js';
import { agenda, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from './subscription.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

const TERMS = { defaultCountry: 'CN' };

/** A life that has come to this status in the way that lives do. */
const REACHED: { readonly [S in SubscriptionStatus]: () => Life } = {
  incomplete: () => Life.signUp(),
  incomplete_expired: () => {
    const life = Life.signUp();
    life.passDays(2);
    return life;
  },
  trialing: () => Life.signUp({ version: { trial_days: 7 } }),
  active: () => Life.active(),
  past_due: () => pastDue(),
  unpaid: () => {
    const life = pastDue({ policy: { final_action: 'unpaid' } });
    life.passDays(20, declines());
    return life;
  },
  paused: () => {
    const life = Life.active();
    life.decide((c) => pause(c, null));
    return life;
  },
  canceled: () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    return life;
  },
};

function pastDue(terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, declines('20051'));
  return life;
}

const ACTIONS = {
  'cancel now': (life: Life) => life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: 'asked' })),
  'cancel at period end': (life: Life) => life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'asked' })),
  uncancel: (life: Life) => life.decide((c) => uncancel(c)),
  pause: (life: Life) => life.decide((c) => pause(c, null)),
  resume: (life: Life) => life.decide((c) => void resume(c, TERMS, 'checkout')),
} as const;

/** The status that an action leads to, or the conflict that it is refused with. */
const TABLE: { readonly [A in keyof typeof ACTIONS]: { readonly [S in SubscriptionStatus]: string } } = {
  'cancel now': {
    incomplete: 'canceled', incomplete_expired: '409 subscription_expired', trialing: 'canceled', active: 'canceled',
    past_due: 'canceled', unpaid: 'canceled', paused: 'canceled', canceled: '409 subscription_canceled',
  },
  'cancel at period end': {
    incomplete: 'canceled', incomplete_expired: '409 subscription_expired', trialing: 'trialing', active: 'active',
    past_due: 'past_due', unpaid: 'canceled', paused: 'canceled', canceled: '409 subscription_canceled',
  },
  uncancel: {
    incomplete: '409 subscription_not_canceling', incomplete_expired: '409 subscription_expired',
    trialing: '409 subscription_not_canceling', active: '409 subscription_not_canceling',
    past_due: '409 subscription_not_canceling', unpaid: '409 subscription_not_canceling',
    paused: '409 subscription_not_canceling', canceled: '409 subscription_canceled',
  },
  pause: {
    incomplete: '409 subscription_incomplete', incomplete_expired: '409 subscription_expired',
    trialing: '409 subscription_trialing', active: 'paused', past_due: 'paused', unpaid: '409 subscription_unpaid',
    paused: '409 subscription_paused', canceled: '409 subscription_canceled',
  },
  resume: {
    incomplete: '409 subscription_not_paused', incomplete_expired: '409 subscription_expired',
    trialing: '409 subscription_not_paused', active: '409 subscription_not_paused',
    past_due: '409 subscription_not_paused', unpaid: '409 subscription_not_paused',
    paused: 'active', canceled: '409 subscription_canceled',
  },
};

describe.each(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[])('%s', (action) => {
  it.each(SUBSCRIPTION_STATUSES)('of a subscription that is %s is allowed, or a conflict named after the state', (status) => {
    const life = REACHED[status]();
    expect(life.subscription.status).toBe(status);
    const before = life.subscription;
    const told = life.told.length;
    let outcome: string;
    try {
      ACTIONS[action](life);
      outcome = life.subscription.status;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      expect(error.kind).toBe('conflict');
      expect(error.message, 'people are told why').toMatch(/^(The|A) (subscription|sign-up) .+\.$/);
      expect([life.subscription, life.told.length], 'a refusal stores nothing').toEqual([before, told]);
      outcome = `409 ${error.code}`;
    }
    expect(outcome).toBe(TABLE[action][status]);
  });
});

describe('cancel', () => {
  it('now withdraws what was not sent and gives up what is owed', () => {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: 'asked' }));
    expect(life.latest.status).toBe('withdrawn');
    expect(life.invoice(2).status).toBe('uncollectible');
    expect(life.subscription).toMatchObject({ canceled_at: RENEWAL, cancel_reason: 'asked', ended_by: 'request', due_at: null });
  });

  it('H14: now ends the ladder: the retry that was due is never made', () => {
    const life = pastDue();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    const charges = life.charges.length;
    life.passDays(40, captures);
    expect(life.charges).toHaveLength(charges);
    expect(life.subscription.next_attempt_at).toBeNull();
  });

  it('of a sign-up voids its invoice, for its period never began', () => {
    const life = Life.signUp();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoices).toMatchObject([{ status: 'void', void_reason: 'subscription_ended' }]);
    expect(life.postings.flatMap((p) => p.entries).reduce((sum, e) => sum + (e.account === 'receivable' ? e.amount : 0), 0)).toBe(0);
  });

  it('at period end lets the period run out and invoices no other', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'moving' }));
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'again' }));
    expect(life.news()).toEqual(['subscription.updated']);
    life.passTo(new Date(RENEWAL.getTime() - 1));
    expect(life.subscription.status).toBe('active');
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: RENEWAL, cancel_reason: 'moving' });
    expect(life.invoices).toHaveLength(1);
  });

  // docs/decisions/0019: the engine was away, and whoever came back first was the customer.
  it.each(['now', 'period_end'] as const)('%s before a period that is due was billed leaves it unbilled', (at) => {
    const life = Life.active();
    life.now = new Date(RENEWAL.getTime() + 2 * 86_400_000);
    life.decide((c) => cancel(c, { at, refund: 'none', reason: null }));
    life.live();
    expect(life.subscription).toMatchObject({ status: 'canceled', period_no: 1 });
    life.passDays(60);
    expect(life.invoices.map((invoice) => invoice.status)).toEqual(['paid']);
  });

  it('at period end is done with once it has happened', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_at_period_end: false, ended_by: 'request' });
  });

  it('at period end is not put off by a pause', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'moving' }));
    life.decide((c) => pause(c, null));
    expect(agenda(life.subscription)).toEqual([{ event: 'period_end', at: RENEWAL }]);
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: RENEWAL });
  });

  it('waits for a try in flight, although an earlier one of its invoice has failed', () => {
    const life = pastDue();
    life.passDays(1, staysPending);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoice(2).status).toBe('open');
    life.hear(life.latest, 'captured');
    expect(life.invoice(2).status).toBe('paid');
  });

  it('gives back the balance that a period would have used which never began', () => {
    const life = Life.active({ balance: 1_000 });
    life.decide((c) => pause(c, null));
    life.passDays(100);
    life.decide((c) => void resume(c, TERMS, 'checkout'));
    expect(life.balance).toBe(0);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', amount_due: 0 });
    expect(life.balance).toBe(1_000);
  });

  it('gives nothing back that nobody asked to be given back', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.refunds).toEqual([]);
    expect(life.news().at(-1)).toBe('subscription.canceled');
  });

  it('at period end gives nothing back, and says which field asks for it', () => {
    const life = Life.active();
    const refused = expect.objectContaining({ kind: 'invalid', errors: [{ path: 'refund', message: expect.stringContaining('at: now') }] });
    expect(() => life.decide((c) => cancel(c, { at: 'period_end', refund: 'full', reason: null }))).toThrow(refused);
  });

  it('at period end can be undone', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'moving' }));
    life.decide((c) => uncancel(c));
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, cancel_reason: null });
  });

  it('of a free trial at its end asks for no wallet', () => {
    const life = REACHED.trialing();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.passDays(10);
    expect(life.subscription.status).toBe('canceled');
    expect(life.charges).toEqual([]);
  });
});
