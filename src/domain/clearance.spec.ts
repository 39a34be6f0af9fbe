import { describe, expect, it } from 'vitest';
import { type Clearing, type LostTime, type Waiting, weighClearance } from './clearance.js';
import type { GatewayWindows } from './lookup.js';
import { START } from './testing/case.builder.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WINDOWS: GatewayWindows = { settleSeconds: 1_800, idempotencyHours: 24 };

const after = (ms: number): Date => new Date(START.getTime() + ms);
/** Nothing is known of the 26 hours from START on. */
const LOST: LostTime = { from: START, until: after(26 * HOUR) };
const waiting = (changes: Partial<Waiting> = {}): Waiting => ({
  kind: 'recurring', last_sent_at: null, test_clock: null, empty_lookups: 0, empty_since: null, empty_at: null, period_began: after(-HOUR), ...changes,
});
const minutes = ({ at }: Clearing, from: Date): number | null => at && (at.getTime() - from.getTime()) / MINUTE;

/** Looks at the given minutes after the lost time, each of them clean and empty; the last one's verdict. */
function looks(charge: Waiting, at: readonly number[], windows = WINDOWS): Clearing {
  const seen = at.reduce<{ charge: Waiting; last: Clearing | null }>((before, minute) => {
    const last = weighClearance(before.charge, LOST, windows, after(26 * HOUR + minute * MINUTE));
    return { charge: { ...before.charge, ...last.evidence }, last };
  }, { charge, last: null });
  return seen.last as Clearing;
}

describe('one clean, empty look is enough', () => {
  const enough = (charge: Waiting, lost: LostTime | null, now: Date): void => {
    expect(weighClearance(charge, lost, WINDOWS, now)).toEqual({ evidence: { empty_lookups: 0, empty_since: null, empty_at: null }, at: null });
  };

  it('where no time was ever lost', () => enough(waiting(), null, after(0)));

  it('while a key that was used when the lost time began is certainly remembered', () => {
    const lost = { from: START, until: after(HOUR) };
    enough(waiting(), lost, after(23 * HOUR - 1));
    expect(weighClearance(waiting(), lost, WINDOWS, after(23 * HOUR)).at).not.toBeNull();
  });

  it('while its period began so lately that its key is remembered, whenever it was used', () => {
    const charge = waiting({ period_began: after(10 * HOUR) });
    enough(charge, LOST, after(33 * HOUR - 1));
    expect(weighClearance(charge, LOST, WINDOWS, after(33 * HOUR)).at).not.toBeNull();
  });

  it('where its period began after the lost time', () => {
    enough(waiting({ period_began: after(26 * HOUR + 1) }), LOST, after(100 * HOUR));
    expect(weighClearance(waiting({ period_began: LOST.until }), LOST, WINDOWS, after(100 * HOUR)).at).not.toBeNull();
  });

  it('where it was sent since: we know what became of that', () => {
    enough(waiting({ last_sent_at: after(26 * HOUR + 1) }), LOST, after(100 * HOUR));
    expect(weighClearance(waiting({ last_sent_at: LOST.until }), LOST, WINDOWS, after(100 * HOUR)).at).not.toBeNull();
  });

  it.each(['initial', 'checkout'] as const)('where the customer is waiting for his redirect (%s)', (kind) => enough(waiting({ kind }), LOST, after(100 * HOUR)));

  it('on a test clock, which no life outlives', () => enough(waiting({ test_clock: 'clk_1' }), LOST, after(100 * HOUR)));
});

describe('where the key of a lost life may be forgotten', () => {
  it('three looks over ninety minutes must find nothing', () => {
    expect(minutes(looks(waiting(), [0]), LOST.until)).toBe(45);
    expect(looks(waiting(), [0, 45])).toEqual({
      evidence: { empty_lookups: 2, empty_since: LOST.until, empty_at: after(26 * HOUR + 45 * MINUTE) },
      at: after(26 * HOUR + 90 * MINUTE),
    });
    expect(looks(waiting(), [0, 45, 89]).at, 'not a minute sooner').not.toBeNull();
    expect(looks(waiting(), [0, 90]).at, 'two are not three').not.toBeNull();
    expect(looks(waiting(), [0, 45, 90])).toEqual({
      evidence: { empty_lookups: 3, empty_since: LOST.until, empty_at: after(26 * HOUR + 90 * MINUTE) },
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
    expect(minutes(looks(waiting(), [0], slow), LOST.until)).toBe(60);
    expect(looks(waiting(), [0, 60, 119], slow).at).not.toBeNull();
    expect(looks(waiting(), [0, 60, 120], slow).at).toBeNull();
  });

  it('what was seen before the lost time ended counts for nothing', () => {
    const since = after(24 * HOUR);
    const charge = waiting({ empty_lookups: 5, empty_since: since, empty_at: after(26 * HOUR - 1) });
    expect(looks(charge, [0])).toMatchObject({ evidence: { empty_lookups: 1, empty_since: LOST.until, empty_at: LOST.until } });
    expect(looks(charge, [-1])).toMatchObject({ evidence: { empty_lookups: 5, empty_since: since }, at: after(26 * HOUR + 44 * MINUTE) });
    expect(looks(charge, [0, 45]).at).not.toBeNull();
    expect(looks(charge, [0, 45, 90]).at).toBeNull();
  });
});
