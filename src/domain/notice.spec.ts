import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargeAllowedAt, NOTICE_RULES, noticeLead, noticeOf } from './notice.js';
import type { Notice } from './subscription.js';
import { aPlan, aSubscription, START } from './testing/case.builder.js';
import { RENEWAL } from './testing/life.story.js';

const DAY_MS = 86_400_000;
const DUE = new Date(RENEWAL.getTime() - 5 * DAY_MS);
const days = (n: number): Date => new Date(RENEWAL.getTime() + n * DAY_MS);

describe('the table of notice rules', () => {
  it('is closed, and only what has a number of days can block', () => {
    expect(NOTICE_RULES.filter(({ effect }) => effect === 'blocks')).toEqual([{ country: 'CN', region: null, leadDays: 5, effect: 'blocks' }]);
    for (const { country, region, leadDays, effect } of NOTICE_RULES) {
      expect(country).toMatch(/^[A-Z]{2}$/);
      expect(['blocks', 'noted']).toContain(effect);
      if (leadDays !== null) expect(leadDays).toBeGreaterThan(0);
      if (effect === 'blocks') expect([region, leadDays], 'a customer has no region').toEqual([null, expect.any(Number)]);
    }
    expect(new Set(NOTICE_RULES.map(({ country, region }) => `${country}-${region}`)).size).toBe(NOTICE_RULES.length);
  });

  it.each([
    ['CN', {}, {}, 5], ['US', {}, {}, 0], ['GB', {}, {}, 0], ['HK', {}, {}, 0],
    ['CN', {}, { interval: 'week' }, 5], ['CN', {}, { interval: 'year' }, 5],
    // The sign-up counts where what was agreed to is shorter than the lead.
    ['CN', {}, { interval: 'day' }, 0], ['CN', {}, { interval: 'day', interval_count: 4 }, 0], ['CN', {}, { interval: 'day', interval_count: 5 }, 5],
    ['CN', { status: 'trialing', trial_days: 4 }, {}, 0], ['CN', { status: 'trialing', trial_days: 5 }, {}, 5],
    ['CN', { status: 'trialing', trial_days: 7 }, { interval: 'day' }, 5], ['CN', { status: 'active', trial_days: 4 }, {}, 5],
  ] as const)('%s %o %o: %i days', (country, subscription, version, lead) => {
    const { version: terms } = aPlan({ version });
    expect(noticeLead({ renewal_notice: 'required' }, terms, country, aSubscription(subscription))).toBe(lead * DAY_MS);
    expect(noticeLead({ renewal_notice: 'off' }, terms, country, aSubscription(subscription))).toBe(0);
  });
});

describe('what was told allows a charge', () => {
  const told: Notice = { notice_due_at: null, noticed_at: DUE, noticed_period_no: 2, noticed_amount: 3900, renewal_charge_at: RENEWAL };
  const renewal = { period_no: 2, at: RENEWAL, amount: 3900 };
  const allowed = (changes: Partial<Notice>, asked: Partial<typeof renewal> = {}): Date | null =>
    chargeAllowedAt({ ...told, ...changes }, { ...renewal, ...asked }, 5 * DAY_MS);

  it('of that period, of no more money, on that date', () => {
    expect(allowed({})).toEqual(RENEWAL);
    expect(allowed({}, { amount: 3899 })).toEqual(RENEWAL);
    expect(allowed({}, { amount: 3901 })).toBeNull();
    expect(allowed({}, { period_no: 3 })).toBeNull();
    expect(allowed({}, { at: days(1) })).toBeNull();
    expect(allowed({}, { at: days(-1) }), 'it begins sooner, and is charged when it was told').toEqual(RENEWAL);
    expect(allowed({ noticed_at: null })).toBeNull();
    expect(allowed({ noticed_amount: null })).toBeNull();
  });

  it('five days after it, if it came late', () => {
    expect(allowed({ noticed_at: days(-1), renewal_charge_at: days(4) })).toEqual(days(4));
    expect(allowed({ noticed_at: days(-1) }), 'another date was told').toBeNull();
    expect(allowed({ noticed_at: days(-9) })).toEqual(RENEWAL);
  });

  it('never sooner than the renewal or the lead, whenever it was told', () => {
    const instants = fc.integer({ min: -400, max: 400 }).map((hours) => new Date(RENEWAL.getTime() + hours * 3_600_000));
    fc.assert(
      fc.property(instants, instants, fc.nat(10), (noticed_at, renewal_charge_at, lead) => {
        const at = chargeAllowedAt({ ...told, noticed_at, renewal_charge_at }, renewal, lead * DAY_MS);
        if (at === null) return;
        expect(at.getTime()).toBeGreaterThanOrEqual(RENEWAL.getTime());
        expect(at.getTime()).toBeGreaterThanOrEqual(noticed_at.getTime() + lead * DAY_MS);
      }),
    );
  });
});

describe('a notice falls due', () => {
  const active = aSubscription({ status: 'active', source: 'psrc_1', period_no: 1, period_start: START, period_end: RENEWAL, test_clock: 'clk_1' });
  const due = (changes: object, now = START): unknown => {
    const notice = noticeOf({ ...active, ...changes }, 5 * DAY_MS, now);
    return [notice.notice_due_at, notice.renewal_charge_at];
  };

  it('its lead before the renewal, in real time an hour earlier still, so that a sweep never makes it late', () => {
    expect(due({})).toEqual([DUE, RENEWAL]);
    expect(due({ test_clock: null })).toEqual([new Date(DUE.getTime() - 3_600_000), RENEWAL]);
  });

  it('at once where that has passed, and stays due since then', () => {
    const late = days(-2);
    expect(due({}, late)).toEqual([late, days(3)]);
    expect(due({ notice_due_at: late }, days(-1)), 'reckoned again a day later').toEqual([late, days(3)]);
    expect(due({ notice_due_at: days(9) }, late), 'it was planned for a date that does not hold any more').toEqual([late, days(3)]);
  });

  it('where a period will begin by itself, and nowhere else', () => {
    expect(due({ cancel_at_period_end: true })).toEqual([null, null]);
    for (const status of ['canceled', 'unpaid', 'incomplete', 'paused']) expect(due({ status }), status).toEqual([null, null]);
    expect(due({ status: 'past_due' })).toEqual([DUE, RENEWAL]);
    expect(due({ status: 'trialing' })).toEqual([DUE, RENEWAL]);
    expect(due({ status: 'trialing', source: null }), 'a free trial has no wallet to charge').toEqual([null, null]);
    expect(due({ status: 'paused', resumes_at: days(-3) }), 'the pause ends first').toEqual([DUE, RENEWAL]);
    expect(due({ status: 'paused', resumes_at: days(20) })).toEqual([days(15), days(20)]);
    expect(due({ status: 'paused', resumes_at: days(20), cancel_at_period_end: true })).toEqual([null, null]);
  });

  it('not when no lead is demanded', () => {
    expect(noticeOf(active, 0, START)).toEqual({ notice_due_at: null, noticed_at: null, noticed_period_no: null, noticed_amount: null, renewal_charge_at: null });
  });
});
