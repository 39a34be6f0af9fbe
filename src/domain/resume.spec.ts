import { describe, expect, it } from 'vitest';
import { isOpen } from './charge.js';
import type { Invoice } from './invoice.js';
import { pause, resume } from './lifecycle.js';
import { START } from './testing/case.builder.js';
import { declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

const TERMS = { defaultCountry: 'CN' };
const DAY = 86_400_000;
const PERIOD_2_END = new Date('2026-03-31T04:00:00Z');

function paused(): Life {
  const life = Life.active();
  life.decide((c) => pause(c, null));
  return life;
}

function pastDue(): Life {
  const life = Life.active();
  life.passTo(RENEWAL, declines('20051'));
  return life;
}

function openRedirect(life: Life) {
  life.decide((c) => {
    const owed = c.openInvoices()[0];
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('checkout', owed, null, c.subscription, c.engineNow);
  });
  return life.openRedirect();
}

describe('pause and resume', () => {
  it('invoice nothing in between, and inside the paid period simply go on', () => {
    const life = paused();
    life.passDays(10);
    expect(life.decide((c) => resume(c, TERMS, 'source'))).toEqual({ needsCheckout: false });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, epoch: 0, period_end: RENEWAL, paused_at: null, resumes_at: null });
    expect(life.invoices).toHaveLength(1);
    life.passTo(RENEWAL);
    expect(life.subscription.period_no).toBe(2);
  });

  it('after the paid period begin a new one, on a new anchor, with the next number', () => {
    const life = paused();
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
    const life = paused();
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
    const life = paused();
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
    const life = paused();
    life.passDays(100);
    life.decide((c) => resume(c, TERMS, 'checkout'));
    life.decide((c) => resume(c, TERMS, 'source'));
    life.passHours(1);
    expect(life.invoices.map((i) => [i.period_no, i.status])).toEqual([[1, 'paid'], [2, 'paid']]);
    const { period_start, period_end } = life.subscription;
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, epoch: 1 });
    expect(life.invoice(2), 'it bills the period that began').toMatchObject({ period_start, period_end });
  });

  it('leave the wallet alone while a redirect for the same invoice lies open', () => {
    const life = paused();
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
