import { Temporal } from 'temporal-polyfill';

export type Interval = 'day' | 'week' | 'month' | 'year';

/** How often a subscription renews: every `count` intervals, `count` an integer of at least 1. */
export interface Cadence {
  readonly interval: Interval;
  readonly count: number;
}

/** A half-open span of time, `[start, end)`. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

export type CalendarErrorCode =
  | 'instant_invalid'
  | 'instant_out_of_range'
  | 'cadence_invalid'
  | 'count_invalid'
  | 'time_zone_invalid'
  | 'duration_invalid';

/** Thrown where a date cannot be computed from what was given. */
export class CalendarError extends RangeError {
  override readonly name = 'CalendarError';

  constructor(
    readonly code: CalendarErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const DAY_MS = 86_400_000;
/** Over the 400 years in which the calendar repeats itself. */
const MEAN_MONTH_DAYS = 30.436875;

// RFC 3339 writes years with four digits, and Date.UTC reads years below 100 as 19xx.
const EARLIEST_MS = Date.parse('1000-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T00:00:00Z');

/** How far one interval moves a local date: by days or by months. */
const STEPS: Readonly<Record<Interval, { readonly days: number; readonly months: number }>> = {
  day: { days: 1, months: 0 },
  week: { days: 7, months: 0 },
  month: { days: 0, months: 1 },
  year: { days: 0, months: 12 },
};

/**
 * The instant at which period `k` of a subscription starts: the anchor's local date and time in
 * `timeZone` plus `k` cadences, as one instant. Always computed from the anchor, so a day that a
 * month lacks becomes that month's last day and the next month returns to the anchor's (31 Jan →
 * 28 Feb → 31 Mar), as Stripe's billing cycle anchor does. A local time that the clocks skip moves
 * forward by what they skip; one that occurs twice is the first. Period 0 starts at the anchor
 * itself, negative periods lie before it, and starts strictly increase with `k`.
 *
 * @param timeZone IANA name, see {@link isTimeZone}
 * @param k any integer
 * @throws CalendarError `instant_invalid`, `cadence_invalid`, `count_invalid`, `time_zone_invalid`,
 *   or `instant_out_of_range` beyond the years 1000 to 9999
 */
export function periodStart(anchor: Date, cadence: Cadence, timeZone: string, k: number): Date {
  return new Date(startOf(epochMs(anchor), checked(cadence), zoneNamed(timeZone), integer(k)));
}

/**
 * Period `k` of a subscription: `[periodStart(k), periodStart(k + 1))`, never empty, so that
 * consecutive periods abut without gap or overlap.
 * @throws CalendarError as {@link periodStart}
 */
export function period(anchor: Date, cadence: Cadence, timeZone: string, k: number): Period {
  return {
    start: periodStart(anchor, cadence, timeZone, k),
    end: periodStart(anchor, cadence, timeZone, k + 1),
  };
}

/**
 * The `k` whose period contains `instant`: `start ≤ instant < end`; negative before the anchor.
 * @throws CalendarError as {@link periodStart}
 */
export function periodIndexAt(anchor: Date, cadence: Cadence, timeZone: string, instant: Date): number {
  const from = epochMs(anchor);
  const at = epochMs(instant);
  const zone = zoneNamed(timeZone);
  // A guess that the loops mend by a step or two.
  let k = Math.floor((at - from) / (meanDays(checked(cadence)) * DAY_MS));
  while (startOf(from, cadence, zone, k) > at) k -= 1;
  while (startOf(from, cadence, zone, k + 1) <= at) k += 1;
  return k;
}

/**
 * `days` calendar days after `instant` (before it, if negative) at the same local time in
 * `timeZone`: a 7-day trial keeps its hour across a change of clocks.
 * @throws CalendarError as {@link periodStart}
 */
export function addDays(instant: Date, days: number, timeZone: string): Date {
  const from = epochMs(instant);
  const zone = zoneNamed(timeZone);
  if (integer(days) === 0) return new Date(from);
  return new Date(toInstant(from + offsetAt(zone, from) + days * DAY_MS, zone, 0));
}

/**
 * What the clocks of `timeZone` show at `instant`, as the epoch milliseconds that it would be in UTC.
 * @throws CalendarError `instant_invalid`, `instant_out_of_range`, `time_zone_invalid`
 */
export function localOf(instant: Date, timeZone: string): number {
  const at = epochMs(instant);
  return at + offsetAt(zoneNamed(timeZone), at);
}

/**
 * When the clocks of `timeZone` show `local` (see {@link localOf}): a time that they skip moves forward by what
 * they skip, one that occurs twice is the first.
 * @throws CalendarError `instant_out_of_range`, `time_zone_invalid`
 */
export function instantOf(local: number, timeZone: string): Date {
  return new Date(toInstant(local, zoneNamed(timeZone), 0));
}

export const DURATION = /^([1-9]\d{0,4})([smhdw])$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS } as const;

/**
 * Milliseconds in a wait such as `30m`, `1h` or `3d`: a whole number from 1 to 99999 and one of
 * s, m, h, d, w. A day is 24 elapsed hours and a week seven such days, in every time zone: a wait
 * between two tries is a distance, not a date.
 * @throws CalendarError `duration_invalid`
 */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) throw new CalendarError('duration_invalid', `not a duration: ${text}`);
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/**
 * The instant a wait after `instant` ends, see {@link parseDuration}.
 * @throws CalendarError `duration_invalid`, `instant_invalid`, `instant_out_of_range`
 */
export function addDuration(instant: Date, duration: string): Date {
  return new Date(inRange(epochMs(instant) + parseDuration(duration)));
}

/**
 * Whether a value names a time zone of the IANA database, in the database's own spelling. Bare
 * offsets such as `+08:00` are none: they know no changes of clocks.
 */
export function isTimeZone(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) return false;
  try {
    return new Temporal.ZonedDateTime(0n, value).timeZoneId === value;
  } catch {
    return false;
  }
}

// Local date-times are held as the epoch milliseconds they would have in UTC, so that civil
// arithmetic is integer arithmetic.

function startOf(anchor: number, cadence: Cadence, zone: Zone, k: number): number {
  // An anchor in the second pass of a repeated hour would resolve to the first.
  if (k === 0) return anchor;
  const step = STEPS[cadence.interval];
  const local = anchor + offsetAt(zone, anchor);
  if (step.months > 0) return toInstant(addMonths(local, step.months * cadence.count * k), zone, 0);
  const days = step.days * cadence.count;
  // Where a zone skipped a whole date (Samoa, 30 December 2011), moving forward by the gap lands on
  // the next day's start; half a day earlier parts the two daily periods evenly.
  return toInstant(local + days * k * DAY_MS, zone, days === 1 ? DAY_MS / 2 : 0);
}

function addMonths(local: number, months: number): number {
  const from = new Date(local);
  const month = from.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(from.getUTCFullYear(), month, Math.min(from.getUTCDate(), lastDay));
  return midnight + (local - Math.floor(local / DAY_MS) * DAY_MS);
}

function meanDays({ interval, count }: Cadence): number {
  const { days, months } = STEPS[interval];
  return count * (days + months * MEAN_MONTH_DAYS);
}

/** RFC 5545's and Temporal's "compatible" reading of a local time; `skippedDateLead` in ms. */
function toInstant(local: number, zone: Zone, skippedDateLead: number): number {
  inRange(local);
  const before = offsetAt(zone, local - DAY_MS);
  const first = local - before;
  if (offsetAt(zone, first) === before) return first;
  const after = offsetAt(zone, local + DAY_MS);
  const second = local - after;
  if (offsetAt(zone, second) === after) return second;
  return after - before < DAY_MS ? first : first - skippedDateLead;
}

// About nine years: few enough changes to scan, and only the years in use are ever looked up.
const STRETCH_MS = 2 ** 38;

/** Offsets from UTC in ms, each valid from the epoch ms beside it, for one stretch of time. */
interface Stretch {
  readonly from: number[];
  readonly offset: number[];
}

interface Zone {
  readonly name: string;
  readonly stretches: Map<number, Stretch>;
}

const zones = new Map<string, Zone>();

function zoneNamed(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    if (!isTimeZone(name)) throw new CalendarError('time_zone_invalid', `not an IANA time zone: ${String(name)}`);
    zone = { name, stretches: new Map() };
    zones.set(name, zone);
  }
  return zone;
}

function offsetAt(zone: Zone, instant: number): number {
  const index = Math.floor(instant / STRETCH_MS);
  let stretch = zone.stretches.get(index);
  if (stretch === undefined) {
    stretch = readStretch(zone.name, index * STRETCH_MS);
    zone.stretches.set(index, stretch);
  }
  let i = stretch.from.length - 1;
  while ((stretch.from[i] ?? 0) > instant) i -= 1;
  return stretch.offset[i] ?? 0;
}

function readStretch(name: string, start: number): Stretch {
  const stretch: Stretch = { from: [], offset: [] };
  let change: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(name);
  while (change !== null && change.epochMilliseconds < start + STRETCH_MS) {
    stretch.from.push(change.epochMilliseconds);
    stretch.offset.push(change.offsetNanoseconds / 1_000_000);
    change = change.getTimeZoneTransition('next');
  }
  return stretch;
}

function epochMs(instant: Date): number {
  const ms = instant.getTime();
  if (Number.isNaN(ms)) throw new CalendarError('instant_invalid', 'not a date');
  return inRange(ms);
}

function inRange(ms: number): number {
  if (ms >= EARLIEST_MS && ms <= LATEST_MS) return ms;
  throw new CalendarError('instant_out_of_range', `outside the years 1000 to 9999: ${ms}`);
}

function integer(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new CalendarError('count_invalid', `not an integer: ${value}`);
}

function checked(cadence: Cadence): Cadence {
  const known = Object.hasOwn(STEPS, cadence.interval);
  if (known && Number.isSafeInteger(cadence.count) && cadence.count >= 1) return cadence;
  throw new CalendarError('cadence_invalid', `not a cadence: every ${cadence.count} ${cadence.interval}`);
}
