import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { openCheckout as openAdvance } from './checkout.js';
import { pause, resume } from './lifecycle.js';
import { START } from './testing/case.builder.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

const TERMS = { defaultCountry: 'CN' };
const DAY = 86_400_000;
const DAILY = { version: { interval: 'day', amount: 1000 } } as const;

/** Opens a customer-present redirect for what is owed, as the checkout of a past-due subscription does. */
function openCheckout(life: Life): void {
  life.decide((c) => {
    const owed = c.openInvoices()[0];
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('checkout', owed, null, c.subscription, c.engineNow);
  });
}

describe('several owed invoices share one ladder', () => {
  it('H22: after a success the next follows an hour later, never at once', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 }, policy: { retries: [{ after: '20d', notify: true }] } });
    life.passDays(26, declines('20051'));
    expect(life.invoices.filter((i) => i.status === 'open')).toHaveLength(3);
    const before = life.charges.length;
    life.passHours(30, captures);
    const tries = life.charges.slice(before).map((charge) => charge.created_at.getTime());
    expect(tries).toHaveLength(3);
    expect(life.news().filter((type) => type === 'dunning.retried'), 'a first try is no step of the ladder').toHaveLength(1);
    expect(tries.slice(1).map((at, i) => at - (tries[i] as number))).toEqual([3_600_000, 3_600_000]);
    expect(life.subscription.status).toBe('active');
  });

  it('a declined catch-up of many missed periods is one failure, not the end of the ladder', () => {
    const life = Life.active(DAILY);
    life.now = new Date(START.getTime() + 6 * 86_400_000);
    for (let due = life.subscription.due_at; due !== null && due <= life.now; due = life.subscription.due_at) life.live();
    expect(life.charges.filter((charge) => charge.status === 'created'), 'each missed period is billed').toHaveLength(6);
    life.passTo(life.now, declines('20051'));
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0 });
    expect(life.subscription.next_attempt_at).toEqual(new Date(life.now.getTime() + 86_400_000));
  });

  it('a period that fails on its own leaves the ladder where it stands', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    const next = life.subscription.next_attempt_at;
    life.passHours(5, staysPending);
    life.hear(third, 'declined', { response_code: '20051' });
    expect(life.subscription).toMatchObject({ next_attempt_at: next, dunning_step: 0 });
  });

  it('a period that fails on its own while a step is in flight waits for its outcome', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    life.passDays(1, staysPending);
    expect(life.latest).toMatchObject({ kind: 'retry', period_no: 2, status: 'pending' });
    life.hear(third, 'declined', { response_code: '20051' });
    expect(life.subscription.next_attempt_at).toBeNull();
  });

  it('a payment begins the ladder anew for what is still owed, on whatever step it stood', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 } });
    life.passDays(12, declines());
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 2 });
    life.passTo(life.subscription.next_attempt_at as Date, captures);
    expect(life.invoice(2).status).toBe('paid');
    expect(life.subscription).toMatchObject({
      status: 'past_due', dunning_step: 0, dunning_started_at: life.now, next_attempt_at: new Date(life.now.getTime() + 3_600_000),
    });
  });

  it('a payment does not wait for a younger period that is still in flight', () => {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    life.hear(second, 'declined', { response_code: '20051' });
    const third = life.latest;
    life.hear(third, 'declined', { response_code: '20051' });
    life.passDays(1, captures);
    expect(life.invoice(2).status).toBe('paid');
    expect(life.subscription.next_attempt_at).not.toBeNull();
  });

  it('a period that fails on its own while another is tried keeps the ladder going', () => {
    const { life, second: first, third: second } = twoInFlight();
    expect(second.period_no).toBe(3);
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(1, captures);
    expect(life.invoice(2).status, 'the ladder paid the first').toBe('paid');
    expect(life.subscription.next_attempt_at, 'the second is still in flight').toBeNull();
    life.hear(second, 'declined', { response_code: '20051' });
    expect(life.subscription.next_attempt_at, 'and is tried again').not.toBeNull();
  });
});

describe('a period that was paid late', () => {
  it('makes the subscription well again although the next period’s first try is still in flight', () => {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    life.hear(second, 'declined', { response_code: '20051' });
    life.news();
    life.hear(second, 'captured');
    expect(life.news().slice(-2)).toEqual(['subscription.renewed', 'subscription.recovered']);
    expect(life.subscription, 'as if the decline had never been heard').toMatchObject({ status: 'active', next_attempt_at: null });
    life.hear(life.latest, 'declined', { response_code: '20051' });
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0 });
  });

  it('leaves it past due while what is still in flight has failed before', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 } });
    life.passDays(7, staysPending);
    const second = life.latest;
    life.passDays(7, staysPending);
    const third = life.latest;
    life.hear(second, 'declined', { response_code: '20051' });
    life.hear(third, 'declined', { response_code: '20051' });
    life.passDays(1, staysPending);
    expect(life.latest).toMatchObject({ period_no: 2, kind: 'retry', status: 'pending' });
    life.hear(third, 'captured');
    expect(life.subscription.status).toBe('past_due');
  });

  it('leaves it past due while the next one is in flight for a second time', () => {
    const life = Life.active(DAILY);
    life.passDays(2, declines());
    const [first, second] = life.charges.slice(1);
    expect([first?.period_no, second?.period_no]).toEqual([2, 2]);
    life.hear(first as Charge, 'captured');
    life.passHours(1, declines());
    life.passDays(1, staysPending);
    expect(life.latest).toMatchObject({ period_no: 3, kind: 'retry', status: 'pending' });
    life.hear(second as Charge, 'captured');
    expect(life.subscription.status).toBe('past_due');
  });

  it('does not keep the next one from the ladder while its last try is still in flight', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 }, policy: { retries: [{ after: '8d', notify: true }] } });
    life.passDays(7, declines());
    const first = life.latest;
    life.passDays(8, staysPending);
    const retry = life.latest;
    expect(life.invoices.map((invoice) => invoice.status), 'two are owed').toEqual(['paid', 'open', 'open']);
    life.hear(first, 'captured');
    life.passHours(1, declines());
    expect(life.latest).toMatchObject({ period_no: 3, kind: 'recurring', status: 'declined' });
    life.hear(retry, 'declined', { response_code: '20051' });
    expect(life.subscription.next_attempt_at, 'the third period is tried again').not.toBeNull();
  });
});

describe('a period that a resume finds owed', () => {
  /** It was to be paid ahead, began unpaid and untried in a pause, and its customer opens a redirect just before the resume. */
  function resumed(balance: number): Life {
    const life = Life.active({ balance });
    life.passTo(new Date(RENEWAL.getTime() - 300_000));
    life.decide((c) => openAdvance(c, c.subscription, 'next_renewal', TERMS));
    const ahead = life.openRedirect();
    life.passTo(RENEWAL);
    life.decide((c) => pause(c, null));
    life.hear(ahead, 'expired');
    life.passDays(40);
    openCheckout(life);
    life.openRedirect();
    life.news();
    life.decide((c) => void resume(c, TERMS, 'source'));
    return life;
  }

  it('keeps it past due although a balance pays the new period, until the owed one is paid', () => {
    const life = resumed(3_900);
    expect(life.invoices.map(({ period_no, status }) => [period_no, status])).toEqual([[1, 'paid'], [2, 'open'], [3, 'paid']]);
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'owed_before_pause' });
    expect(life.news()).not.toContain('subscription.recovered');
    life.pay();
    expect(life.news().slice(-2)).toEqual(['subscription.renewed', 'subscription.recovered']);
    expect(life.subscription).toMatchObject({ status: 'active', past_due_reason: null });
  });

  it('is asked of the wallet an hour after the balance has paid, the redirect having lapsed', () => {
    const life = resumed(3_900);
    life.passHours(1, declines());
    expect(life.latest).toMatchObject({ kind: 'recurring', period_no: 2, status: 'declined' });
    expect(life.subscription.status).toBe('past_due');
    expect(life.news()).not.toContain('subscription.recovered');
  });
});

describe('a lost try', () => {
  /** Two periods in flight, the answer of the second lost, the first declined because its wallet is dead. */
  function lostBesideDead(): { life: Life; second: Charge; third: Charge } {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.now = new Date(START.getTime() + 2 * DAY);
    life.live();
    const third = life.send(life.latest);
    life.observe({ charge: third.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    life.hear(second, 'declined', { response_code: '200R1' });
    return { life, second, third };
  }

  function proveAbsent(life: Life, charge: Charge): void {
    const windows = { settleSeconds: 1_800, idempotencyHours: 24 };
    life.now = new Date(life.now.getTime() + 26 * 3_600_000);
    for (let n = 0; n < 8 && life.charge(charge.id).status !== 'absent'; n += 1) {
      life.observe({ charge: charge.id, request_id: null, kind: 'not_found', windows });
      life.now = new Date(life.now.getTime() + 1_800_000);
    }
    expect(life.charge(charge.id).status).toBe('absent');
  }

  it('whose wallet has died makes an active subscription past due when it proves absent', () => {
    const { life, second, third } = lostBesideDead();
    life.hear(second, 'captured');
    expect(life.subscription.status).toBe('active');
    proveAbsent(life, third);
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'source_revoked', next_attempt_at: null });
    expect(life.subscription.dunning_ends_at).not.toBeNull();
  });

  it('whose wallet has died gives a past-due subscription no more time', () => {
    const { life, third } = lostBesideDead();
    const { dunning_ends_at, dunning_started_at } = life.subscription;
    proveAbsent(life, third);
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: '200R1', dunning_ends_at, dunning_started_at });
  });
});

describe('a subscription that the ladder left unpaid', () => {
  function unpaid(days: number): Life {
    const life = Life.active({ policy: { final_action: 'unpaid', retries: [{ after: '1d', notify: true }] } });
    life.passTo(RENEWAL, declines());
    life.passDays(days, declines());
    expect(life.subscription.status).toBe('unpaid');
    openCheckout(life);
    life.openRedirect();
    life.news();
    return life;
  }

  it('recovers when what it owes is paid, and goes on in its period', () => {
    const life = unpaid(10);
    life.pay();
    expect(life.news()).toEqual([
      'charge.captured', 'source.captured', 'source.superseded', 'invoice.paid', 'subscription.renewed', 'subscription.recovered',
    ]);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, epoch: 0, period_end: new Date('2026-03-31T04:00:00Z') });
    life.passTo(new Date('2026-03-31T04:00:00Z'));
    expect(life.invoice(3)).toMatchObject({ status: 'paid', period_start: new Date('2026-03-31T04:00:00Z') });
  });

  it('stays unpaid while another period is owed', () => {
    const life = Life.active({ version: { interval: 'week', amount: 1000 }, policy: { final_action: 'unpaid', retries: [{ after: '8d', notify: true }] } });
    life.passDays(30, declines());
    expect(life.subscription.status).toBe('unpaid');
    openCheckout(life);
    life.openRedirect();
    life.pay();
    expect(life.invoices.filter((invoice) => invoice.status === 'open')).toHaveLength(1);
    expect(life.subscription.status).toBe('unpaid');
    openCheckout(life);
    life.openRedirect();
    life.pay();
    expect(life.subscription.status).toBe('active');
  });

  it('recovers at the very end of its period as after it', () => {
    const life = unpaid(10);
    life.now = new Date('2026-03-31T04:00:00Z');
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, period_end: new Date('2026-03-31T05:00:00Z'), epoch: 1 });
  });

  it('bills none of the time in which it was not served: a new period begins an hour after the payment', () => {
    const life = unpaid(100);
    const paidAt = life.now;
    life.pay();
    expect(life.subscription.status).toBe('active');
    life.passHours(1);
    const begun = new Date(paidAt.getTime() + 3_600_000);
    expect(life.subscription).toMatchObject({ period_no: 3, period_start: begun, billing_anchor: begun, epoch: 1, epoch_first_period: 3 });
    expect(life.invoices.map(({ period_no, status }) => [period_no, status])).toEqual([[1, 'paid'], [2, 'paid'], [3, 'paid']]);
  });
});
