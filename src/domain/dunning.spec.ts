import { describe, expect, it } from 'vitest';
import { retryAt, waitEnd } from './dunning.js';
import { revokeSource } from './collection.js';
import { DEFAULT_POLICY, START } from './testing/case.builder.js';
import { twoInFlight } from './testing/in.flight.story.js';
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
    const { life, second, third } = twoInFlight();
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
    life.proveAbsent(third);
    expect(life.charge(third.id).status).toBe('absent');
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: null });
    expect(life.subscription.dunning_ends_at, 'the customer has time to sign anew').not.toBeNull();
  });

  it('cancels in the end when it is ended in the middle of the ladder', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(1), declines('200R1'));
    expect(life.wallet?.status).toBe('revoked');
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: day(17), dunning_step: 1 });
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

describe('the policy as data', () => {
  it('counts each wait from the try before it', () => {
    expect([0, 1, 2, 3].map((step) => retryAt(DEFAULT_POLICY, step, START, 'Asia/Shanghai')?.getTime())).toEqual(
      [1, 3, 5, 7].map((days) => START.getTime() + days * 86_400_000),
    );
    expect(retryAt(DEFAULT_POLICY, 4, START, 'Asia/Shanghai')).toBeNull();
  });

  it('tells the customer of every try by default', () => {
    expect(DEFAULT_POLICY).toMatchObject({ code: 'default', final_action: 'cancel', grace_days: 0 });
    expect(DEFAULT_POLICY.retries.map((rung) => rung.notify)).toEqual([true, true, true, true]);
  });

  it('lasts sixteen days in all by default', () => {
    expect(waitEnd(DEFAULT_POLICY, START).getTime() - START.getTime()).toBe(16 * 86_400_000);
  });
});
