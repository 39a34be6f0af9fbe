import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { cancel } from './lifecycle.js';
import { Mismatch, type Observation } from './observation.js';
import { acknowledged } from './settlement.js';
import { factOf } from './testing/case.builder.js';
import { declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

/** What a charge's own row keeps of the news about it, and when it is looked at next. */

const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const after = (ms: number): Date => new Date(RENEWAL.getTime() + ms);
const hear = (life: Life, news: object, charge = life.latest): void =>
  life.observe({ charge: charge.id, request_id: 'req_1', ...news } as Observation);
const hearFact = (life: Life, status: 'pending' | 'captured' | 'declined', changes: object = {}, request_id: string | null = 'req_1'): void =>
  life.observe({ charge: life.latest.id, request_id, kind: 'fact', fact: factOf(life.latest, status, changes) });

describe('a refusal', () => {
  it('keeps its first code, all of them for people, and the request that support is asked for', () => {
    const life = Life.renewing();
    hear(life, { kind: 'refused', codes: ['amount_invalid', 'currency_invalid'] });
    expect(life.latest).toMatchObject({
      status: 'refused', response_code: 'amount_invalid', response_summary: 'amount_invalid, currency_invalid', gateway_request_id: 'req_1',
      settled_at: RENEWAL, lease_until: null,
    });
    expect(life.news()).toEqual(['charge.refused', 'invoice.payment_failed', 'subscription.past_due', 'dunning.started']);
  });

  it('without codes is one of the request as such', () => {
    const life = Life.renewing();
    hear(life, { kind: 'refused', codes: [] });
    expect(life.latest).toMatchObject({ response_code: 'request_invalid', response_summary: null });
  });
});

describe('an answer', () => {
  it('that the gateway is deciding is looked up after 5 s, then 30 s, and told once', () => {
    const life = Life.renewing();
    hearFact(life, 'pending');
    expect(life.latest).toMatchObject({ status: 'pending', checks: 1, next_check_at: after(5 * SECOND), lease_until: null, gateway_request_id: 'req_1' });
    hearFact(life, 'pending', {}, 'req_2');
    expect(life.latest).toMatchObject({ checks: 2, next_check_at: after(30 * SECOND), gateway_request_id: 'req_1' });
    expect(life.news()).toEqual(['charge.pending']);
  });

  it('keeps what earlier ones said where it says nothing, and replaces what it says anew', () => {
    const life = Life.renewing();
    hearFact(life, 'pending', { redirect_url: 'https://wallet.example/1', response_code: '10100', response_summary: 'Pending' });
    hearFact(life, 'pending');
    expect(life.latest).toMatchObject({ redirect_url: 'https://wallet.example/1', response_code: '10100', response_summary: 'Pending' });
    hearFact(life, 'declined', { response_code: '20051', response_summary: 'Insufficient funds' });
    expect(life.latest).toMatchObject({ response_code: '20051', response_summary: 'Insufficient funds' });
  });

  it('that money was taken is compared with the gateway once more two weeks after its sending', () => {
    const life = Life.renewing();
    hearFact(life, 'pending');
    life.now = after(DAY);
    hearFact(life, 'captured');
    expect(life.latest).toMatchObject({ settled_at: after(DAY), lease_until: null, next_check_at: after(14 * DAY), gateway_payment_id: `pay_${life.latest.id}` });
  });

  it('that comes later than that is compared at once', () => {
    const life = Life.renewing();
    hearFact(life, 'pending');
    life.now = after(20 * DAY);
    hearFact(life, 'declined');
    expect(life.latest).toMatchObject({ settled_at: after(20 * DAY), next_check_at: after(20 * DAY) });
  });

  it('about a charge that we do not know to have sent is compared two weeks after it was heard', () => {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    hearFact(life, 'declined');
    expect(life.latest).toMatchObject({ status: 'declined', next_check_at: after(14 * DAY) });
  });

  it('may leave out amount and currency; wrong ones are named', () => {
    const life = Life.renewing();
    expect(() => hearFact(life, 'captured', { amount: 1 })).toThrow(new Mismatch('charge chg_2-1 asked for 3900, the news says 1'));
    expect(() => hearFact(life, 'pending', { currency: 'HKD' })).toThrow(new Mismatch('charge chg_2-1 is in CNY, the news says HKD'));
    hearFact(life, 'captured', { amount: null, currency: null });
    expect(life.latest.status).toBe('captured');
  });

  it('of another amount is none of this charge, also where it is settled without the case', () => {
    const charge = Life.renewing().latest;
    expect(() => acknowledged(charge, factOf(charge, 'pending', { amount: 1 }), null, RENEWAL)).toThrow(Mismatch);
  });
});

describe('no answer', () => {
  it('is looked up after 5 s, and remembers when nobody knew for the first time', () => {
    const life = Life.renewing();
    hear(life, { kind: 'unknown', reason: 'time-out' });
    expect(life.latest).toMatchObject({
      status: 'unknown', checks: 1, next_check_at: after(5 * SECOND), lease_until: null, response_summary: 'time-out', lost_at: RENEWAL, expires_at: null,
    });
  });

  it('stays no answer when a resend was not taken: the first sending is as unknown as before', () => {
    const life = Life.renewing();
    hear(life, { kind: 'unknown', reason: 'time-out' });
    life.now = after(30 * MINUTE);
    hear(life, { kind: 'not_found', windows: WINDOWS });
    expect(life.latest).toMatchObject({ status: 'sending', sends: 2, first_sent_at: RENEWAL, last_sent_at: after(30 * MINUTE), empty_lookups: 1 });
    life.news();
    hear(life, { kind: 'not_taken', reason: 'rate_limited' });
    expect(life.latest).toMatchObject({ status: 'unknown', lost_at: RENEWAL });
    expect(life.news()).toEqual(['charge.unknown']);
  });

  it('is asked about again by the schedule, whether the look-up failed or found nothing', () => {
    const life = Life.renewing();
    hear(life, { kind: 'unknown', reason: 'time-out' });
    life.now = after(5 * SECOND);
    hear(life, { kind: 'look_up_failed' });
    expect(life.latest).toMatchObject({ status: 'unknown', checks: 2, next_check_at: after(35 * SECOND), empty_lookups: 0 });
    hear(life, { kind: 'not_found', windows: WINDOWS });
    expect(life.latest).toMatchObject({ status: 'unknown', checks: 3, next_check_at: after(125 * SECOND), empty_lookups: 1, empty_since: after(5 * SECOND) });
    expect(life.news(), 'only the lost answer is told').toEqual(['charge.unknown']);
  });

  it('is forgotten with the first one: what is pending is asked about from the start of the schedule', () => {
    const life = Life.renewing();
    hear(life, { kind: 'unknown', reason: 'time-out' });
    hear(life, { kind: 'look_up_failed' });
    expect(life.latest.checks).toBe(2);
    hearFact(life, 'pending');
    expect(life.latest).toMatchObject({ checks: 1, next_check_at: after(5 * SECOND) });
  });

  it('to a payment that was confirmed changes only when it is asked about next', () => {
    const life = Life.renewing();
    hearFact(life, 'pending');
    hear(life, { kind: 'not_found', windows: WINDOWS });
    expect(life.latest).toMatchObject({ status: 'pending', checks: 2, next_check_at: after(30 * SECOND), empty_lookups: 0 });
    hear(life, { kind: 'look_up_failed' });
    expect(life.latest).toMatchObject({ status: 'pending', checks: 3, next_check_at: after(2 * MINUTE) });
  });
});

describe('a redirect', () => {
  const open = (life: Life): Charge => {
    life.decide((c) => c.addCharge('checkout', c.invoices.get(life.invoice(2).id), null, c.subscription, c.engineNow));
    return life.send(life.latest);
  };
  function pastDue(): Life {
    const life = Life.active();
    life.passTo(RENEWAL, declines());
    return life;
  }

  it('may be paid for a quarter of an hour from its sending, whenever its answer comes', () => {
    const answered = pastDue();
    open(answered);
    answered.now = after(10 * SECOND);
    hearFact(answered, 'pending', { redirect_url: 'https://wallet.example/1' });
    expect(answered.latest.expires_at).toEqual(after(15 * MINUTE));
    answered.now = after(5 * MINUTE);
    hearFact(answered, 'pending');
    expect(answered.latest.expires_at).toEqual(after(15 * MINUTE));

    const lost = pastDue();
    open(lost);
    lost.now = after(30 * SECOND);
    hear(lost, { kind: 'unknown', reason: 'time-out' });
    expect(lost.latest.expires_at, 'the customer may be there already').toEqual(after(15 * MINUTE));
    lost.now = after(10 * MINUTE);
    lost.send(lost.latest);
    hearFact(lost, 'pending');
    expect(lost.latest.expires_at, 'it is the same payment').toEqual(after(15 * MINUTE));
  });

  it('of which we do not know when it was sent has no end that we know', () => {
    const life = pastDue();
    life.decide((c) => c.addCharge('checkout', c.invoices.get(life.invoice(2).id), null, c.subscription, c.engineNow));
    hearFact(life, 'pending');
    expect(life.latest).toMatchObject({ status: 'pending', expires_at: null });
  });

  it('that fails is told and counted, and is no step of the ladder', () => {
    const life = pastDue();
    const before = life.subscription;
    open(life);
    life.news();
    hearFact(life, 'declined', { response_code: '20051' });
    expect(life.news()).toEqual(['charge.declined', 'invoice.payment_failed']);
    expect(life.invoice(2).attempt_count).toBe(2);
    expect(life.subscription).toMatchObject({ next_attempt_at: before.next_attempt_at, dunning_step: before.dunning_step });
  });
});

describe('money after an end', () => {
  it('undoes the write-off before it pays', () => {
    const life = Life.renewing();
    hearFact(life, 'declined', { response_code: '20051' });
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoice(2)).toMatchObject({ status: 'uncollectible', amount_due: 3_900, attempt_count: 1 });
    hearFact(life, 'captured');
    expect(life.postings.slice(-3).map((posting) => posting.kind)).toEqual(['write_off', 'write_back', 'capture']);
    expect(life.invoice(2), 'one try, however often it is heard of').toMatchObject({ status: 'paid', attempt_count: 1 });
  });

  it('is surplus for an invoice that was voided', () => {
    const life = Life.signUp();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    life.news();
    life.hear(life.latest, 'captured', { source_id: 'src_chg_1-1' });
    expect(life.news()).toEqual(['charge.captured', 'source.superseded', 'charge.surplus', 'refund.created']);
    expect(life.subscription.source).toBeNull();
  });

  it('of a stored wallet that pays twice leaves the wallet as it is', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(1, staysPending);
    const second = life.latest;
    life.hear(first, 'captured');
    life.hear(second, 'captured');
    expect(life.charge(second.id)).toMatchObject({ surplus: true, settled_at: life.now });
    expect(life.wallet?.status).toBe('active');
  });
});
