import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';

import { addDays, period, periodIndexAt, periodStart, type Cadence } from '../../src/domain/calendar.js';
import { allocate, money } from '../../src/domain/money.js';

const every = (count: number, interval: Cadence['interval']): Cadence => ({ interval, count });

/** The instant of a civil date-time, as a merchant would write it down. */
const at = (civil: string, zone: string): Date =>
  new Date(Temporal.PlainDateTime.from(civil).toZonedDateTime(zone).epochMilliseconds);

const civilOf = (instant: Date, zone: string): Temporal.PlainDateTime =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone).toPlainDateTime();

describe('period starts, by local date', () => {
  const rows: {
    id: string;
    cadence: Cadence;
    start: string;
    /** Period number → expected local date. */
    expected: Record<number, string>;
  }[] = [
    {
      id: 'A01 common year',
      cadence: every(1, 'month'),
      start: '2023-01-31',
      expected: { 1: '2023-02-28', 2: '2023-03-31', 3: '2023-04-30', 4: '2023-05-31' },
    },
    {
      id: 'A01 leap year',
      cadence: every(1, 'month'),
      start: '2024-01-31',
      expected: { 1: '2024-02-29', 2: '2024-03-31', 3: '2024-04-30', 13: '2025-02-28', 14: '2025-03-31' },
    },
    {
      id: 'A09',
      cadence: every(3, 'month'),
      start: '2022-04-30',
      expected: { 3: '2023-01-30', 4: '2023-04-30', 5: '2023-07-30', 6: '2023-10-30' },
    },
    {
      id: 'A12',
      cadence: every(3, 'month'),
      start: '2021-05-31',
      expected: { 7: '2023-02-28', 9: '2023-08-31', 10: '2023-11-30', 11: '2024-02-29' },
    },
    {
      id: 'A17',
      cadence: every(1, 'year'),
      start: '2021-02-28',
      expected: { 2: '2023-02-28', 3: '2024-02-28', 4: '2025-02-28', 7: '2028-02-28' },
    },
    {
      id: 'A27',
      cadence: every(1, 'month'),
      start: '2024-01-31',
      expected: { 1: '2024-02-29', 2: '2024-03-31', 3: '2024-04-30' },
    },
  ];

  describe.each(rows)('$id', ({ cadence, start, expected }) => {
    it.each(['UTC', 'Asia/Shanghai', 'Europe/Paris', 'America/Los_Angeles'])('in %s', (zone) => {
      const anchor = at(start, zone);
      const found = Object.keys(expected).map((k) => [
        k,
        civilOf(periodStart(anchor, cadence, zone, Number(k)), zone).toPlainDate().toString(),
      ]);
      expect(Object.fromEntries(found)).toEqual(expected);
    });
  });
});

describe('the period that contains an instant', () => {
  it.each([
    { id: 'A32', instant: '2025-08-13T20:00:00Z', start: '2025-07-31T15:00:00Z', end: '2025-08-31T15:00:00Z' },
    { id: 'A33', instant: '2025-09-30T15:00:00Z', start: '2025-09-30T15:00:00Z', end: '2025-10-31T15:00:00Z' },
  ])('$id', ({ instant, start, end }) => {
    const anchor = new Date('2025-01-31T15:00:00Z');
    const k = periodIndexAt(anchor, every(1, 'month'), 'UTC', new Date(instant));
    expect(period(anchor, every(1, 'month'), 'UTC', k)).toEqual({ start: new Date(start), end: new Date(end) });
  });
});

describe('local time', () => {
  it('A37 every two months at +05:30 lands on the last of February at the same hour', () => {
    const anchor = new Date('2024-12-31T10:37:00+05:30');
    expect(periodStart(anchor, every(2, 'month'), 'Asia/Kolkata', 1)).toEqual(new Date('2025-02-28T10:37:00+05:30'));
  });

  it('B04 Juneau, day 1: nineteen months over three clock changes are nineteen periods from 1st to 1st', () => {
    const zone = 'America/Juneau';
    const anchor = at('2015-05-01T00:00', zone);
    const periods = Array.from({ length: 19 }, (_, k) => period(anchor, every(1, 'month'), zone, k));
    for (const { start, end } of periods) {
      expect(civilOf(start, zone)).toMatchObject({ day: 1, hour: 0, minute: 0 });
      expect(civilOf(end, zone)).toMatchObject({ day: 1, hour: 0, minute: 0 });
    }
    const overChange = periods.filter(({ start, end }) => start.getUTCHours() !== end.getUTCHours());
    expect(overChange).toHaveLength(3);
    const months = periods.map(({ start }) => civilOf(start, zone).toPlainDate().toString().slice(0, 7));
    expect(new Set(months).size).toBe(19);
  });

  it('B06 Los Angeles, 02:00 on the day the clocks skip it: accepted, day 8 every month', () => {
    const zone = 'America/Los_Angeles';
    const anchor = at('2015-03-08T02:00', zone);
    expect(anchor).toEqual(new Date('2015-03-08T10:00:00Z'));
    const days = Array.from({ length: 24 }, (_, k) => civilOf(periodStart(anchor, every(1, 'month'), zone, k), zone).day);
    expect(new Set(days)).toEqual(new Set([8]));
  });

  it('B13 weekly in Paris: sweeps around one local midnight cross one boundary', () => {
    const zone = 'Europe/Paris';
    const anchor = at('2023-05-02', zone);
    const swept = ['21T22:00', '22T20:00', '22T21:00', '22T22:00', '22T22:10', '23T20:00', '23T21:00'];
    const found = swept.map((time) => periodIndexAt(anchor, every(1, 'week'), zone, new Date(`2023-05-${time}:00Z`)));
    expect(found).toEqual([2, 2, 2, 3, 3, 3, 3]);
  });
});

describe('trials', () => {
  it.each(['UTC', 'Asia/Shanghai'])('E08 in %s: the end of a trial becomes the anchor', (zone) => {
    const trialEnd = addDays(new Date('2024-04-28T12:00:00Z'), 7, zone);
    expect(trialEnd).toEqual(new Date('2024-05-05T12:00:00Z'));
    expect(civilOf(trialEnd, zone).day).toBe(5);
    expect(periodStart(trialEnd, every(1, 'month'), zone, 1)).toEqual(new Date('2024-06-05T12:00:00Z'));
  });
});

describe('largest remainder', () => {
  it.each([
    { amount: 1_500, weights: [1_000, 1_000], parts: [750, 750] },
    { amount: 750, weights: [300, 1_200], parts: [150, 600] },
    { amount: 100, weights: [100, 200], parts: [33, 67] },
  ])('F06 $amount over $weights', ({ amount, weights, parts }) => {
    expect(allocate(money(amount), weights)).toEqual(parts);
  });
});
