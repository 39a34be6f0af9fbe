import { describe, expect, it } from 'vitest';
import { CHARGE_STATUSES, isOpen, type ChargeStatus } from './charge.js';
import type { PaymentFact, RefundFact } from './observation.js';
import { aCharge } from './testing/case.builder.js';
import { type ShownPayment, verify } from './verification.js';

const OURS = 'pay_ours';
const FINAL = CHARGE_STATUSES.filter((status) => !isOpen(status));
const FAILED = FINAL.filter((status) => status !== 'captured');

const charge = (status: ChargeStatus, changes: object = {}) =>
  aCharge({ status, amount: 3900, currency: 'CNY', gateway_payment_id: OURS, amount_refunded: 0, ...changes });

function shown(fact: Partial<PaymentFact> = {}, rest: Partial<ShownPayment> = {}): ShownPayment {
  const whole = { payment_id: OURS, status: 'captured', amount: 3900, currency: 'CNY', source_id: null, redirect_url: null, response_code: null, response_summary: null, ...fact };
  return { fact: whole as PaymentFact, heldByAnother: false, ...rest };
}

const gaveBack = (amount: number, status: RefundFact['status'] = 'succeeded'): RefundFact => ({
  action_id: `act_${amount}`, kind: 'refund', status, amount, reference: null, response_code: null, response_summary: null,
});

const AGREES = { news: [], differences: [] };

describe('both sides agree', () => {
  it('that money came', () => {
    expect(verify(charge('captured'), [shown()])).toEqual(AGREES);
    expect(verify(charge('captured', { amount_refunded: 900 }), [shown({ refunds: [gaveBack(400), gaveBack(500), gaveBack(300, 'pending')] })])).toEqual(AGREES);
    expect(verify(charge('captured'), [shown({ refunds: [gaveBack(300, 'declined')] })])).toEqual(AGREES);
  });

  it.each(FAILED)('that no money came of a charge that is %s here, in whatever words', (status) => {
    for (const word of ['declined', 'expired', 'canceled'] as const) {
      expect(verify(charge(status), [shown({ status: word, amount: null })])).toEqual(AGREES);
    }
    expect(verify(charge(status, { gateway_payment_id: null }), [])).toEqual(AGREES);
  });

  it('about what belongs to another charge: that one is compared by itself', () => {
    const others = [shown({ payment_id: 'pay_b', amount: 1 }, { heldByAnother: true }), shown({ payment_id: 'pay_c' }, { heldByAnother: true })];
    expect(verify(charge('captured'), [shown(), ...others])).toEqual(AGREES);
  });
});

describe('money that our books do not know of is news', () => {
  it.each(FAILED)('where the charge is %s here', (status) => {
    const late = shown();
    expect(verify(charge(status), [late])).toEqual({ news: [late.fact], differences: [] });
    expect(verify(charge(status, { gateway_payment_id: null }), [late])).toEqual({ news: [late.fact], differences: [] });
  });

  it('where it went back behind our back', () => {
    const returned = shown({ refunds: [gaveBack(3900)] });
    expect(verify(charge('captured'), [returned])).toEqual({ news: [returned.fact], differences: [] });
  });

  it('where a second payment was made of the same request', () => {
    const second = shown({ payment_id: 'pay_second' });
    expect(verify(charge('captured'), [shown(), second])).toEqual({ news: [second.fact], differences: [] });
  });
});

describe('everything else is a difference', () => {
  it('less given back than we believe', () => {
    const shows = [shown({ refunds: [] })];
    expect(verify(charge('captured', { amount_refunded: 900 }), shows).differences).toEqual([expect.stringMatching(/gave back 0 of pay_ours, 900 here/)]);
  });

  it('more given back than was left beside what became balance', () => {
    const credited = charge('captured', { surplus: true, amount_credited: 1_000 });
    const [all, rest] = [shown({ refunds: [gaveBack(2_901)] }), shown({ refunds: [gaveBack(2_900)] })];
    expect(verify(credited, [all]).differences).toEqual([expect.stringMatching(/gave back 2901/)]);
    expect(verify(credited, [rest])).toEqual({ news: [rest.fact], differences: [] });
  });

  it.each<[string, ChargeStatus, ShownPayment[], RegExp]>([
    ['another amount', 'captured', [shown({ amount: 3901 })], /captured 3901 CNY .* 3900 CNY/],
    ['another currency', 'captured', [shown({ currency: 'USD' })], /captured 3900 USD .* 3900 CNY/],
    ['no readable amount', 'captured', [shown({ amount: Number.NaN })], /another amount CNY/],
    ['an amount that is not said', 'captured', [shown({ amount: null, currency: null })], /captured another amount with/],
    ['another amount where we hold nothing', 'declined', [shown({ amount: 1 })], /captured 1 CNY/],
    ['declined what we hold', 'captured', [shown({ status: 'declined' })], /shows pay_ours as declined, captured here/],
    ['undecided about what we hold', 'captured', [shown({ status: 'pending' })], /as pending, captured here/],
    ['undecided about what we gave up', 'absent', [shown({ status: 'pending' })], /still decides .* absent here/],
    ['undecided about a second one', 'captured', [shown(), shown({ payment_id: 'pay_b', status: 'pending' })], /still decides about pay_b/],
    ['gone', 'captured', [], /does not show pay_ours/],
    ['gone, beside another that brought nothing', 'captured', [shown({ payment_id: 'pay_b', status: 'declined' })], /does not show pay_ours/],
    ['given back, and more than there was', 'captured', [shown({ refunds: [gaveBack(3901)] })], /gave back 3901 of pay_ours, 0 here/],
  ])('%s', (_, status, payments, words) => {
    expect(verify(charge(status), payments)).toEqual({ news: [], differences: [expect.stringMatching(words)] });
  });
});
