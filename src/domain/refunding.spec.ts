import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { cancel } from './lifecycle.js';
import { Mismatch } from './observation.js';
import { isOpenRefund, type Refund } from './refund.js';
import { refundable, requestRefund } from './refunding.js';
import { access } from './subscription.js';
import { captures, declines, Life, staysPending } from './testing/life.story.js';
import { ask, codeOf, hear, paid, refund, send, shown } from './testing/refund.story.js';

const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('asking for a refund', () => {
  it('reserves what is asked for, or all that is left', () => {
    const { life } = paid();
    expect(ask(life, 1_000)).toMatchObject({ amount: 1_000, number: 1, status: 'created', cause: 'request', reference: 'zq-1-1-r1' });
    expect(ask(life)).toMatchObject({ amount: 2_900, number: 2, reference: 'zq-1-1-r2' });
    expect(life.news()).toEqual(['refund.created', 'refund.created']);
    expect(life.latest).toMatchObject({ amount_refunded: 0, refund_count: 2 });
    expect(codeOf(() => ask(life))).toBe('charge_refunded');
  });

  it('refuses more than is left, and names the field', () => {
    const { life } = paid();
    ask(life, 3_000);
    expect(codeOf(() => ask(life, 901))).toBe('refund_exceeds_charge');
    expect(ask(life, 900).amount).toBe(900);
  });

  it('refuses what was never captured', () => {
    const life = Life.signUp();
    expect(codeOf(() => ask(life))).toBe('charge_not_captured');
  });

  it('counts the days from its making where we do not remember that it was sent', () => {
    const life = Life.signUp();
    life.decide((c) => c.addCharge('initial', c.invoices.get(life.latest.invoice), null, c.subscription, c.engineNow));
    life.now = new Date(life.now.getTime() + DAY);
    life.pay();
    const restored = life.latest;
    expect(restored).toMatchObject({ status: 'captured', first_sent_at: null });
    const askAgain = () => life.decide((c) => requestRefund(c, c.charges.get(restored.id), 1, null));
    life.now = new Date(restored.created_at.getTime() + 365 * DAY);
    expect(askAgain().amount).toBe(1);
    life.now = new Date(life.now.getTime() + 1);
    expect(codeOf(askAgain)).toBe('refund_window_closed');
  });

  it('is open for 365 days after the payment, to the millisecond', () => {
    const { life, charge } = paid();
    life.now = new Date((charge.first_sent_at as Date).getTime() + 365 * DAY);
    expect(ask(life, 1).amount).toBe(1);
    life.now = new Date(life.now.getTime() + 1);
    expect(codeOf(() => ask(life, 1))).toBe('refund_window_closed');
  });
});

describe('news of a refund', () => {
  it('pending, then given back: booked once, told once, whatever is heard again', () => {
    const { life } = paid();
    ask(life, 1_500);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect(refund(life)).toMatchObject({ status: 'pending', gateway_action_id: 'act_1', gateway_request_id: 'req', lease_until: null, checks: 1 });
    for (let i = 0; i < 3; i += 1) hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded', { response_code: '10000' }) });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'declined') });
    expect(refund(life)).toMatchObject({ status: 'succeeded', next_check_at: null, settled_at: life.now, response_code: '10000' });
    expect(life.latest.amount_refunded).toBe(1_500);
    expect(life.news()).toEqual(['refund.created', 'refund.succeeded', 'charge.refunded']);
    expect(life.postings.at(-1)).toMatchObject({
      source_key: `${refund(life).id}:refunded`, kind: 'refund',
      entries: [{ account: 'refunds', amount: 1_500 }, { account: 'gateway_clearing', amount: -1_500 }],
    });
  });

  it('declined: the promise is undone, and a success that comes after all is believed', () => {
    const { life } = paid();
    ask(life);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'refused', codes: ['amount_exceeds_balance', 'x'] });
    expect(refund(life)).toMatchObject({ status: 'declined', response_code: 'amount_exceeds_balance', response_summary: 'amount_exceeds_balance, x' });
    expect(life.decide((c) => refundable(c, c.charges.get(refund(life).charge)))).toBe(3_900);
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'declined') });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded') });
    expect(refund(life).status).toBe('succeeded');
    expect(life.news()).toEqual(['refund.created', 'refund.declined', 'refund.succeeded', 'charge.refunded']);
  });

  it('refused without a word is a decline all the same', () => {
    const { life } = paid();
    ask(life);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'refused', codes: [] });
    expect(refund(life)).toMatchObject({ status: 'declined', response_code: 'request_invalid', response_summary: null });
  });

  it('not taken: it waits and goes out again under its key; once it was lost, that proves nothing', () => {
    const { life } = paid();
    ask(life);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'not_taken', reason: 'rate_limited' });
    expect(refund(life)).toMatchObject({ status: 'created', checks: 1, response_summary: 'rate_limited', lease_until: null });
    send(life, refund(life));
    hear(life, refund(life), { kind: 'unknown', reason: 'reset' });
    expect(refund(life)).toMatchObject({ status: 'unknown', lost_at: life.now });
    life.now = new Date(life.now.getTime() + 31 * MINUTE);
    hear(life, refund(life), { kind: 'not_found', windows: WINDOWS });
    expect(refund(life)).toMatchObject({ status: 'sending', sends: 3 });
    hear(life, refund(life), { kind: 'not_taken', reason: 'rate_limited' });
    expect(refund(life).status).toBe('unknown');
  });

  it('proven absent: it is owed all the same, and its life begins anew', () => {
    const { life } = paid();
    ask(life);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'unknown', reason: 'reset' });
    life.now = new Date(life.now.getTime() + 24 * HOUR);
    for (let i = 0; i < 8 && refund(life).status === 'unknown'; i += 1) {
      life.now = new Date(life.now.getTime() + 20 * MINUTE);
      hear(life, refund(life), { kind: 'not_found', windows: WINDOWS });
    }
    while (refund(life).status === 'unknown') {
      life.now = refund(life).next_check_at as Date;
      hear(life, refund(life), { kind: 'not_found', windows: WINDOWS });
    }
    expect(refund(life)).toMatchObject({ status: 'created', sends: 0, first_sent_at: null, lost_at: null, next_check_at: life.now });
    expect(refund(life).lease_token).toBe(1);
  });

  it('a look that failed or finds nothing of a pending one only puts off the next', () => {
    const { life } = paid();
    ask(life);
    hear(life, refund(life), { kind: 'look_up_failed' });
    expect(refund(life).status).toBe('created');
    send(life, refund(life));
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    const before = refund(life);
    hear(life, refund(life), { kind: 'not_found', windows: WINDOWS });
    hear(life, refund(life), { kind: 'look_up_failed' });
    expect(refund(life)).toMatchObject({ status: 'pending', checks: before.checks + 2 });
  });

  it('about another amount changes nothing', () => {
    const { life } = paid();
    ask(life, 100);
    send(life, refund(life));
    const other = new Mismatch('refund rfnd_chg_1-1_1 is about 100, the news says 99');
    expect(() => hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded', { amount: 99 }) })).toThrow(other);
    expect(refund(life).status).toBe('sending');
  });
});

describe('money that pays for nothing', () => {
  function twice(policy: 'refund' | 'credit'): Life {
    const life = Life.renewing();
    life.surplusPolicy = policy;
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(1, captures);
    life.news();
    life.hear(first, 'captured');
    return life;
  }

  it('is asked back for the wallet', () => {
    const life = twice('refund');
    expect(life.news()).toEqual(['charge.captured', 'charge.surplus', 'refund.created']);
    expect(life.refunds).toMatchObject([{ cause: 'surplus', amount: 3_900 }]);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded') });
    expect(life.postings.at(-1)?.entries.map((entry) => entry.account)).toEqual(['surplus', 'gateway_clearing']);
  });

  it('or becomes the customer’s balance, and then cannot be refunded as well', () => {
    const life = twice('credit');
    expect(life.refunds).toEqual([]);
    expect(life.decide((c) => c.balance)).toBe(3_900);
    const credited = life.charges.find((charge) => charge.surplus) as Charge;
    expect(credited.amount_credited).toBe(3_900);
    expect(life.postings.at(-1)).toMatchObject({
      kind: 'credit', entries: [{ account: 'surplus', amount: 3_900 }, { account: 'customer_balance', amount: -3_900 }],
    });
    expect(codeOf(() => life.decide((c) => requestRefund(c, c.charges.get(credited.id), 1, null)))).toBe('charge_refunded');
    const fact = { action_id: 'act_a', kind: 'refund', status: 'succeeded', amount: 1, reference: null, response_code: null, response_summary: null } as const;
    expect(() => life.hear(credited, 'captured', { refunds: [fact] }), 'nor by hand without a human’s look').toThrow(Mismatch);
  });

  it('goes back to the wallet in any case when the subscription has ended', () => {
    const life = Life.renewing();
    life.surplusPolicy = 'credit';
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(30, declines());
    expect(life.subscription.status).toBe('canceled');
    life.hear(first, 'captured');
    expect(life.refunds).toMatchObject([{ cause: 'surplus', amount: 3_900 }]);
  });
});

describe('a cancel with a refund', () => {
  const full = { at: 'now', refund: 'full', reason: 'moving' } as const;

  it('gives back what is left of the current period, and of it alone', () => {
    const { life } = paid();
    life.passDays(40, captures);
    life.decide((c) => cancel(c, full));
    expect(life.refunds).toMatchObject([{ charge: life.latest.id, cause: 'cancel', reason: 'moving', amount: 3_900 }]);
    expect(access(life.subscription, 0), 'what is given back is not served').toEqual({ until: null, reason: 'none' });
  });

  it('of a period whose money is on its way gives it back when it comes', () => {
    const { life } = paid();
    life.passDays(40, staysPending);
    life.decide((c) => cancel(c, full));
    expect(life.refunds).toEqual([]);
    life.hear(life.latest, 'captured');
    expect(life.refunds).toMatchObject([{ cause: 'cancel', amount: 3_900 }]);
  });

  it('has nothing to give back where a refund is on its way for all of it', () => {
    const { life } = paid();
    ask(life);
    life.decide((c) => cancel(c, full));
    expect(life.refunds).toHaveLength(1);
  });

  it('gives nothing back unless it was asked to', () => {
    const { life } = paid();
    life.passDays(40, staysPending);
    life.decide((c) => cancel(c, { ...full, refund: 'none' }));
    life.hear(life.latest, 'captured');
    expect(life.refunds).toEqual([]);
    expect(codeOf(() => paid().life.decide((c) => cancel(c, { ...full, at: 'period_end' })))).toBe('validation_failed');
  });
});

it('whatever is asked for and heard, no more goes back than came, and open promises are kept apart', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('ask' as const), amount: fc.integer({ min: 1, max: 4_000 }) }),
    fc.record({ do: fc.constantFrom('pending' as const, 'succeeded' as const, 'declined' as const), i: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { life } = paid();
      for (const s of steps) {
        if (s.do === 'ask') codeOf(() => ask(life, s.amount));
        else {
          const told = life.refunds[s.i];
          if (!told) continue;
          // A gateway gives back no more than it holds either.
          const others = life.refunds.filter((r) => r.id !== told.id && r.status !== 'declined').reduce((sum, r) => sum + r.amount, 0);
          if (s.do === 'succeeded' && others + told.amount > 3_900) continue;
          hear(life, told, { kind: 'refund_fact', fact: shown(told, s.do) });
        }
        const sum = (test: (r: Refund) => boolean) => life.refunds.filter(test).reduce((total, r) => total + r.amount, 0);
        expect(life.latest.amount_refunded).toBe(sum((r) => r.status === 'succeeded'));
        expect(sum((r) => r.status === 'succeeded' || isOpenRefund(r.status))).toBeLessThanOrEqual(3_900);
      }
    }),
  );
});
