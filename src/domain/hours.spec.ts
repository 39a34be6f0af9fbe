import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localOf } from './calendar.js';
import { withinHours } from './hours.js';

const moved = (at: string, from: string, to: string, zone = 'Asia/Shanghai'): string =>
  withinHours(new Date(at), { from, to }, zone).toISOString();

describe('hours that are kept', () => {
  it.each([
    ['inside', '2026-03-10T02:00:00.000Z', '2026-03-10T02:00:00.000Z'],
    ['at their beginning', '2026-03-10T01:00:00.000Z', '2026-03-10T01:00:00.000Z'],
    ['just before them', '2026-03-10T00:59:59.999Z', '2026-03-10T01:00:00.000Z'],
    ['at their end', '2026-03-10T13:00:00.000Z', '2026-03-11T01:00:00.000Z'],
    ['just before their end', '2026-03-10T12:59:59.999Z', '2026-03-10T12:59:59.999Z'],
    ['in the night', '2026-03-10T18:00:00.000Z', '2026-03-11T01:00:00.000Z'],
  ])('from 09:00 to 21:00 in Shanghai: %s', (_, at, expected) => expect(moved(at, '09:00', '21:00')).toBe(expected));

  it.each([
    ['in the evening', '2026-03-10T15:00:00.000Z', '2026-03-10T15:00:00.000Z'],
    ['after midnight', '2026-03-10T17:00:00.000Z', '2026-03-10T17:00:00.000Z'],
    ['in the morning', '2026-03-10T22:00:00.000Z', '2026-03-11T14:00:00.000Z'],
  ])('over midnight, from 22:00 to 06:00: %s', (_, at, expected) => expect(moved(at, '22:00', '06:00')).toBe(expected));

  it('last until midnight where they end at 24:00', () => {
    expect(moved('2026-03-10T15:59:59.999Z', '12:00', '24:00')).toBe('2026-03-10T15:59:59.999Z');
    expect(moved('2026-03-10T16:00:00.000Z', '12:00', '24:00')).toBe('2026-03-11T04:00:00.000Z');
  });

  it('hold before 1970 too', () => expect(moved('1969-03-10T18:00:00.000Z', '09:00', '21:00', 'UTC')).toBe('1969-03-10T18:00:00.000Z'));

  it('keep the local hour when the clocks change', () => {
    expect(moved('2026-03-28T22:00:00Z', '09:00', '10:00', 'Europe/Paris')).toBe('2026-03-29T07:00:00.000Z');
    expect(moved('2026-10-24T22:00:00Z', '09:00', '10:00', 'Europe/Paris')).toBe('2026-10-25T08:00:00.000Z');
  });

  it('do not exist on the day that skips them', () => {
    expect(moved('2026-03-28T22:00:00Z', '02:00', '02:30', 'Europe/Paris')).toBe('2026-03-30T00:00:00.000Z');
    expect(moved('2026-03-28T22:00:00Z', '02:30', '04:00', 'Europe/Paris'), 'their rest does').toBe('2026-03-29T01:30:00.000Z');
  });

  it('move nothing where none are kept', () => {
    const at = new Date('2026-03-10T18:00:00Z');
    expect(withinHours(at, null, 'Asia/Shanghai')).toBe(at);
  });

  it('are met within two days, wherever and whenever', () => {
    const time = fc.integer({ min: 0, max: 1439 }).map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`);
    const zones = fc.constantFrom('Asia/Shanghai', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Asia/Kathmandu');
    const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2037-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, time, time, zones, (at, from, to, zone) => {
        fc.pre(from !== to);
        const then = withinHours(at, { from, to }, zone);
        const shown = new Date(localOf(then, zone)).toISOString().slice(11, 16);
        const inside = from < to ? shown >= from && shown < to : shown >= from || shown < to;
        expect(inside).toBe(true);
        expect(then.getTime() - at.getTime()).toBeGreaterThanOrEqual(0);
        expect(then.getTime() - at.getTime()).toBeLessThan(49 * 3_600_000);
      }),
      { numRuns: 2_000 },
    );
  });
});
