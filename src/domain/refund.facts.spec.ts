import { describe, expect, it } from 'vitest';
import { Mismatch, type PaymentFact } from './observation.js';
import { unexplained } from './refunding.js';
import { ask, hear, paid, refund, send, show, shown } from './testing/refund.story.js';

describe('what the gateway shows of a payment', () => {
  it('takes in what was given back without us: by a life that is forgotten, at a dashboard, by the provider', () => {
    const { life } = paid();
    const base = { kind: 'refund', status: 'succeeded', response_code: '10000', response_summary: null } as const;
    show(life, [
      { ...base, action_id: 'act_a', amount: 100, reference: 'zq-1-1-r2' },
      { ...base, action_id: 'act_b', amount: 200, reference: 'by hand' },
      { ...base, action_id: 'act_c', amount: 300, reference: null, kind: 'return' },
      { ...base, action_id: 'act_d', amount: 400, reference: 'by hand', status: 'pending' },
    ]);
    expect(life.refunds.map(({ cause, number, amount, status }) => [cause, number, amount, status])).toEqual([
      ['found', 2, 100, 'succeeded'], ['found', null, 200, 'succeeded'], ['returned', null, 300, 'succeeded'],
    ]);
    expect(life.refunds.map(({ reference }) => reference), 'what we cannot have named goes by the gateway’s name').toEqual(['zq-1-1-r2', 'act_b', 'act_c']);
    expect(life.latest.amount_refunded).toBe(600);
    expect(ask(life, 1).number, 'numbers go on behind those of the forgotten life').toBe(3);
  });

  it('a declined one of a forgotten life keeps its number, so that its key is never used again', () => {
    const { life } = paid();
    show(life, [{ action_id: 'act_a', kind: 'refund', status: 'declined', amount: 100, reference: 'zq-1-1-r1', response_code: '20006', response_summary: null }]);
    expect(life.refunds).toMatchObject([{ cause: 'found', number: 1, status: 'declined' }]);
    expect(ask(life).number).toBe(2);
  });

  const byHand = { action_id: 'act_a', kind: 'refund', status: 'succeeded', amount: 100, response_code: null, response_summary: null } as const;

  it.each([
    ['zq-1-1-r7', 7],
    ['zq-1-1-r123456', 123_456],
    ['zq-1-1-r1234567', null],
    ['zq-1-1-r0', null],
    ['zq-1-1-r7a', null],
    ['zq-1-1-ra7', null],
    ['by-1-1-r7', null],
    ['zq-1-1', null],
  ])('the reference %s carries the number %s of ours', (reference, number) => {
    const { life } = paid();
    show(life, [{ ...byHand, reference }]);
    expect(refund(life).number).toBe(number);
  });

  it('the number of a forgotten life is kept beside those that we know', () => {
    const { life } = paid();
    ask(life, 1_000);
    show(life, [{ ...byHand, reference: 'zq-1-1-r2' }]);
    expect(life.refunds.map(({ number }) => number)).toEqual([1, 2]);
  });

  it('what somebody else gave back is never taken for ours, of which we do not know yet', () => {
    const { life } = paid();
    ask(life, 100);
    send(life, refund(life));
    show(life, [{ ...byHand, reference: 'by hand' }]);
    expect(life.refunds.map(({ cause, status }) => [cause, status])).toEqual([['request', 'sending'], ['found', 'succeeded']]);
  });

  it('a second action under one reference is money given back twice: booked, never taken for the first', () => {
    const { life } = paid();
    ask(life, 1_000);
    send(life, refund(life));
    const first = shown(refund(life), 'succeeded');
    show(life, [{ ...first, action_id: 'act_second' }, first]);
    show(life, [{ ...first, action_id: 'act_second' }, first]);
    expect(life.refunds.map(({ cause, number, status }) => [cause, number, status])).toEqual([
      ['request', 1, 'succeeded'], ['found', null, 'succeeded'],
    ]);
    expect(life.latest.amount_refunded).toBe(2_000);
  });

  it('what was given back twice, by hand and by us, is for a human', () => {
    const { life } = paid();
    ask(life, 1_000);
    send(life, refund(life));
    show(life, [{ ...byHand, reference: null, amount: 3_900 }]);
    const tooMuch = new Mismatch('refund rfnd_chg_1-1_1 gives back more than charge chg_1-1 has left');
    expect(() => hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded') })).toThrow(tooMuch);
    expect(refund(life).status).toBe('sending');
    expect(life.latest.amount_refunded).toBe(3_900);
  });

  it('what gives nothing back may be of any amount', () => {
    const { life } = paid();
    show(life, [{ ...byHand, reference: null, amount: 3_900 }, { ...byHand, action_id: 'act_b', reference: 'zq-1-1-r1', status: 'declined' }]);
    expect(life.refunds.map(({ status }) => status)).toEqual(['succeeded', 'declined']);
  });

  it('more than was captured is for a human', () => {
    const { life } = paid();
    const fact = { kind: 'refund', status: 'succeeded', amount: 2_000, reference: null, response_code: null, response_summary: null } as const;
    const tooMuch = new Mismatch('refund act_b gives back more than charge chg_1-1 has left');
    expect(() => show(life, [{ ...fact, action_id: 'act_a' }, { ...fact, action_id: 'act_b' }])).toThrow(tooMuch);
    expect(life.refunds.map(({ status }) => status)).toEqual(['succeeded']);
    expect(life.news(), 'nothing is told of what cannot be').toEqual(['refund.created', 'refund.succeeded', 'charge.refunded']);
  });

  it('money held back that nobody can explain is told apart from what we wait for', () => {
    const { life } = paid();
    ask(life, 1_000);
    send(life, refund(life));
    const fact = (changes: Partial<PaymentFact>) => ({ refunds: [], ...changes }) as unknown as PaymentFact;
    expect(unexplained(life.refunds, fact({ refunds_hidden: 1_000 })), 'it may be ours: its answer is not here yet').toBe(1_000);
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect(unexplained(life.refunds, fact({ refunds_hidden: 1_000 }))).toBe(0);
    expect(unexplained(life.refunds, fact({ refunds_hidden: 1_500 }))).toBe(500);
    expect(unexplained(life.refunds, fact({ refunds_hidden: 200, refunds: [shown(refund(life), 'pending')] }))).toBe(200);
    expect(unexplained(life.refunds, fact({}))).toBe(0);
  });
});
