import { describe, expect, it } from 'vitest';
import { awaitsWallet, type Debtor, linkEndsAt, linksEndBy, oncePaid, payStanding } from './pay.standing.js';

const standing = (debtor: Partial<Debtor>) => payStanding({ status: 'active', source: 'psrc_1', cancel_at_period_end: false, owes: false, charging: false, ...debtor });

describe('who opens the link', () => {
  it('pays what he owes, unless it is being charged already', () => {
    expect(standing({ status: 'past_due', owes: true })).toBe('payable');
    expect(standing({ status: 'past_due', owes: true, charging: true })).toBe('in_progress');
    expect(standing({ status: 'incomplete', owes: true, source: null })).toBe('payable');
    expect(standing({ status: 'unpaid', owes: true })).toBe('payable');
  });

  it('owes nothing, although a charge for something else may be under way', () => {
    expect(standing({})).toBe('nothing_owed');
    expect(standing({ charging: true })).toBe('nothing_owed');
  });

  it.each(['canceled', 'incomplete_expired'] as const)('is past paying when it is %s', (status) => {
    expect(standing({ status, owes: true, charging: true })).toBe('ended');
  });

  it('may pay before his free trial ends, unless he has cancelled, or his wallet is held', () => {
    const trial = { status: 'trialing', source: null } as const;
    expect(standing(trial)).toBe('payable');
    expect(standing({ ...trial, cancel_at_period_end: true })).toBe('nothing_owed');
    expect(standing({ ...trial, source: 'psrc_1' })).toBe('nothing_owed');
    expect(awaitsWallet({ status: 'active', source: null, cancel_at_period_end: false })).toBe(false);
  });
});

describe('who pays', () => {
  it.each([
    ['past_due', 1, true, 'goes_on'], ['past_due', 2, true, 'goes_on'], ['incomplete', 1, false, 'goes_on'], ['unpaid', 1, true, 'goes_on'],
    ['unpaid', 2, true, 'more_owed'], ['paused', 1, true, 'stays_paused'], ['paused', 2, true, 'stays_paused'], ['paused', 1, false, 'goes_on'],
  ] as const)('as %s, owing %i (begun: %s): %s', (status, owed, began, then) => expect(oncePaid({ status, resumes_when_paid: false }, owed, began)).toBe(then));

  it('goes on where a resume waits for the payment', () => {
    expect(oncePaid({ status: 'paused', resumes_when_paid: true }, 1, true)).toBe('goes_on');
  });
});

describe('a link', () => {
  const created = new Date('2026-03-01T00:00:00Z');
  const at = (days: number): string => new Date(created.getTime() + days * 86_400_000).toISOString();

  it.each([
    ['nothing', {}, 90],
    ['a deadline that is near', { pay_by: at(16) }, 30],
    ['a deadline a month away', { pay_by: at(30) }, 31],
    ['a deadline far away', { pay_by: at(62) }, 63],
    ['a try that follows late', { next_date: at(60) }, 61],
    ['a day that comes, and a later one', { date: at(3), pay_by: at(40) }, 41],
    ['a day that is over', { date: at(-40) }, 30],
  ])('of a message that names %s is good long enough: %j', (_, named, days) => {
    expect(linkEndsAt(named, created, created).toISOString()).toBe(at(days));
  });

  it('is good by the engine’s clock, whatever the customer’s shows', () => {
    const recorded = new Date('2031-01-01T00:00:00Z');
    expect(linkEndsAt({ pay_by: at(62) }, created, recorded).getTime() - recorded.getTime()).toBe(63 * 86_400_000);
  });

  it('that was sent already is good for 90 days, or as long as the longest ladder and the hours that it keeps', () => {
    const ladder = (...waits: string[]) => ({ retries: waits.map((after) => ({ after, notify: true })) });
    expect([linksEndBy([], created), linksEndBy([ladder('16d')], created), linksEndBy([ladder(), ladder('60d', '60d'), ladder('1d')], created)].map((end) => end.toISOString()))
      .toEqual([at(90), at(90), at(123)]);
  });
});
