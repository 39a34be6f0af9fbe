import { describe, expect, it } from 'vitest';
import { pause, resume } from './lifecycle.js';
import { captures, declines, Life, RENEWAL, staysPending, type Gateway } from './testing/life.story.js';

const day = (n: number): Date => new Date(RENEWAL.getTime() + n * 86_400_000);

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
    life.proveAbsent(redirect);
    expect(life.charge(redirect.id).status).toBe('absent');
    expect(life.charges.at(-1)?.id, 'the customer may open another, the wallet is not charged').toBe(redirect.id);
  });
});
