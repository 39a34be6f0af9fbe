import { describe, expect, it } from 'vitest';
import { leaveTime, outsideHours } from './hours.js';

const out = (at: string, zone: string, from: string, to: string) => outsideHours(new Date(at), { from, to }, zone).toISOString();

describe('quiet hours', () => {
  it('that nobody keeps move nothing', () => {
    const at = new Date('2026-03-01T20:00:00Z');
    expect(outsideHours(at, null, 'Asia/Shanghai')).toBe(at);
  });

  it.each([
    ['before the night', '2026-03-01T12:59:59.999Z', '2026-03-01T12:59:59.999Z'],
    ['as the night begins', '2026-03-01T13:00:00Z', '2026-03-02T00:00:00.000Z'],
    ['after midnight', '2026-03-01T17:00:00Z', '2026-03-02T00:00:00.000Z'],
    ['in its last moment', '2026-03-01T23:59:59.999Z', '2026-03-02T00:00:00.000Z'],
    ['as it ends', '2026-03-02T00:00:00Z', '2026-03-02T00:00:00.000Z'],
  ])('over midnight (21:00 to 08:00 in Shanghai), %s', (_, at, moved) => {
    expect(out(at, 'Asia/Shanghai', '21:00', '08:00')).toBe(moved);
  });

  it.each([
    ['before', '2026-03-01T03:59:00Z', '2026-03-01T03:59:00.000Z'],
    ['within', '2026-03-01T04:00:00Z', '2026-03-01T06:00:00.000Z'],
    ['after', '2026-03-01T06:00:00Z', '2026-03-01T06:00:00.000Z'],
  ])('of a single day (12:00 to 14:00 in Shanghai), %s', (_, at, moved) => {
    expect(out(at, 'Asia/Shanghai', '12:00', '14:00')).toBe(moved);
  });

  it.each([['00:00', '24:00'], ['08:00', '08:00']])('that leave no hour free, as from %s to %s, are not kept: nobody waits for ever', (from, to) => {
    expect(out('2026-03-01T12:30:00Z', 'Asia/Shanghai', from, to)).toBe('2026-03-01T12:30:00.000Z');
  });

  it.each([['00:00', '24:00', false], ['00:00', '23:59', true], ['00:01', '24:00', true], ['22:00', '08:00', true]])('from %s to %s leave an hour free: %s', (from, to, free) => {
    expect(leaveTime({ from, to })).toBe(free);
  });

  it('to midnight end at midnight', () => {
    expect(out('2026-03-01T15:30:00Z', 'Asia/Shanghai', '22:00', '24:00')).toBe('2026-03-01T16:00:00.000Z');
  });

  it('end by the clock on the wall, also in the night that is an hour shorter', () => {
    expect(out('2026-03-28T22:00:00Z', 'Europe/Paris', '22:00', '08:00')).toBe('2026-03-29T06:00:00.000Z');
  });
});
