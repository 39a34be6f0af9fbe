import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';

import {
  addDays,
  addDuration,
  isTimeZone,
  parseDuration,
  period,
  periodIndexAt,
  periodStart,
  type Cadence,
  type Interval,
} from './calendar.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2000, 0, 1);
const TO = Date.UTC(2101, 0, 1);

// Half-hour changes, changes at midnight, negative summer time, Ramadan, date-line moves, no changes.
const SAMPLE = [
  'UTC Asia/Shanghai Asia/Kolkata Asia/Tehran Asia/Gaza Asia/Pyongyang',
  'Europe/Paris Europe/Dublin America/Los_Angeles America/Sao_Paulo America/Havana',
  'America/St_Johns Africa/Casablanca Antarctica/Troll Australia/Lord_Howe Pacific/Apia Pacific/Chatham',
].flatMap((names) => names.split(' '));

// The zones that have skipped a whole date since 2000 (30 December 2011).
const skippedDate = (zone: string): boolean => ['Pacific/Apia', 'Pacific/Fakaofo'].includes(zone);

const zones = fc.oneof(
  { arbitrary: fc.constantFrom(...SAMPLE), weight: 3 },
  { arbitrary: fc.constantFrom(...Intl.supportedValuesOf('timeZone')), weight: 1 },
);
const instants = fc.date({ min: new Date(FROM), max: new Date(TO), noInvalidDate: true });
const cadences: fc.Arbitrary<Cadence> = fc.record({
  interval: fc.constantFrom<Interval>('day', 'week', 'month', 'year'),
  count: fc.oneof(fc.constantFrom(1, 2, 3, 6, 12), fc.integer({ min: 1, max: 400 })),
});
// Keeps k cadences within about a century of the anchor.
const reach: Record<Interval, number> = { day: 36_500, week: 5_200, month: 1_200, year: 100 };
const cases = fc
  .record({ anchor: instants, cadence: cadences, zone: zones, share: fc.integer({ min: -1_000, max: 1_000 }) })
  .map(({ share, ...rest }) => ({
    ...rest,
    // Adding 0 makes -0, which no comparison with an index would equal, a plain 0.
    k: Math.trunc((share * reach[rest.cadence.interval]) / rest.cadence.count / 1_000) + 0,
  }));

/** A refusal has a code for programs and a message for people, which shows them what was wrong. */
const coded = (code: string, shown: string) =>
  expect.objectContaining({ name: 'CalendarError', code, message: expect.stringContaining(shown) });

function zoned(instant: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone);
}

/** The same rule told to Temporal, but for the anchor itself and the dates a zone skipped. */
function byTemporal(anchor: Date, { interval, count }: Cadence, zone: string, k: number): number {
  return zoned(anchor, zone)
    .toPlainDateTime()
    .add({ [`${interval}s`]: count * k })
    .toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

function transitions(zone: string): number[] {
  const found: number[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(FROM).toZonedDateTimeISO(zone).getTimeZoneTransition('next');
  while (at !== null && at.epochMilliseconds < TO) {
    found.push(at.epochMilliseconds);
    at = at.getTimeZoneTransition('next');
  }
  return found;
}

describe('periods', () => {
  it('abut, never overlap and strictly increase', () => {
    fc.assert(
      fc.property(cases, ({ anchor, cadence, zone, k }) => {
        const [at, next] = [period(anchor, cadence, zone, k), period(anchor, cadence, zone, k + 1)];
        expect(next.start).toEqual(at.end);
        for (const { start, end } of [at, next]) expect(end.getTime()).toBeGreaterThan(start.getTime());
      }),
      { numRuns: 300 },
    );
  });

  it('start where Temporal says', () => {
    fc.assert(
      fc.property(cases, ({ anchor, cadence, zone, k }) => {
        const expected = k === 0 ? anchor.getTime() : byTemporal(anchor, cadence, zone, k);
        const early = expected - periodStart(anchor, cadence, zone, k).getTime();
        expect([0, skippedDate(zone) ? DAY / 2 : 0]).toContain(early);
      }),
      { numRuns: 300 },
    );
  });

  it('fall on the anchor day or the last of the month, as Intl tells the local date', () => {
    fc.assert(
      fc.property(cases, ({ anchor, cadence, zone, k }) => {
        const start = periodStart(anchor, cadence, zone, k);
        const from = localFields(anchor, zone);
        const to = localFields(start, zone);
        fc.pre(from.time === to.time);
        const monthLength = new Date(Date.UTC(to.year, to.month, 0)).getUTCDate();
        if (cadence.interval === 'month' || cadence.interval === 'year') {
          expect(to.day).toBe(Math.min(from.day, monthLength));
          const months = cadence.interval === 'year' ? 12 : 1;
          expect((to.year - from.year) * 12 + to.month - from.month).toBe(k * cadence.count * months);
        } else {
          const days = Date.UTC(to.year, to.month - 1, to.day) - Date.UTC(from.year, from.month - 1, from.day);
          expect(days / DAY).toBe(k * cadence.count * (cadence.interval === 'week' ? 7 : 1));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('do not drift: each one computed directly is where walking from the first arrives', () => {
    fc.assert(
      fc.property(instants, cadences, zones, (anchor, { interval, count }, zone) => {
        const cadence = { interval, count: Math.min(count, 30) };
        let at = period(anchor, cadence, zone, 0);
        for (let k = 1; k <= 24; k += 1) {
          const next = periodIndexAt(anchor, cadence, zone, at.end);
          expect(next).toBe(k);
          at = period(anchor, cadence, zone, next);
        }
        expect(at).toEqual(period(anchor, cadence, zone, 24));
      }),
      { numRuns: 60 },
    );
  });

  it('are found again from any instant inside them', () => {
    fc.assert(
      fc.property(cases, fc.maxSafeNat(), (c, n) => {
        const { start, end } = period(c.anchor, c.cadence, c.zone, c.k);
        const inside = new Date(start.getTime() + (n % (end.getTime() - start.getTime())));
        const index = (instant: Date): number => periodIndexAt(c.anchor, c.cadence, c.zone, instant);
        expect(index(start)).toBe(c.k);
        expect(index(inside)).toBe(c.k);
        expect(index(new Date(end.getTime() - 1))).toBe(c.k);
        expect(index(end)).toBe(c.k + 1);
      }),
      { numRuns: 300 },
    );
  });
});

function localFields(instant: Date, zone: string): { year: number; month: number; day: number; time: string } {
  // Swedish writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const [date = '', time = ''] = format.format(instant).split(' ');
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return { year, month, day, time };
}

describe('every change of clocks from 2000 to 2100', () => {
  it.each(SAMPLE)('%s: daily periods around it keep order and agree with Temporal', (zone) => {
    const daily: Cadence = { interval: 'day', count: 1 };
    for (const at of transitions(zone)) {
      // Local times before, inside and after what is skipped or repeated.
      for (const minutes of [-61, -30, -1, 0, 1, 29, 31, 59, 61]) {
        const anchor = new Date(at - 3 * DAY + minutes * 60_000);
        let previous = anchor.getTime();
        for (let k = 1; k <= 5; k += 1) {
          const start = periodStart(anchor, daily, zone, k).getTime();
          if (start <= previous) expect.fail(`${zone} ${anchor.toISOString()} period ${k} is empty`);
          const early = byTemporal(anchor, daily, zone, k) - start;
          if (early !== 0 && !(skippedDate(zone) && early === DAY / 2)) expect.fail(`${zone} ${anchor.toISOString()} period ${k}`);
          previous = start;
        }
      }
    }
  });
});

describe('clocks that move', () => {
  const monthly: Cadence = { interval: 'month', count: 1 };
  const daily: Cadence = { interval: 'day', count: 1 };
  const starts = (anchor: string, cadence: Cadence, zone: string, ks: number[]): string[] =>
    ks.map((k) => periodStart(new Date(anchor), cadence, zone, k).toISOString().replace('.000Z', 'Z'));

  it('forward: a skipped local time moves by what is skipped and comes back the next period', () => {
    expect(starts('2024-02-10T10:30:00Z', monthly, 'America/Los_Angeles', [1, 2])).toEqual([
      '2024-03-10T10:30:00Z',
      '2024-04-10T09:30:00Z',
    ]);
  });

  it('back: a repeated local time is the first one', () => {
    expect(starts('2024-10-03T08:30:00Z', monthly, 'America/Los_Angeles', [1, 2])).toEqual([
      '2024-11-03T08:30:00Z',
      '2024-12-03T09:30:00Z',
    ]);
  });

  it('back: an anchor in the second pass of the hour is its own start', () => {
    expect(starts('2024-11-03T09:30:00Z', daily, 'America/Los_Angeles', [-1, 0, 1])).toEqual([
      '2024-11-02T08:30:00Z',
      '2024-11-03T09:30:00Z',
      '2024-11-04T09:30:00Z',
    ]);
  });

  it('over a date line: two daily periods share the day that follows the skipped date', () => {
    expect(starts('2011-12-29T10:00:00Z', daily, 'Pacific/Apia', [0, 1, 2])).toEqual([
      '2011-12-29T10:00:00Z',
      '2011-12-29T22:00:00Z',
      '2011-12-30T10:00:00Z',
    ]);
    expect(starts('2011-12-23T10:00:00Z', { interval: 'week', count: 1 }, 'Pacific/Apia', [1])).toEqual(['2011-12-30T10:00:00Z']);
  });

  it('forward: a day of 23 hours is a whole one', () => {
    const index = (instant: string): number => periodIndexAt(new Date('2024-03-09T20:00:00Z'), daily, 'America/Los_Angeles', new Date(instant));
    expect([index('2024-03-10T18:59:59.999Z'), index('2024-03-10T19:00:00Z')]).toEqual([0, 1]);
  });

  it('back: an instant in the second pass lies after a start in the first', () => {
    const index = periodIndexAt(new Date('2024-11-01T08:30:00Z'), daily, 'America/Los_Angeles', new Date('2024-11-03T09:10:00Z'));
    expect(index).toBe(2);
  });
});

describe('addDays', () => {
  it('keeps the local hour over a change of clocks', () => {
    expect(addDays(new Date('2024-03-30T12:00:00Z'), 1, 'Europe/Paris')).toEqual(new Date('2024-03-31T11:00:00Z'));
    expect(addDays(new Date('2024-03-31T11:00:00Z'), -1, 'Europe/Paris')).toEqual(new Date('2024-03-30T12:00:00Z'));
  });

  it('is where a daily period starts', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -800, max: 800 }), zones, (instant, days, zone) => {
        fc.pre(!skippedDate(zone));
        expect(addDays(instant, days, zone)).toEqual(periodStart(instant, { interval: 'day', count: 1 }, zone, days));
      }),
    );
  });

  it('leaves an instant in a repeated hour where it is when no days are added', () => {
    const second = new Date('2024-11-03T09:30:00Z');
    expect(addDays(second, 0, 'America/Los_Angeles')).toEqual(second);
  });
});

describe('durations', () => {
  it.each([
    ['45s', 45_000],
    ['30m', 1_800_000],
    ['1h', HOUR],
    ['3d', 3 * DAY],
    ['2w', 14 * DAY],
    ['99999d', 99_999 * DAY],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '1', 'd', '0d', '01d', '-1d', '1.5h', '1D', ' 1d', '1d\n', '1d2h', '100000d', '1y', '1mo'])(
    '%j is not a duration',
    (text) => {
      expect(() => parseDuration(text)).toThrow(coded('duration_invalid', `not a duration: ${text}`));
    },
  );

  it('counts a day as 24 elapsed hours, whatever the clocks do', () => {
    expect(addDuration(new Date('2024-03-30T12:00:00Z'), '1d')).toEqual(new Date('2024-03-31T12:00:00Z'));
  });
});

describe('time zones', () => {
  it.each([...SAMPLE, 'Asia/Calcutta', 'US/Pacific', 'Etc/GMT+8', 'Asia/Urumqi'])('%s is one', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', '+08:00', 'asia/shanghai', 'Asia/Atlantis', 'Asia/Shanghai ', 'Asia/Shanghai[u-ca=iso8601]', 'Z', 8, null])(
    '%j is none',
    (name) => {
      expect(isTimeZone(name)).toBe(false);
    },
  );
});

describe('refusals', () => {
  const anchor = new Date('2024-01-31T00:00:00Z');
  const monthly: Cadence = { interval: 'month', count: 1 };

  it.each([
    ['instant_invalid', 'not a date', () => periodStart(new Date(NaN), monthly, 'UTC', 1)],
    ['instant_invalid', 'not a date', () => periodIndexAt(anchor, monthly, 'UTC', new Date(NaN))],
    ['cadence_invalid', 'every 0 month', () => periodStart(anchor, { interval: 'month', count: 0 }, 'UTC', 1)],
    ['cadence_invalid', 'every 1.5 month', () => periodStart(anchor, { interval: 'month', count: 1.5 }, 'UTC', 0)],
    ['cadence_invalid', 'every 1 constructor', () => periodStart(anchor, { interval: 'constructor' as Interval, count: 1 }, 'UTC', 1)],
    ['count_invalid', 'not an integer: 0.5', () => periodStart(anchor, monthly, 'UTC', 0.5)],
    ['count_invalid', 'not an integer: NaN', () => addDays(anchor, NaN, 'UTC')],
    ['time_zone_invalid', 'Mars/Olympus', () => periodStart(anchor, monthly, 'Mars/Olympus', 1)],
    ['instant_out_of_range', '1000 to 9999', () => periodStart(anchor, monthly, 'UTC', 12 * 8_000)],
    ['instant_out_of_range', 'NaN', () => periodStart(anchor, monthly, 'UTC', Number.MAX_SAFE_INTEGER)],
    ['instant_out_of_range', '1000 to 9999', () => addDays(anchor, -400_000, 'UTC')],
    ['instant_out_of_range', '1000 to 9999', () => addDuration(new Date('9999-12-30T12:00:00Z'), '1d')],
  ])('%s', (code, shown, run) => {
    expect(run).toThrow(coded(code, shown));
  });
});
