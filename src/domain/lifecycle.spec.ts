import { describe, expect, it } from 'vitest';
import { isOpen } from './charge.js';
import { Refusal } from './errors.js';
import type { Invoice } from './invoice.js';
import { cancel, pause, resume, uncancel } from './lifecycle.js';
import { agenda, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from './subscription.js';
import { START } from './testing/case.builder.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

const TERMS = { defaultCountry: 'CN' };
const DAY = 86_400_000;
const PERIOD_2_END = new Date('2026-03-31T04:00:00Z');

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
    expect(life.invoices.map((invoice) => invoice.status)).toEqual(['void']);
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

  it('at period end is done with once it has happened', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, 'period_end', null));
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_at_period_end: false, ended_by: 'request' });
  });

  it('at period end is not put off by a pause', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, 'period_end', 'moving'));
    life.decide((c) => pause(c, null));
    expect(agenda(life.subscription)).toEqual([{ event: 'period_end', at: RENEWAL }]);
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: RENEWAL });
  });

  it('waits for a try in flight, although an earlier one of its invoice has failed', () => {
    const life = pastDue();
    life.passDays(1, staysPending);
    life.decide((c) => cancel(c, 'now', null));
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
    life.decide((c) => cancel(c, 'now', null));
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', amount_due: 0 });
    expect(life.balance).toBe(1_000);
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

describe('pause and resume', () => {
  it('invoice nothing in between, and inside the paid period simply go on', () => {
    const life = REACHED.paused();
    life.passDays(10);
    expect(life.decide((c) => resume(c, TERMS, 'source'))).toEqual({ needsCheckout: false });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, epoch: 0, period_end: RENEWAL, paused_at: null, resumes_at: null });
    expect(life.invoices).toHaveLength(1);
    life.passTo(RENEWAL);
    expect(life.subscription.period_no).toBe(2);
  });

  it('after the paid period begin a new one, on a new anchor, with the next number', () => {
    const life = REACHED.paused();
    life.passDays(100);
    expect(life.invoices).toHaveLength(1);
    const resumedAt = life.now;
    life.decide((c) => resume(c, TERMS, 'source'));
    life.passHours(1);
    expect(life.subscription).toMatchObject({
      status: 'active', billing_anchor: resumedAt, epoch: 1, epoch_first_period: 2, period_no: 2, period_start: resumedAt,
    });
    expect(life.invoice(2).status).toBe('paid');
    expect(life.wallet?.status).toBe('active');
  });

  it('by checkout begin the new period with its payment', () => {
    const life = REACHED.paused();
    life.passDays(100);
    const asked = life.decide((c) => resume(c, TERMS, 'checkout'));
    expect(asked).toEqual({ needsCheckout: true });
    expect(life.subscription.status).toBe('paused');
    openRedirect(life);
    life.passHours(2);
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, epoch: 1, period_start: life.now, billing_anchor: life.now });
    expect(life.invoice(2)).toMatchObject({ status: 'paid', period_start: life.now });
  });

  it('by checkout charge nothing by themselves, whether a new period is to begin or one is owed', () => {
    const later = Life.active();
    later.decide((c) => pause(c, PERIOD_2_END));
    later.passDays(40);
    expect(later.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: true });
    expect(later.subscription).toMatchObject({ status: 'paused', resumes_at: null });
    later.decide((c) => void resume(c, TERMS, 'checkout'));
    expect(later.invoices.map((invoice) => invoice.period_no), 'asked twice, written once').toEqual([1, 2]);

    const owing = Life.active();
    owing.now = RENEWAL;
    owing.live();
    owing.decide((c) => pause(c, null));
    expect(owing.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: true });
    expect(owing.subscription).toMatchObject({ status: 'paused', period_no: 2 });
    expect(owing.charges.filter((charge) => isOpen(charge.status))).toEqual([]);
  });

  it('by a wallet that is dead ask for a checkout', () => {
    const life = Life.active();
    life.passTo(RENEWAL, declines('200R1'));
    life.decide((c) => pause(c, null));
    life.passDays(40);
    expect(life.decide((c) => resume(c, TERMS, 'source'))).toEqual({ needsCheckout: true });
    expect(life.subscription.status).toBe('paused');
  });

  it('inside a period ask at once for what is owed for it', () => {
    const life = pastDue();
    life.decide((c) => pause(c, null));
    life.passDays(5);
    life.news();
    expect(life.decide((c) => resume(c, TERMS, 'source'))).toEqual({ needsCheckout: false });
    expect(life.news()).toEqual(['subscription.resumed', 'subscription.past_due', 'dunning.started']);
    expect(life.subscription).toMatchObject({ status: 'past_due', period_no: 2, next_attempt_at: life.now, dunning_step: 0, dunning_started_at: life.now });
    life.passHours(0);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, past_due_reason: null });
    expect(life.invoices).toHaveLength(2);
  });

  it('at the very end of a period begin the next one', () => {
    const life = REACHED.paused();
    life.passTo(RENEWAL);
    life.decide((c) => resume(c, TERMS, 'source'));
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, epoch: 1, period_start: RENEWAL });
  });

  it('charge no wallet where the customer’s balance pays for the new period', () => {
    const life = Life.active({ balance: 3_900 });
    life.decide((c) => pause(c, null));
    life.passDays(100);
    expect(life.decide((c) => resume(c, TERMS, 'source'))).toEqual({ needsCheckout: false });
    expect(life.invoice(2)).toMatchObject({ status: 'paid', balance_applied: 3_900 });
    expect(life.charges).toHaveLength(1);
  });

  it.each([
    ['paid', { trial_days: 7, trial_amount: 1_000 }],
    ['free', { trial_days: 7 }],
  ])('by checkout begin a whole period, although the subscription once began with a trial (%s)', (_, version) => {
    const life = Life.signUp({ version });
    if (life.charges.length > 0) life.pay();
    life.passDays(7);
    if (life.subscription.status === 'incomplete') {
      life.decide((c) => c.addCharge('initial', c.openInvoices()[0] as Invoice, null, c.subscription, c.engineNow));
      life.openRedirect();
      life.pay();
    }
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1 });
    life.decide((c) => pause(c, null));
    life.passDays(100);
    life.decide((c) => void resume(c, TERMS, 'checkout'));
    openRedirect(life);
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, period_start: life.now, epoch: 1, epoch_first_period: 2 });
    expect(Number(life.subscription.period_end) - Number(life.now)).toBeGreaterThan(27 * DAY);
    expect(life.news().at(-1)).toBe('subscription.resumed');
  });

  it('by checkout need none when the customer’s balance pays for the new period', () => {
    const life = Life.active({ balance: 5_000 });
    life.decide((c) => pause(c, null));
    life.passDays(100);
    expect(life.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: false });
    expect(life.invoice(2)).toMatchObject({ status: 'paid', balance_applied: 3_900, period_start: life.now });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, billing_anchor: life.now });
  });

  it('by checkout and then by the stored wallet write one invoice, not two', () => {
    const life = REACHED.paused();
    life.passDays(100);
    life.decide((c) => resume(c, TERMS, 'checkout'));
    life.decide((c) => resume(c, TERMS, 'source'));
    life.passHours(1);
    expect(life.invoices.map((i) => [i.period_no, i.status])).toEqual([[1, 'paid'], [2, 'paid']]);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, epoch: 1 });
  });

  it('leave the wallet alone while a redirect for the same invoice lies open', () => {
    const life = REACHED.paused();
    life.passDays(100);
    life.decide((c) => resume(c, TERMS, 'checkout'));
    const redirect = openRedirect(life);
    life.decide((c) => resume(c, TERMS, 'source'));
    life.passTo(new Date((redirect.expires_at as Date).getTime() - 1));
    expect(life.latest.id).toBe(redirect.id);
    life.passTo(redirect.expires_at as Date);
    expect(life.latest.kind).toBe('recurring');
    expect(life.invoice(2).status).toBe('paid');
  });

  it('after a period that was never paid ask for that one first, and let the new one join its ladder', () => {
    const life = pastDue();
    life.decide((c) => pause(c, null));
    life.passDays(40);
    life.news();
    life.decide((c) => void resume(c, TERMS, 'source'));
    expect(life.news()).toEqual(['subscription.resumed', 'subscription.past_due', 'dunning.started', 'invoice.finalized']);
    expect(life.subscription).toMatchObject({
      status: 'past_due', past_due_reason: 'owed_before_pause', period_no: 3, dunning_step: 0, dunning_ends_at: null, next_attempt_at: life.now,
    });
    expect(life.invoice(2).next_attempt_at).toEqual(life.now);
    life.passHours(0);
    expect(life.charges.slice(2).map((charge) => charge.period_no), 'no burst').toEqual([2]);
    life.passHours(1);
    expect(life.invoices.map((invoice) => invoice.status)).toEqual(['paid', 'paid', 'paid']);
    expect(life.subscription.status).toBe('active');
  });

  it('inside a period whose money is still on its way go on with it, and bill its time once', () => {
    const life = Life.active();
    life.passTo(RENEWAL, staysPending);
    life.decide((c) => pause(c, null));
    life.passHours(1);
    life.decide((c) => void resume(c, TERMS, 'source'));
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, period_start: RENEWAL, epoch: 0 });
    life.hear(life.latest, 'captured');
    life.passDays(20);
    expect(life.invoices.map(({ period_no, status }) => [period_no, status])).toEqual([[1, 'paid'], [2, 'paid']]);
  });

  it('ask again for what the pause withdrew, although an older period is still in flight', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 } });
    life.passDays(7, staysPending);
    const inFlight = life.latest;
    life.now = new Date(START.getTime() + 14 * DAY);
    life.live();
    expect(life.latest).toMatchObject({ period_no: 3, status: 'created' });
    life.decide((c) => pause(c, null));
    life.decide((c) => void resume(c, TERMS, 'source'));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'owed_before_pause' });
    life.hear(inFlight, 'captured');
    life.passHours(2);
    expect(life.invoices.map((invoice) => invoice.status)).toEqual(['paid', 'paid', 'paid']);
    expect(life.subscription.status).toBe('active');
  });

  it('resume by themselves when the pause has an end', () => {
    const life = Life.active();
    life.decide((c) => pause(c, PERIOD_2_END));
    life.passTo(PERIOD_2_END);
    expect(life.subscription).toMatchObject({ status: 'active', billing_anchor: PERIOD_2_END, period_no: 2 });
    expect(life.invoice(2).status).toBe('paid');
  });

  it('withdraw what was not sent, and let what was sent run out', () => {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    life.decide((c) => pause(c, null));
    expect(life.latest.status).toBe('withdrawn');
    const sent = Life.active();
    sent.passTo(RENEWAL, staysPending);
    sent.decide((c) => pause(c, null));
    expect(sent.latest.status).toBe('pending');
    sent.hear(sent.latest, 'declined', { response_code: '20051' });
    sent.passDays(40);
    expect(sent.charges, 'no new try').toHaveLength(2);
  });
});

function openRedirect(life: Life) {
  life.decide((c) => {
    const owed = c.openInvoices()[0];
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('checkout', owed, null, c.subscription, c.engineNow);
  });
  return life.openRedirect();
}
