import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Charge, claimed } from './charge.js';
import { countEmptyLookup, type GatewayWindows, judgeEmptyLookup, nextLookupAt, nextSendAt } from './lookup.js';
import { aCharge, START } from './testing/case.builder.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DEFAULTS: GatewayWindows = { settleSeconds: 1_800, idempotencyHours: 24 };

const since = (ms: number): Date => new Date(START.getTime() + ms);
const between = (from: Date, to: Date): number => to.getTime() - from.getTime();
/** Sent once at the start, its answer lost, never found yet. */
const lost = (changes: Partial<Charge> = {}): Charge =>
  aCharge({ status: 'unknown', sends: 1, first_sent_at: START, last_sent_at: START, checks: 1, ...changes });

interface Step {
  at: Date;
  did: 'resend' | 'absent' | 'wait';
  charge: Charge;
  /** Clean, empty look-ups so far, this one included. */
  lookups: Date[];
}

/** Lets only empty look-ups happen, some of them failing, until the charge is proven absent. */
function chase(windows: GatewayWindows, fails = (): boolean => false, lateness = (): number => 0): Step[] {
  const steps: Step[] = [];
  const lookups: Date[] = [];
  let charge = lost();
  let at = nextLookupAt({ checks: 0, first_sent_at: START }, START);
  for (let n = 0; n < 40_000; n += 1) {
    at = new Date(at.getTime() + lateness());
    if (fails()) {
      const next = nextLookupAt(charge, at);
      charge = { ...charge, checks: charge.checks + 1 };
      at = next;
      continue;
    }
    lookups.push(at);
    charge = { ...charge, ...countEmptyLookup(charge, at) };
    const verdict = judgeEmptyLookup(charge, windows, at);
    steps.push({ at, did: verdict.verdict, charge, lookups: lookups.slice(-10) });
    if (verdict.verdict === 'absent') return steps;
    if (verdict.verdict === 'resend') {
      // Its answer is lost again, at once.
      charge = { ...charge, ...claimed(charge, at), status: 'unknown', checks: 1 };
      at = nextLookupAt({ checks: 0, first_sent_at: charge.first_sent_at }, at);
    } else {
      expect(verdict.at.getTime(), 'time goes on').toBeGreaterThan(at.getTime());
      charge = { ...charge, checks: charge.checks + 1 };
      at = verdict.at;
    }
  }
  throw new Error('the chase never ends');
}

function expectLawful(steps: Step[], windows: GatewayWindows): void {
  const settle = windows.settleSeconds * SECOND;
  const window = windows.idempotencyHours * HOUR;
  for (const { at, did, charge, lookups } of steps) {
    const first = charge.first_sent_at as Date;
    const last = charge.last_sent_at as Date;
    if (did === 'resend') {
      expect(between(last, at), 'S after the last send').toBeGreaterThanOrEqual(settle);
      expect(between(first, at), 'the key is certainly still known').toBeLessThan(window - HOUR);
    }
    if (did === 'absent') {
      expect(between(first, at), 'the key is certainly forgotten').toBeGreaterThanOrEqual(window + 2 * HOUR);
      expect(between(last, at)).toBeGreaterThanOrEqual(Math.max(2 * HOUR, settle));
      const counting = lookups.filter((lookup) => between(lookup, at) <= 2 * HOUR);
      expect(counting.length, 'clean, empty look-ups in the last two hours').toBeGreaterThanOrEqual(3);
      expect(between(counting[0] as Date, at), 'and spread over them').toBeGreaterThanOrEqual(1.5 * HOUR);
    }
  }
}

const windows = fc.record({
  settleSeconds: fc.oneof(fc.constantFrom(600, 1_800, 7_200, 86_400), fc.integer({ min: 600, max: 400_000 })),
  idempotencyHours: fc.oneof(fc.constantFrom(2, 3, 24, 240), fc.integer({ min: 2, max: 300 })),
});

describe('a charge of which only empty look-ups are heard', () => {
  it('is resent and given up lawfully, and always given up in the end, whatever S and W are', () => {
    fc.assert(
      fc.property(windows, (w) => {
        const steps = chase(w);
        expect(steps.at(-1)?.did).toBe('absent');
        expectLawful(steps, w);
      }),
      { numRuns: 60 },
    );
  });

  it('is so with failing look-ups in between, which prove nothing', () => {
    fc.assert(
      fc.property(windows, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (w, dice) => {
        const steps = chase(w, () => dice.next().value < 4);
        expectLawful(steps, w);
      }),
      { numRuns: 60 },
    );
  });

  it('is so although every look-up comes late', () => {
    fc.assert(
      fc.property(windows, fc.infiniteStream(fc.integer({ min: 0, max: 10 * MINUTE })), (w, late) => {
        expectLawful(chase(w, undefined, () => late.next().value), w);
      }),
      { numRuns: 40 },
    );
  });

  it('is so with the smallest S there may be', () => {
    const w = { settleSeconds: 1, idempotencyHours: 2 };
    const steps = chase(w);
    expectLawful(steps, w);
    expect(steps.filter((step) => step.did === 'resend').length).toBeGreaterThan(1);
  });

  it('is never resent when S outlives the key', () => {
    const steps = chase({ settleSeconds: 30 * 3_600, idempotencyHours: 24 });
    expect(steps.map((step) => step.did)).not.toContain('resend');
    expect(between(START, steps.at(-1)?.at as Date)).toBeGreaterThanOrEqual(30 * HOUR);
  });

  it('is first resent after half an hour and given up after a day and two hours, by default', () => {
    const steps = chase(DEFAULTS);
    const resends = steps.filter((step) => step.did === 'resend');
    expect(between(START, resends[0]?.at as Date)).toBe(30 * MINUTE);
    const absent = between(START, steps.at(-1)?.at as Date);
    expect(absent).toBeGreaterThanOrEqual(26 * HOUR);
    expect(absent).toBeLessThan(29 * HOUR);
  });
});

describe('one empty look-up', () => {
  const at = (ms: number, changes: Partial<Charge> = {}) => judgeEmptyLookup(lost(changes), DEFAULTS, since(ms)).verdict;

  it('allows a resend from S after the last send on, not a millisecond earlier', () => {
    expect(at(30 * MINUTE - 1)).toBe('wait');
    expect(at(30 * MINUTE)).toBe('resend');
    expect(at(40 * MINUTE, { last_sent_at: since(11 * MINUTE) }), 'it is the last send that counts').toBe('wait');
  });

  it('allows a resend until an hour before the key is forgotten', () => {
    expect(at(23 * HOUR - 1)).toBe('resend');
    expect(at(23 * HOUR)).toBe('wait');
    expect(at(23 * HOUR, { last_sent_at: since(20 * HOUR) }), 'it is the first send that counts').toBe('wait');
  });

  const proven = { empty_lookups: 3, empty_since: since(24 * HOUR) };

  it('proves absence two hours after the key was forgotten, with two others before it', () => {
    expect(at(26 * HOUR - 1, proven)).toBe('wait');
    expect(at(26 * HOUR, proven)).toBe('absent');
    expect(at(26 * HOUR, { ...proven, empty_lookups: 2 })).toBe('wait');
    expect(at(26 * HOUR, { ...proven, empty_since: since(25.5 * HOUR) }), 'three at once are one').toBe('wait');
    expect(at(26 * HOUR, { ...proven, last_sent_at: since(24.5 * HOUR) }), 'two hours after the last send').toBe('wait');
  });

  it('proves nothing by its age alone', () => {
    expect(at(1_000 * DAY)).toBe('wait');
  });
});

describe('after an empty look-up that allows nothing', () => {
  /** Minutes after the first sending at which it is asked again; times in minutes, too. */
  const again = (now: number, lastSent: number, checks: number, changes: Partial<Charge> = {}): number => {
    const verdict = judgeEmptyLookup(lost({ last_sent_at: since(lastSent * MINUTE), checks, ...changes }), DEFAULTS, since(now * MINUTE));
    return verdict.verdict === 'wait' ? between(START, verdict.at) / MINUTE : NaN;
  };

  it('asks again by the schedule', () => {
    expect(again(1, 0, 1)).toBe(1.5);
    expect(again(5, 0, 3)).toBe(10);
  });

  it('asks again no later than it may be resent', () => {
    expect(again(20, 0, 5)).toBe(30);
    expect(again(20, 19, 6), 'counted from the last sending').toBe(49);
  });

  it('resends nothing when that would come too close to the end of its key', () => {
    const [hours22, hours23] = [22 * 60, 23 * 60];
    expect(again(hours22 + 25, hours22 + 20, 6)).toBe(hours22 + 50);
    expect(again(hours22 + 25, hours22 + 29, 6), 'a minute before the last hour').toBe(hours22 + 59);
    expect(again(hours22 + 35, hours22 + 30, 6), 'on the last hour').toBe(hours23 + 35);
    expect(again(hours22 + 55, hours22 + 40, 6)).toBe(hours23 + 55);
  });

  it('asks again when its look-ups begin to prove something, and every 20 minutes from then on', () => {
    const [hours23, hours24] = [23 * 60, 24 * 60];
    expect(again(hours23 + 10, 0, 6)).toBe(hours24);
    expect(again(hours24, 0, 6)).toBe(hours24 + 20);
    expect(again(25 * 60, 0, 6)).toBe(25 * 60 + 20);
    expect(again(30 * 60, 0, 6), 'until it is proven').toBe(30 * 60 + 20);
  });

  it('three look-ups over an hour and a half are proof, a minute less is none', () => {
    const proof = (minutes: number): string =>
      judgeEmptyLookup(lost({ empty_lookups: 3, empty_since: since(26 * HOUR - minutes * MINUTE) }), DEFAULTS, since(26 * HOUR)).verdict;
    expect([proof(89), proof(90)]).toEqual(['wait', 'absent']);
  });

  it('without a time of sending it is as if sent now: nothing is allowed', () => {
    const unsent = lost({ first_sent_at: null, last_sent_at: null, empty_lookups: 9, empty_since: START });
    expect(judgeEmptyLookup(unsent, DEFAULTS, since(100 * HOUR)).verdict).toBe('wait');
    expect(nextLookupAt({ checks: 9, first_sent_at: null }, START)).toEqual(since(HOUR));
  });
});

describe('the look-ups that count', () => {
  it('are those of the last two hours: older ones are forgotten', () => {
    const charge = lost({ empty_lookups: 7, empty_since: START });
    expect(countEmptyLookup(charge, since(2 * HOUR))).toEqual({ empty_lookups: 8, empty_since: START, empty_at: since(2 * HOUR) });
    const anew = since(2 * HOUR + 1);
    expect(countEmptyLookup(charge, anew)).toEqual({ empty_lookups: 1, empty_since: anew, empty_at: anew });
  });
});

describe('the schedule', () => {
  it('asks after 5 s, 30 s, 2, 5 and 15 minutes, hourly for a day, then daily without end', () => {
    const wait = (checks: number, age: number): number =>
      between(since(age), nextLookupAt({ checks, first_sent_at: START }, since(age)));
    expect([0, 1, 2, 3, 4, 5, 6].map((checks) => wait(checks, HOUR))).toEqual(
      [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR],
    );
    expect(wait(30, DAY - 1)).toBe(HOUR);
    expect(wait(31, DAY)).toBe(DAY);
    expect(wait(10_000, 10_000 * DAY)).toBe(DAY);
  });

  it('sends what was not taken again after 5 s, 30 s, 2 min, then every 10 min', () => {
    expect([0, 1, 2, 3, 4, 99].map((tries) => between(START, nextSendAt(tries, START)) / SECOND)).toEqual([5, 30, 120, 600, 600, 600]);
  });
});
