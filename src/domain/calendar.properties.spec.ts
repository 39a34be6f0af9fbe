import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, it } from 'vitest';
import { period, periodIndexAt, periodStart, type Cadence, type Interval } from './calendar.js';
import { atLength, report, runs } from './testing/runs.js';

const DAY = 86_400_000;
const PERIODS = 120;
/** No zone's offset has moved by more than the day of a date line and an hour of summer time. */
const FURTHEST = 25 * 3_600_000;
const FROM = Date.UTC(2000, 0, 1);
const TO = Date.UTC(2101, 0, 1);
const ZONES = Intl.supportedValuesOf('timeZone');

/** The zones that have skipped a whole date since 2000: two daily periods share the day after it. */
const skippedDate = (zone: string): boolean => ['Pacific/Apia', 'Pacific/Fakaofo'].includes(zone);

// 120 periods of any of them end within the 23rd century, where rules of the clocks are still the last known ones.
const LARGEST: { readonly [I in Interval]: number } = { day: 90, week: 13, month: 12, year: 1 };
const cadences: fc.Arbitrary<Cadence> = fc
  .constantFrom<Interval>('day', 'week', 'month', 'year')
  .chain((interval) => fc.record({ interval: fc.constant(interval), count: fc.integer({ min: 1, max: LARGEST[interval] }) }));

function hold(law: boolean, broken: () => string): void {
  if (!law) throw new Error(broken());
}

function byTemporal(anchor: Date, { interval, count }: Cadence, zone: string, k: number): number {
  const local = Temporal.Instant.fromEpochMilliseconds(anchor.getTime()).toZonedDateTimeISO(zone).toPlainDateTime();
  return local.add({ [`${interval}s`]: count * k }).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

function agreesWithTemporal(anchor: Date, cadence: Cadence, zone: string, k: number): void {
  const start = periodStart(anchor, cadence, zone, k);
  const early = byTemporal(anchor, cadence, zone, k) - start.getTime();
  const shared = skippedDate(zone) && early === DAY / 2;
  hold(early === 0 || shared, () => `period ${k} of ${anchor.toISOString()} starts at ${start.toISOString()} in ${zone}`);
}

/** Where period `k` would start if the zone kept the anchor's offset from UTC, `offset` ms, for ever. */
function nominal(anchor: Date, { interval, count }: Cadence, offset: number, k: number): number {
  if (interval === 'day' || interval === 'week') return anchor.getTime() + k * count * (interval === 'week' ? 7 : 1) * DAY;
  const local = new Date(anchor.getTime() + offset);
  const month = local.getUTCMonth() + k * count * (interval === 'year' ? 12 : 1);
  const last = new Date(Date.UTC(local.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return Date.UTC(local.getUTCFullYear(), month, Math.min(local.getUTCDate(), last)) + (local.getTime() % DAY) - offset;
}

describe('120 periods of any cadence, from any anchor, in any zone', () => {
  it('follow on one another without gap, overlap or drift', () => {
    const cases = fc.record({
      zone: fc.constantFrom(...ZONES),
      anchor: fc.date({ min: new Date(FROM), max: new Date(TO), noInvalidDate: true }),
      cadence: cadences,
      k: fc.integer({ min: 1, max: PERIODS }),
    });
    let combinations = 0;
    fc.assert(
      fc.property(cases, ({ zone, anchor, cadence, k }) => {
        const offset = Temporal.Instant.fromEpochMilliseconds(anchor.getTime()).toZonedDateTimeISO(zone).offsetNanoseconds / 1_000_000;
        let previous = anchor.getTime();
        for (let n = 1; n <= PERIODS; n += 1) {
          const start = periodStart(anchor, cadence, zone, n).getTime();
          hold(start > previous, () => `period ${n} is empty`);
          hold(Math.abs(start - nominal(anchor, cadence, offset, n)) <= FURTHEST, () => `period ${n} has drifted`);
          previous = start;
        }
        const one = period(anchor, cadence, zone, k);
        hold(one.start.getTime() === period(anchor, cadence, zone, k - 1).end.getTime(), () => `there is a gap before period ${k}`);
        hold(periodIndexAt(anchor, cadence, zone, one.start) === k, () => `period ${k} is not found at its start`);
        hold(periodIndexAt(anchor, cadence, zone, new Date(one.end.getTime() - 1)) === k, () => `period ${k} is not found at its end`);
        agreesWithTemporal(anchor, cadence, zone, k);
        combinations += 1;
      }),
      runs(200),
    );
    report(`${combinations} combinations of ${ZONES.length} zones, ${combinations * PERIODS} periods, ${combinations} compared with Temporal`);
  });
});

describe('every change of the clocks from 2000 to 2100', () => {
  function changes(zone: string): number[] {
    const found: number[] = [];
    let at = Temporal.Instant.fromEpochMilliseconds(FROM).toZonedDateTimeISO(zone).getTimeZoneTransition('next');
    for (; at !== null && at.epochMilliseconds < TO; at = at.getTimeZoneTransition('next')) found.push(at.epochMilliseconds);
    return found;
  }

  /** Local times before, inside and after what is skipped or repeated, in minutes. */
  const AROUND = [-61, -30, -1, 0, 1, 29, 31, 59, 61];
  const DAILY: Cadence = { interval: 'day', count: 1 };

  it('is passed in order and as Temporal does', () => {
    // All zones at length; else three, whichever the seed picks.
    const zones = atLength ? ZONES : fc.sample(fc.constantFrom(...ZONES), 3);
    let passed = 0;
    for (const zone of zones) {
      for (const at of changes(zone)) {
        passed += 1;
        for (const minutes of AROUND) {
          const anchor = new Date(at - 3 * DAY + minutes * 60_000);
          let previous = anchor.getTime();
          for (let k = 1; k <= 4; k += 1) {
            const start = periodStart(anchor, DAILY, zone, k).getTime();
            hold(start > previous, () => `daily period ${k} of ${anchor.toISOString()} in ${zone} is empty`);
            previous = start;
          }
          agreesWithTemporal(anchor, DAILY, zone, 3);
        }
      }
    }
    report(`${passed} changes of the clocks in ${zones.length} zones, ${passed * AROUND.length * 4} daily periods around them`);
  });
});
