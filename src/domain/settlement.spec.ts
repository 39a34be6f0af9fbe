import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen } from './charge.js';
import { Mismatch, type Observation, type PaymentFact } from './observation.js';
import { factOf } from './testing/case.builder.js';
import { captures, Life, RENEWAL } from './testing/life.story.js';

const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const HOUR = 3_600_000;

const notFound = (charge: string): Observation => ({ charge, request_id: null, kind: 'not_found', windows: WINDOWS });
const unknown = (charge: string): Observation => ({ charge, request_id: null, kind: 'unknown', reason: 'time-out' });
const lookUpFailed = (charge: string): Observation => ({ charge, request_id: null, kind: 'look_up_failed' });

/** Everything that a consumer, a customer or an accountant could tell apart. */
const outcome = (life: Life) => ({
  charges: life.charges.map(({ id, status, surplus }) => ({ id, status, surplus })),
  invoices: life.invoices.map(({ period_no, status, amount_paid }) => ({ period_no, status, amount_paid })),
  status: life.subscription.status,
  paid_through: life.subscription.paid_through,
  booked: life.postings.map((posting) => posting.source_key).sort(),
});

describe('one payment', () => {
  const news = fc.constantFrom('pending', 'captured', 'pending', 'unanswered', 'not_found', 'look_up_failed');

  function tell(life: Life, what: string): void {
    const charge = life.charge('chg_2-1');
    if (what === 'not_found') return life.observe(notFound(charge.id));
    if (what === 'look_up_failed') return life.observe(lookUpFailed(charge.id));
    // An answer counts only under its lease, that is while the charge is being sent.
    if (what === 'unanswered') return charge.status === 'sending' ? life.observe(unknown(charge.id)) : undefined;
    life.hear(charge, what as PaymentFact['status']);
  }

  it('is booked once, pays once and is told once, in whatever order and however often its news come', () => {
    const expected = Life.renewing();
    tell(expected, 'captured');
    fc.assert(
      fc.property(fc.array(news, { maxLength: 12 }), fc.array(news, { maxLength: 4 }), (before, after) => {
        const life = Life.renewing();
        for (const what of [...before, 'captured', ...after]) tell(life, what);
        expect(outcome(life)).toEqual(outcome(expected));
        const told = life.news();
        for (const once of ['charge.captured', 'invoice.paid', 'subscription.renewed']) {
          expect(told.filter((type) => type === once)).toEqual([once]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says nothing new the second time', () => {
    fc.assert(
      fc.property(fc.array(news, { minLength: 1, maxLength: 8 }), (sequence) => {
        const life = Life.renewing();
        for (const what of sequence) {
          tell(life, what);
          life.news();
          const before = outcome(life);
          tell(life, what);
          expect(outcome(life)).toEqual(before);
          expect(life.news()).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(['declined', 'expired', 'canceled'] as const)('that was %s and captured after all is paid for, without a second try', (failure) => {
    const life = Life.renewing();
    const charge = life.latest;
    life.hear(charge, failure, { response_code: '20051' });
    expect(life.subscription.status).toBe('past_due');
    life.hear(charge, 'captured');
    life.passDays(20, captures);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2 });
    expect(life.invoice(2)).toMatchObject({ status: 'paid', attempt_count: 1 });
    expect(life.charges).toHaveLength(2);
  });

  it('keeps the first failure that was heard; another one later says nothing', () => {
    const life = Life.renewing();
    life.hear(life.latest, 'declined', { response_code: '20051' });
    life.news();
    life.hear(life.latest, 'expired');
    life.hear(life.latest, 'pending');
    expect(life.latest).toMatchObject({ status: 'declined', response_code: '20051' });
    expect(life.news()).toEqual([]);
  });
});

describe('news that does not fit', () => {
  it.each([
    ['another amount', { amount: 3901 }],
    ['another currency', { currency: 'USD' }],
  ])('(%s) changes nothing, and right news may still come', (_, wrong) => {
    const life = Life.renewing();
    const before = outcome(life);
    expect(() => life.hear(life.latest, 'captured', wrong)).toThrow(Mismatch);
    expect(outcome(life)).toEqual(before);
    expect(life.news()).toEqual([]);
    life.hear(life.latest, 'captured');
    expect(life.invoice(2).status).toBe('paid');
  });

  it('(a second payment of the same request) pays the invoice, and what the first brings later is surplus', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'pending');
    life.hear(first, 'captured', { payment_id: 'pay_other' });
    expect(life.latest).toMatchObject({ status: 'captured', surplus: false, gateway_payment_id: 'pay_other', attempt: 2 });
    expect(life.invoice(2).status).toBe('paid');
    life.hear(first, 'captured', { payment_id: 'pay_other' });
    life.hear(first, 'captured');
    expect(life.charges.map((charge) => [charge.status, charge.surplus])).toContainEqual(['captured', true]);
  });

  it('(a second payment of the same request, of another amount) is no charge of ours', () => {
    const life = Life.renewing();
    life.hear(life.latest, 'pending');
    const before = outcome(life);
    expect(() => life.hear(life.latest, 'captured', { payment_id: 'pay_other', amount: 1 })).toThrow(Mismatch);
    expect(outcome(life)).toEqual(before);
  });

  it('(a second payment of the same request) is nothing while it brought no money', () => {
    const life = Life.renewing();
    life.hear(life.latest, 'pending');
    const before = outcome(life);
    life.hear(life.latest, 'declined', { payment_id: 'pay_other' });
    expect(outcome(life)).toEqual(before);
  });

  it('(another wallet) does not keep the money of a stored wallet from being booked', () => {
    const life = Life.renewing();
    const wallet = life.latest.source;
    life.hear(life.latest, 'captured', { source_id: 'src_other' });
    expect(life.latest).toMatchObject({ status: 'captured', source: wallet });
    expect(life.wallet?.status).toBe('active');
  });
});

describe('evidence that is none', () => {
  it('a look-up that failed moves no charge that is not looked for', () => {
    const life = Life.renewing();
    const lease = life.latest.next_check_at;
    life.observe(lookUpFailed(life.latest.id));
    life.observe(notFound(life.latest.id));
    expect(life.latest, 'its sender still has the lease').toMatchObject({ status: 'sending', next_check_at: lease, checks: 0 });
    life.hear(life.latest, 'captured');
    const done = life.latest;
    life.observe(lookUpFailed(done.id));
    expect(life.latest).toEqual(done);
  });

  it('an empty look-up does not make a payment vanish that was confirmed once', () => {
    const life = Life.renewing();
    life.hear(life.latest, 'pending');
    life.now = new Date(RENEWAL.getTime() + 400 * HOUR);
    for (let i = 0; i < 10; i += 1, life.now = new Date(life.now.getTime() + HOUR / 2)) life.observe(notFound(life.latest.id));
    expect(life.latest.status).toBe('pending');
  });

  it('an answer lost uses up no step and changes nobody’s status', () => {
    const life = Life.renewing();
    life.observe(unknown(life.latest.id));
    expect(life.news()).toEqual(['charge.unknown']);
    expect(life.subscription).toMatchObject({ status: 'active', dunning_step: null });
    expect(isOpen(life.latest.status)).toBe(true);
  });

  it('a request that was not taken waits 5 s, 30 s, 2 min and then 10 min, and is told to nobody', () => {
    const life = Life.renewing();
    const waits = [1, 2, 3, 4, 5].map(() => {
      life.observe({ charge: life.latest.id, request_id: null, kind: 'not_taken', reason: 'rate_limited' });
      expect(life.latest.status).toBe('created');
      const next = life.latest.next_check_at as Date;
      const wait = (next.getTime() - life.now.getTime()) / 1_000;
      life.now = next;
      life.send(life.latest);
      return wait;
    });
    expect(waits).toEqual([5, 30, 120, 600, 600]);
    expect(life.news()).toEqual([]);
    life.hear(life.latest, 'captured');
    expect(life.invoice(2)).toMatchObject({ status: 'paid', attempt_count: 1 });
  });
});

describe('a restored database', () => {
  it('takes news about a charge that it does not remember having sent', () => {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    expect(life.latest.status).toBe('created');
    life.observe({ charge: life.latest.id, request_id: null, kind: 'fact', fact: factOf(life.latest, 'captured') });
    expect(life.latest).toMatchObject({ status: 'captured', sends: 0 });
    expect(life.invoice(2).status).toBe('paid');
  });
});
