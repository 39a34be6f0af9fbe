import { describe, expect, it } from 'vitest';
import { type Clearing, type Waiting, weighClearance } from './clearance.js';
import type { GatewayWindows } from './lookup.js';
import { START } from './testing/case.builder.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WINDOWS: GatewayWindows = { settleSeconds: 1_800, idempotencyHours: 24 };

const after = (ms: number): Date => new Date(START.getTime() + ms);
/** A life of which nothing is known ended 26 hours after START. */
const ENDED = after(26 * HOUR);
const waiting = (changes: Partial<Waiting> = {}): Waiting => ({
  kind: 'recurring', empty_lookups: 0, empty_since: null, empty_at: null, lost_since: START, lost_until: ENDED, ...changes,
});
const minutes = ({ at }: Clearing, from: Date): number | null => at && (at.getTime() - from.getTime()) / MINUTE;

/** Looks at the given minutes after the lost time, each of them clean and empty; the last one's verdict. */
function looks(charge: Waiting, at: readonly number[], windows = WINDOWS): Clearing {
  const seen = at.reduce<{ charge: Waiting; last: Clearing | null }>((before, minute) => {
    const last = weighClearance(before.charge, windows, after(26 * HOUR + minute * MINUTE));
    return { charge: { ...before.charge, ...last.evidence }, last };
  }, { charge, last: null });
  return seen.last as Clearing;
}

describe('one clean, empty look is enough', () => {
  const enough = (charge: Waiting, now: Date): void => {
    expect(weighClearance(charge, WINDOWS, now)).toEqual({ evidence: { empty_lookups: 0, empty_since: null, empty_at: null }, at: null });
  };

  it('where no lost life can have sent it', () => {
    enough(waiting({ lost_since: null, lost_until: null }), after(0));
    enough(waiting({ lost_since: null, lost_until: null }), after(100 * HOUR));
  });

  it('while a key that was used then is certainly remembered', () => {
    const charge = waiting({ lost_until: after(HOUR) });
    enough(charge, after(23 * HOUR - 1));
    expect(weighClearance(charge, WINDOWS, after(23 * HOUR)).at).not.toBeNull();
  });

  it.each(['initial', 'checkout'] as const)('where the customer is waiting for his redirect (%s)', (kind) => enough(waiting({ kind }), after(100 * HOUR)));
});

describe('where the key of a lost life may be forgotten', () => {
  it('three looks over ninety minutes must find nothing', () => {
    expect(minutes(looks(waiting(), [0]), ENDED)).toBe(45);
    expect(looks(waiting(), [0, 45])).toEqual({
      evidence: { empty_lookups: 2, empty_since: ENDED, empty_at: after(26 * HOUR + 45 * MINUTE) },
      at: after(26 * HOUR + 90 * MINUTE),
    });
    expect(looks(waiting(), [0, 45, 89]).at, 'not a minute sooner').not.toBeNull();
    expect(looks(waiting(), [0, 90]).at, 'two are not three').not.toBeNull();
    expect(looks(waiting(), [0, 45, 90])).toEqual({
      evidence: { empty_lookups: 3, empty_since: ENDED, empty_at: after(26 * HOUR + 90 * MINUTE) },
      at: null,
    });
  });

  it('looks that come late, even by days, prove as much', () => {
    expect(looks(waiting(), [0, 600, 6_000]).at).toBeNull();
  });

  it('what is proven stays so when it is looked at once more', () => {
    expect(looks(waiting(), [0, 45, 90, 101]).at).toBeNull();
    expect(looks(waiting(), [0, 45, 90, 111]).evidence.empty_lookups).toBe(4);
  });

  it('looks that follow each other within twenty minutes are one', () => {
    expect(looks(waiting(), [0, 19, 90]).at).not.toBeNull();
    expect(looks(waiting(), [0, 19, 90]).evidence.empty_lookups).toBe(2);
    expect(looks(waiting(), [0, 20, 90]).at).toBeNull();
  });

  it('the looks are spread over S where S is longer', () => {
    const slow = { ...WINDOWS, settleSeconds: 7_200 };
    expect(minutes(looks(waiting(), [0], slow), ENDED)).toBe(60);
    expect(looks(waiting(), [0, 60, 119], slow).at).not.toBeNull();
    expect(looks(waiting(), [0, 60, 120], slow).at).toBeNull();
  });

  it('what was seen before the lost time ended counts for nothing', () => {
    const since = after(24 * HOUR);
    const charge = waiting({ empty_lookups: 5, empty_since: since, empty_at: after(26 * HOUR - 1) });
    expect(looks(charge, [0])).toMatchObject({ evidence: { empty_lookups: 1, empty_since: ENDED, empty_at: ENDED } });
    expect(looks(charge, [-1])).toMatchObject({ evidence: { empty_lookups: 5, empty_since: since }, at: after(26 * HOUR + 44 * MINUTE) });
    expect(looks(charge, [0, 45]).at).not.toBeNull();
    expect(looks(charge, [0, 45, 90]).at).toBeNull();
  });
});
