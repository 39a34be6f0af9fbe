import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { cancel, pause, resume } from './lifecycle.js';
import { payNow } from './operator.js';
import type { Terms } from './testing/case.builder.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

/** What waits for the customer or the operator: how long, and what happens when he acts, or begins to, or does not. */

const TERMS = { defaultCountry: 'CN' };
const MINUTE = 60_000;
const day = (n: number, minutes = 0): Date => new Date(RENEWAL.getTime() + n * 86_400_000 + minutes * MINUTE);

function atRenewal(code: string, terms: Terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, declines(code));
  life.news();
  return life;
}

/** The customer opens the page that pays what he owes. */
function opensCheckout(life: Life): void {
  life.decide((c) => openCheckout(c, c.subscription, null, TERMS));
  life.openRedirect();
}

describe('the end of the time to act', () => {
  it('waits for a customer who has begun to pay, and for one who then does not', () => {
    const life = atRenewal('200R1');
    life.passTo(day(16, -1));
    opensCheckout(life);
    life.passTo(day(16, 5));
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_ends_at: day(16, 60) });
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', dunning_ends_at: null });

    const other = atRenewal('200R1');
    other.passTo(day(16, -1));
    opensCheckout(other);
    other.passTo(day(16, 5));
    other.hear(other.latest, 'expired');
    other.passTo(day(16, 60));
    expect(other.subscription).toMatchObject({ status: 'canceled', canceled_at: day(16, 60) });
  });

  it('waits for an operator’s try in flight', () => {
    const life = atRenewal('20003');
    life.passTo(day(16, -1));
    const charge = life.decide((c) => payNow(c, c.invoices.get(life.invoice(2).id)));
    life.hear(life.send(charge), 'pending');
    life.passTo(day(16, 5));
    life.hear(charge, 'captured');
    expect(life.subscription.status).toBe('active');
    expect(life.refunds).toEqual([]);
  });

  it('waits no more for what is in doubt for days', () => {
    const life = atRenewal('200R1');
    life.passTo(day(16, -1));
    opensCheckout(life);
    life.passTo(day(20));
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: day(19) });
  });

  it('comes after three days at the soonest, however short the ladder', () => {
    const life = atRenewal('200R1', { policy: { retries: [] } });
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_ends_at: day(3) });
    life.passTo(day(3));
    expect(life.subscription.status).toBe('canceled');
  });
});

describe('a suspected wallet', () => {
  it('is not tried again by a pause that ends by itself', () => {
    const life = atRenewal('20059');
    life.decide((c) => pause(c, day(2)));
    life.passTo(day(2));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: 'risk', next_attempt_at: null, dunning_ends_at: day(18) });
    expect(life.charges).toHaveLength(2);
  });

  it('is not tried again by a pause that ends after the period, either: the new period waits with the old', () => {
    const life = atRenewal('20059');
    life.decide((c) => pause(c, day(40)));
    life.passTo(day(41));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: 'risk', period_no: 3, next_attempt_at: null, dunning_ends_at: day(56) });
    expect(life.charges).toHaveLength(2);
  });

  // After the period a new one begins, which follows the old debt at an hour's distance.
  it.each([[2, 0], [40, 1]])('is tried again when somebody says so, after a pause of %i days', (days, hours) => {
    const life = atRenewal('20059');
    life.decide((c) => pause(c, null));
    life.passDays(days);
    life.decide((c) => void resume(c, TERMS, 'source'));
    life.passHours(hours, captures);
    expect(life.subscription.status).toBe('active');
  });

  it('is not trusted again because another payment, under way before, went through', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20059' });
    life.hear(third, 'captured');
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: null });
    expect(life.subscription.dunning_ends_at).not.toBeNull();
    life.passHours(2);
    expect(life.charges).toHaveLength(3);
  });
});

describe('a resume', () => {
  it('that asked for what was owed comes when that is paid', () => {
    const life = atRenewal('20051');
    life.decide((c) => pause(c, null));
    life.passDays(2);
    expect(life.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: true });
    opensCheckout(life);
    life.news();
    life.pay();
    life.passHours(0);
    expect(life.news()).toEqual(['charge.captured', 'source.captured', 'source.superseded', 'invoice.paid', 'subscription.resumed']);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, paid_through: life.subscription.period_end, resumes_when_paid: false });
  });

  it('that asked for it is forgotten by another pause', () => {
    const life = atRenewal('20051');
    life.decide((c) => pause(c, null));
    life.decide((c) => void resume(c, TERMS, 'checkout'));
    life.decide((c) => void resume(c, TERMS, 'source'));
    life.decide((c) => pause(c, null));
    opensCheckout(life);
    life.pay();
    life.passDays(1);
    expect(life.subscription.status).toBe('paused');
  });

  it('that asked for a new period is not needed any more where the old one goes on', () => {
    const life = Life.active({ policy: { final_action: 'unpaid' } });
    life.passDays(60, declines('20051'));
    opensCheckout(life);
    life.pay();
    // It recovers for the hour until its next period, and is paused before that comes.
    life.decide((c) => pause(c, null));
    expect(life.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: true });
    life.decide((c) => void resume(c, TERMS, 'source'));
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'checkout_ended', period_start: null });
    life.passHours(1, captures);
    expect(life.latest).toMatchObject({ kind: 'recurring', status: 'captured' });
    expect(life.subscription.status).toBe('active');
  });

  it('that was arranged, and finds a dead wallet, owes and asks for another', () => {
    const life = Life.active();
    life.passTo(RENEWAL, staysPending);
    const charge = life.latest;
    life.decide((c) => pause(c, day(60)));
    life.hear(charge, 'declined', { response_code: '200R1' });
    life.news();
    life.passTo(day(60));
    expect(life.news()).toEqual(expect.arrayContaining(['subscription.resumed', 'subscription.past_due', 'dunning.started']));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: 'reauthorise', dunning_ends_at: day(76) });
    opensCheckout(life);
    life.pay();
    life.passHours(2);
    expect(life.subscription.status).toBe('active');
  });
});

describe('a subscription that the ladder left unpaid', () => {
  it('ends with its period when that was asked for', () => {
    const life = atRenewal('20051', { policy: { final_action: 'unpaid' } });
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'enough' }));
    life.passDays(40, declines('20051'));
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_reason: 'enough', canceled_at: new Date('2026-03-31T04:00:00Z') });
  });

  const TWO_OWED: Terms = { version: { interval: 'week', amount: 1000 }, policy: { final_action: 'unpaid', retries: [{ after: '8d', notify: true }] } };

  it.each([
    ['goes on when that is paid', captures, 'active'],
    ['stays as it is when that fails', declines('20051'), 'unpaid'],
  ])('is asked for the next debt, once, an hour after the first was paid: %s', (_, gateway, status) => {
    const life = Life.active(TWO_OWED);
    life.passDays(60, declines('20051'));
    expect(life.subscription.status).toBe('unpaid');
    opensCheckout(life);
    const before = life.charges.length;
    life.pay();
    life.passTo(new Date(life.now.getTime() + 59 * MINUTE), gateway);
    expect(life.charges).toHaveLength(before);
    life.passHours(1, gateway);
    expect(life.charges).toHaveLength(before + 1);
    expect(life.subscription.status).toBe(status);
    if (status === 'active') return;
    life.passDays(60, gateway);
    expect(life.charges).toHaveLength(before + 1);
  });
});

describe('a charge that proves absent', () => {
  it('does not pull the ladder of another invoice forward', () => {
    const hours = { from: '18:00', to: '20:00' };
    const life = Life.active({ version: { interval: 'day', amount: 1000 }, policy: { retries: [{ after: '6d', notify: true }], allowed_hours: hours } });
    life.passDays(1, staysPending);
    const second = life.latest;
    life.now = new Date(life.now.getTime() + 86_400_000);
    life.live();
    const third = life.send(life.latest);
    life.observe({ charge: third.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    life.hear(second, 'declined', { response_code: '20051' });
    const planned = life.subscription.next_attempt_at;
    life.proveAbsent(third);
    expect(life.subscription.next_attempt_at).toEqual(planned);
  });
});
