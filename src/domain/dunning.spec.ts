import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { isRevocation, ladderEnd, DEFAULT_POLICY, retryAt } from './dunning.js';
import { revokeSource } from './collection.js';
import { pause, resume } from './lifecycle.js';
import { START } from './testing/case.builder.js';
import { captures, declines, Life, RENEWAL, staysPending, type Gateway } from './testing/life.story.js';

const day = (n: number): Date => new Date(RENEWAL.getTime() + n * 86_400_000);
const DAILY = { version: { interval: 'day', amount: 1000 } } as const;

function atRenewal(gateway: Gateway): Life {
  const life = Life.active();
  life.passTo(RENEWAL, gateway);
  return life;
}

/** Opens a customer-present redirect for what is owed, as the checkout of a past-due subscription does. */
function openCheckout(life: Life): void {
  life.decide((c) => {
    const owed = c.openInvoices()[0];
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('checkout', owed, null, c.subscription, c.engineNow);
  });
}

/** Looks for it in vain, every half hour from a day and two hours on. */
function proveAbsent(life: Life, charge: Charge): void {
  const windows = { settleSeconds: 1_800, idempotencyHours: 24 };
  for (let n = 0; n < 60 && life.charge(charge.id).status !== 'absent'; n += 1) {
    life.now = new Date(life.now.getTime() + (n === 0 ? 26 * 60 : 30) * 60_000);
    life.observe({ charge: charge.id, request_id: null, kind: 'not_found', windows });
  }
}

describe('a wallet that its customer has ended', () => {
  it.each(['200R1', '200R3', '20101', '20120'])('is tried once (%s), revoked, and given the whole ladder to be signed anew', (code) => {
    const life = atRenewal(declines(code));
    expect(life.wallet).toMatchObject({ status: 'revoked', ended_reason: code });
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: null, dunning_ends_at: day(16) });
    life.passDays(40, captures);
    expect(life.charges).toHaveLength(2);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: day(16) });
    expect(life.invoice(2).status).toBe('uncollectible');
  });

  it('gives the customer no more time when a second period finds it dead', () => {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    const third = life.latest;
    life.hear(second, 'declined', { response_code: '200R1' });
    const ends = life.subscription.dunning_ends_at;
    life.passHours(5, staysPending);
    life.hear(third, 'declined', { response_code: '200R1' });
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_ends_at: ends, next_attempt_at: null });
  });

  it('is not tried when its turn comes: the customer gets the time of the ladder instead', () => {
    const life = Life.active(DAILY);
    life.passDays(1, declines());
    const first = life.latest;
    life.passDays(1, staysPending);
    const retry = life.latest;
    life.hear(first, 'captured');
    life.hear(retry, 'declined', { response_code: '200R1' });
    expect(life.subscription.next_attempt_at, 'the third period is next').toEqual(new Date(life.now.getTime() + 3_600_000));
    const charges = life.charges.length;
    life.passHours(1);
    expect(life.charges).toHaveLength(charges);
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: new Date(life.now.getTime() + 16 * 86_400_000) });
    expect(life.invoice(3).next_attempt_at, 'which its invoice shows as well').toBeNull();
  });

  it('is found out by a refusal as well', () => {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    life.observe({ charge: life.send(life.latest).id, request_id: null, kind: 'refused', codes: ['source_id_unknown'] });
    expect(life.latest.status).toBe('refused');
    expect(life.wallet).toMatchObject({ status: 'revoked', ended_reason: 'source_id_unknown' });
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_ends_at: day(16) });
  });

  it('is another matter than too little money, or than nothing said', () => {
    expect(['20051', '20005', 'payment_invalid', null].map(isRevocation)).toEqual([false, false, false, false]);
  });

  it('is waited for as well when the last try in flight is proven never to have existed', () => {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.now = new Date(START.getTime() + 2 * 86_400_000);
    life.live();
    const third = life.send(life.latest);
    life.observe({ charge: third.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    life.hear(second, 'declined', { response_code: '200R1' });
    life.hear(second, 'captured');
    proveAbsent(life, third);
    expect(life.charge(third.id).status).toBe('absent');
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: null });
    expect(life.subscription.dunning_ends_at, 'the customer has time to sign anew').not.toBeNull();
  });

  it('cancels in the end when it is ended in the middle of the ladder', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(1), declines('200R1'));
    expect(life.wallet?.status).toBe('revoked');
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: day(17), dunning_step: 0 });
    life.passDays(40, captures);
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_reason: 'dunning_exhausted' });
    expect(life.charges.filter((charge) => charge.kind !== 'initial'), 'no try of a dead wallet').toHaveLength(2);
  });

  it('is not tried at the next period; its invoice is written all the same', () => {
    const life = atRenewal(captures);
    life.decide((c) => revokeSource(c, c.activeSource(), '200R1'));
    life.passTo(new Date('2026-03-31T04:00:00Z'), captures);
    expect(life.invoice(3).status).toBe('open');
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'source_revoked' });
    expect(life.news()).not.toContain('invoice.payment_failed');
  });

  it('is the one that was charged: the wallet that has replaced it meanwhile lives on', () => {
    const life = atRenewal(declines('20051'));
    openCheckout(life);
    const redirect = life.openRedirect();
    life.passTo(day(1), staysPending);
    const retry = life.latest;
    expect(retry).toMatchObject({ kind: 'retry', status: 'pending' });
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    life.news();
    life.hear(retry, 'declined', { response_code: '200R1' });
    expect(life.news()).toEqual(['charge.declined', 'invoice.payment_failed']);
    expect(life.wallet).toMatchObject({ status: 'active', gateway_source_id: `src_${redirect.id}` });
    expect(life.sources.find((source) => source.id === retry.source)?.status).toBe('superseded');
  });

  it('is replaced by the wallet that pays what is owed', () => {
    const life = atRenewal(declines('200R1'));
    life.news();
    openCheckout(life);
    life.openRedirect();
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', dunning_ends_at: null });
    expect(life.wallet).toMatchObject({ status: 'active', gateway_source_id: `src_${life.latest.id}` });
    life.passTo(new Date('2026-03-31T04:00:00Z'), captures);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 3 });
  });
});

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
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    const third = life.latest;
    life.hear(second, 'declined', { response_code: '20051' });
    const next = life.subscription.next_attempt_at;
    life.passHours(5, staysPending);
    life.hear(third, 'declined', { response_code: '20051' });
    expect(life.subscription).toMatchObject({ next_attempt_at: next, dunning_step: 0 });
  });

  it('a period that fails on its own while a step is in flight waits for its outcome', () => {
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    const third = life.latest;
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
    const life = Life.active(DAILY);
    life.passDays(1, staysPending);
    const first = life.latest;
    life.passDays(1, staysPending);
    const second = life.latest;
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

describe('a redirect that lies open', () => {
  it('postpones the step that falls due, and does not use it up', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(new Date(day(1).getTime() - 60_000), declines('20051'));
    openCheckout(life);
    const redirect = life.openRedirect();
    life.passTo(day(1), captures);
    expect(life.latest.id, 'nothing was charged beside it').toBe(redirect.id);
    expect(life.subscription).toMatchObject({ dunning_step: 0, next_attempt_at: redirect.expires_at });
    life.passTo(redirect.expires_at as Date, captures);
    expect(life.latest.kind).toBe('retry');
  });

  it('postpones until the last of them closes, where several are open', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(new Date(day(1).getTime() - 600_000), declines('20051'));
    openCheckout(life);
    life.openRedirect();
    life.passTo(new Date(day(1).getTime() - 60_000), declines('20051'));
    openCheckout(life);
    const last = life.openRedirect();
    life.passTo(day(1), captures);
    expect(life.subscription.next_attempt_at).toEqual(last.expires_at);
  });

  it('postpones nothing once it has failed, although its time is not over', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(new Date(day(1).getTime() - 60_000), declines('20051'));
    openCheckout(life);
    life.hear(life.openRedirect(), 'declined', { response_code: '20051' });
    life.passTo(day(1), staysPending);
    expect(life.latest).toMatchObject({ kind: 'retry', status: 'pending', created_at: day(1) });
  });

  it('and is paid leaves the postponed step nothing to do', () => {
    const life = Life.active();
    life.decide((c) => pause(c, null));
    life.passDays(100);
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'checkout'));
    openCheckout(life);
    const redirect = life.openRedirect();
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'source'));
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: redirect.expires_at });
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    life.passHours(1);
    expect(life.latest.id, 'nothing else is charged').toBe(redirect.id);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null });
  });

  it.each(['created', 'sending'])('counts as open before its answer is there (%s)', (status) => {
    const life = atRenewal(declines('20051'));
    life.now = day(1);
    openCheckout(life);
    if (status === 'sending') life.send(life.latest);
    const redirect = life.latest;
    expect(redirect.status).toBe(status);
    life.live();
    expect(life.latest.id, 'no wallet is charged beside it').toBe(redirect.id);
    expect(life.subscription.next_attempt_at?.getTime()).toBeGreaterThan(life.now.getTime());
  });

  it('is not charged to the stored wallet when it is proven never to have existed', () => {
    const life = atRenewal(declines('20051'));
    openCheckout(life);
    const redirect = life.send(life.latest);
    life.observe({ charge: redirect.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    proveAbsent(life, redirect);
    expect(life.charge(redirect.id).status).toBe('absent');
    expect(life.charges.at(-1)?.id, 'the customer may open another, the wallet is not charged').toBe(redirect.id);
  });
});

describe('the policy as data', () => {
  it('counts each wait from the try before it', () => {
    expect([0, 1, 2, 3].map((step) => retryAt(DEFAULT_POLICY, step, START)?.getTime())).toEqual(
      [1, 3, 5, 7].map((days) => START.getTime() + days * 86_400_000),
    );
    expect(retryAt(DEFAULT_POLICY, 4, START)).toBeNull();
  });

  it('tells the customer of every try by default', () => {
    expect(DEFAULT_POLICY).toMatchObject({ code: 'default', final_action: 'cancel', grace_days: 0 });
    expect(DEFAULT_POLICY.retries.map((rung) => rung.notify)).toEqual([true, true, true, true]);
  });

  it('lasts sixteen days in all by default', () => {
    expect(ladderEnd(DEFAULT_POLICY, START).getTime() - START.getTime()).toBe(16 * 86_400_000);
  });
});
