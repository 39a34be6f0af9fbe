import { describe, expect, it } from 'vitest';
import { payStanding } from './pay.standing.js';

describe('who opens the link', () => {
  it('pays what he owes, unless it is being charged already', () => {
    expect(payStanding('past_due', true, false)).toBe('payable');
    expect(payStanding('past_due', true, true)).toBe('in_progress');
    expect(payStanding('incomplete', true, false)).toBe('payable');
    expect(payStanding('unpaid', true, false)).toBe('payable');
  });

  it('owes nothing, although a charge for something else may be under way', () => {
    expect(payStanding('active', false, false)).toBe('nothing_owed');
    expect(payStanding('active', false, true)).toBe('nothing_owed');
  });

  it.each(['canceled', 'incomplete_expired'] as const)('is past paying when it is %s', (status) => {
    expect(payStanding(status, true, true)).toBe('ended');
  });
});
