import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { openCheckout } from './checkout.js';
import { cancel } from './lifecycle.js';
import type { CheckoutTerms } from './subscription.js';
import { declines, Life, RENEWAL } from './testing/life.story.js';
import { refusal } from './testing/refusal.js';

const ask = (life: Life, terms?: CheckoutTerms): Charge =>
  life.decide((c) => openCheckout(c, terms ?? c.subscription, 'next_renewal', { defaultCountry: 'CN' }));

function pastDue(): Life {
  const life = Life.active();
  life.passTo(RENEWAL, declines());
  return life;
}

describe('a redirect that is asked for', () => {
  it('asks for the oldest invoice that is owed, from where the customer is now', () => {
    const life = pastDue();
    const terms = { terminal_type: 'APP', os_type: 'IOS', success_url: 'https://app.example/yes', failure_url: 'https://app.example/no' } as const;
    expect(ask(life, terms)).toMatchObject({ kind: 'checkout', trigger: 'customer', invoice: life.invoice(2).id, amount: 3900 });
    expect(life.subscription).toMatchObject(terms);
  });

  it('is sent by whoever asked for it; the timer takes over five seconds later', () => {
    const life = pastDue();
    expect(ask(life).next_check_at).toEqual(new Date(RENEWAL.getTime() + 5_000));
  });

  it('is refused to a subscription that has ended, or was never paid in time', () => {
    const ended = Life.active();
    ended.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(refusal(() => ask(ended)).code).toBe('subscription_canceled');
    const late = Life.signUp();
    late.passDays(3);
    expect(refusal(() => ask(late)).code).toBe('subscription_expired');
  });
});

describe('a redirect that is asked for again', () => {
  it('is the same while it is yet to be sent, and while it can be paid', () => {
    const life = pastDue();
    const first = ask(life);
    expect(ask(life).id).toBe(first.id);
    life.openRedirect();
    life.now = new Date((life.latest.expires_at as Date).getTime() - 1);
    expect(ask(life).id).toBe(first.id);
  });

  it('is the same while its link is being asked for, and another when that takes five seconds', () => {
    const life = pastDue();
    const first = life.send(ask(life));
    life.now = new Date(RENEWAL.getTime() + 4_999);
    expect(ask(life)).toMatchObject({ id: first.id, status: 'sending' });
    life.now = new Date(RENEWAL.getTime() + 5_000);
    expect(ask(life)).toMatchObject({ invoice: first.invoice, attempt: first.attempt + 1 });
  });

  it('is another once it can be paid no more', () => {
    const life = Life.signUp();
    const first = life.latest;
    life.now = first.expires_at as Date;
    expect(ask(life)).toMatchObject({ kind: 'initial', attempt: 2 });
    life.openRedirect();
    life.now = new Date((life.latest.expires_at as Date).getTime() + 60_000);
    expect(ask(life)).toMatchObject({ kind: 'initial', attempt: 3 });
  });

  it('is another where the first failed, however long its link would have lasted', () => {
    const life = pastDue();
    ask(life);
    const first = life.openRedirect();
    life.hear(first, 'declined', { response_code: '20051' });
    expect((life.charge(first.id).expires_at as Date) > life.now).toBe(true);
    expect(ask(life).id).not.toBe(first.id);
  });

  it('is another where its link was lost with the answer', () => {
    const life = pastDue();
    const first = life.send(ask(life));
    life.observe({ charge: first.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    expect(ask(life)).toMatchObject({ invoice: first.invoice, attempt: first.attempt + 1 });
  });
});
