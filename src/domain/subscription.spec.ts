import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { access, agenda, dueAt, SUBSCRIPTION_STATUSES, type Subscription } from './subscription.js';
import { aSubscription, START } from './testing/case.builder.js';

const days = (n: number): Date => new Date(START.getTime() + n * 86_400_000);
const instant = fc.option(fc.integer({ min: 0, max: 60 }).map(days), { nil: null });
const subscriptions: fc.Arbitrary<Subscription> = fc
  .record({
    status: fc.constantFrom(...SUBSCRIPTION_STATUSES),
    expires_at: instant,
    trial_end: instant,
    trial_end_told_at: instant,
    period_end: instant,
    paid_through: instant,
    next_attempt_at: instant,
    dunning_ends_at: instant,
    resumes_at: instant,
  })
  .map((changes) => aSubscription(changes));

describe('the agenda', () => {
  it('is in the order of time, and its first item is when the subscription is due', () => {
    fc.assert(
      fc.property(subscriptions, (s) => {
        const times = agenda(s).map((item) => item.at.getTime());
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(dueAt(s)?.getTime()).toBe(times[0]);
      }),
    );
  });

  it('is empty for what has ended', () => {
    fc.assert(
      fc.property(subscriptions, fc.constantFrom('canceled', 'incomplete_expired'), (s, status) => {
        expect(agenda({ ...s, status })).toEqual([]);
        expect(dueAt({ ...s, status })).toBeNull();
      }),
    );
  });

  it('lets a period end before the next try and the final action, where all fall on one instant', () => {
    const s = aSubscription({ status: 'past_due', period_end: days(1), next_attempt_at: days(1), dunning_ends_at: days(1) });
    expect(agenda(s).map((item) => item.event)).toEqual(['period_end', 'attempt', 'dunning_end']);
  });

  it('tells of a trial’s end three days before, once, or at once when the trial is shorter', () => {
    const trial = aSubscription({ status: 'trialing', trial_end: days(7) });
    expect(agenda(trial)).toEqual([{ event: 'trial_notice', at: days(4) }, { event: 'trial_end', at: days(7) }]);
    expect(agenda({ ...trial, trial_end_told_at: days(4) })).toEqual([{ event: 'trial_end', at: days(7) }]);
    expect(dueAt({ ...trial, trial_end: days(2) })).toEqual(days(-1));
    expect(agenda({ ...trial, trial_end: null }), 'nothing to tell of').toEqual([]);
  });

  it.each([
    ['incomplete', { expires_at: days(1) }, 'sign_up_expiry'],
    ['active', { period_end: days(1) }, 'period_end'],
    ['paused', { resumes_at: days(1) }, 'resume'],
  ] as const)('of a subscription that is %s holds what concerns it', (status, changes, event) => {
    const everything = { expires_at: null, period_end: null, resumes_at: null, trial_end: days(9) };
    expect(agenda(aSubscription({ ...everything, status, ...changes }))).toEqual([{ event, at: days(1) }]);
  });
});

describe('access', () => {
  const paid = { period_end: days(30), paid_through: days(30) };
  const late = { period_end: days(30), paid_through: days(0) };

  it.each([
    ['active', paid, { until: days(30), reason: 'paid' }],
    ['active', late, { until: days(30), reason: 'pending' }],
    ['active', { period_end: days(30) }, { until: days(30), reason: 'pending' }],
    ['active', { paid_through: days(30) }, { until: null, reason: 'pending' }],
    ['active', {}, { until: null, reason: 'pending' }],
    ['past_due', {}, { until: null, reason: 'grace' }],
    ['trialing', { trial_end: days(7) }, { until: days(7), reason: 'trial' }],
    ['past_due', late, { until: days(2), reason: 'grace' }],
    ['canceled', { ...paid, canceled_at: days(3) }, { until: days(30), reason: 'paid' }],
    ['canceled', { ...paid, canceled_at: days(30) }, { until: null, reason: 'none' }],
    ['paused', { ...paid, paused_at: days(3) }, { until: days(30), reason: 'paid' }],
    ['paused', { ...late, paused_at: days(3) }, { until: null, reason: 'none' }],
    ['canceled', {}, { until: null, reason: 'none' }],
    ['incomplete', {}, { until: null, reason: 'none' }],
    ['incomplete_expired', {}, { until: null, reason: 'none' }],
    ['unpaid', late, { until: null, reason: 'none' }],
  ] as const)('of a subscription that is %s (%#)', (status, changes, expected) => {
    expect(access(aSubscription({ status, ...changes }), 2)).toEqual(expected);
  });

  it('is never granted beyond what is paid, on trial, in flight or in grace', () => {
    fc.assert(
      fc.property(subscriptions, fc.nat(30), (s, grace) => {
        const { until, reason } = access(s, grace);
        if (reason === 'none') expect(until).toBeNull();
        if (s.status === 'past_due' && until) expect(until.getTime()).toBe((s.paid_through as Date).getTime() + grace * 86_400_000);
      }),
    );
  });
});
