import { describe, expect, it } from 'vitest';
import { accepts } from './machine.js';
import { isOpenRefund, nextRefundStatus, REFUND_STATUSES, type RefundStatus, refundTransitions } from './refund.js';

const NEWS = ['accept', 'succeed', 'decline'] as const;
const RANK: Record<RefundStatus, number> = { created: 0, sending: 1, unknown: 1, pending: 2, declined: 3, succeeded: 4 };

describe('the refund machine', () => {
  it.each(REFUND_STATUSES)('hears news of the gateway in every state, and never moves back: %s', (status) => {
    for (const event of NEWS) expect(RANK[nextRefundStatus(status, event)]).toBeGreaterThanOrEqual(RANK[status]);
  });

  it('believes a success in whatever order it hears it', () => {
    for (const status of REFUND_STATUSES) {
      for (const event of NEWS) expect(nextRefundStatus(nextRefundStatus(status, event), 'succeed')).toBe('succeeded');
    }
  });

  it('is left by evidence alone when its outcome is unknown: no event fails it by time', () => {
    const ways = Object.keys(refundTransitions.unknown).sort();
    expect(ways).toEqual(['accept', 'claim', 'decline', 'prove_absent', 'succeed']);
    expect(nextRefundStatus('unknown', 'prove_absent')).toBe('created');
  });

  it('is sent by nobody once it is decided', () => {
    for (const status of ['pending', 'succeeded', 'declined'] as const) expect(accepts(refundTransitions, status, 'claim')).toBe(false);
  });

  it('reserves its amount until it is decided', () => {
    expect(REFUND_STATUSES.filter(isOpenRefund)).toEqual(['created', 'sending', 'pending', 'unknown']);
  });
});
