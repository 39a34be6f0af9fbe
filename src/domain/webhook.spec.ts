import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from './events.js';
import { IllegalTransition } from './machine.js';
import { conclude, filtersFor, type HookAnswer, isEventFilter, isTaken, judgeEndpoint, nextTryAt, payloadOf } from './webhook.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = new Date('2026-03-01T00:00:00Z');
const after = (ms: number) => new Date(START.getTime() + ms);
const answer = (status: number | null): HookAnswer => ({ status, body: null, error: null, duration_ms: 1 });

describe('waits', () => {
  it('grow from five seconds to twelve hours', () => {
    const waits = Array.from({ length: 11 }, (_, i) => (nextTryAt(i + 1, START, START) as Date).getTime() - START.getTime());
    expect(waits).toEqual([
      5 * SECOND, 10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR,
    ]);
  });

  it('end after seven days, with one last try', () => {
    expect(nextTryAt(20, START, after(7 * DAY - HOUR))).toEqual(after(7 * DAY));
    expect(nextTryAt(20, START, after(7 * DAY - 1))).toEqual(after(7 * DAY));
    expect(nextTryAt(21, START, after(7 * DAY))).toBeNull();
    // Even what waited that long behind another is tried once; then it is over.
    expect(nextTryAt(1, START, after(8 * DAY))).toBeNull();
  });
});

describe('a try', () => {
  const delivery = { status: 'pending', attempts: 1, queued_at: START } as const;

  it.each([[200, true], [201, true], [204, true], [299, true], [199, false], [300, false], [301, false], [304, false], [404, false], [410, false], [500, false], [null, false]])(
    'answered with %s: taken is %s',
    (status, taken) => {
      expect(isTaken(answer(status))).toBe(taken);
      const written = taken
        ? { status: 'delivered', next_attempt_at: null, delivered_at: START }
        : { status: 'pending', next_attempt_at: after(5 * SECOND), delivered_at: null };
      expect(conclude(delivery, answer(status), START)).toEqual(written);
    },
  );

  it('at the end of seven days parks what is not taken', () => {
    expect(conclude(delivery, answer(500), after(7 * DAY))).toEqual({ status: 'parked', next_attempt_at: null, delivered_at: null });
    expect(conclude(delivery, answer(200), after(7 * DAY))).toMatchObject({ status: 'delivered' });
  });

  it('of what is over already is a bug', () => {
    for (const status of ['delivered', 'parked'] as const) expect(() => conclude({ ...delivery, status }, answer(200), START)).toThrow(IllegalTransition);
  });
});

describe('an endpoint', () => {
  it.each<[string, Date | null, (number | null)[], Date, Date | null, string | null]>([
    ['begins to fail', null, [500, null], START, START, null],
    ['fails on, not yet for five days', START, [500], after(5 * DAY - 1), START, null],
    ['has failed for five days', START, [500], after(5 * DAY), START, 'failing'],
    ['takes one of many', START, [500, 200, 500], after(6 * DAY), null, null],
    ['says that it is gone', null, [410], START, START, 'gone'],
    ['is gone here and well there', null, [410, 200], START, null, null],
  ])('%s', (_, since, statuses, now, failing_since, disable) => {
    expect(judgeEndpoint(since, statuses.map(answer), now)).toEqual({ failing_since, disable });
  });
});

describe('filters', () => {
  it('let through everything, a group, or a type', () => {
    expect(filtersFor('invoice.payment_failed')).toEqual(['*', 'invoice.*', 'invoice.payment_failed']);
  });

  it.each(['*', 'invoice.*', 'subscription.*', 'webhook_endpoint.*', ...EVENT_TYPES])('%s is one', (filter) => {
    expect(isEventFilter(filter)).toBe(true);
  });

  it.each(['', '**', '.*', '*.*', 'invoice', 'invoice.', 'Invoice.*', 'invoice.paid ', 'invoice.p*', '*.paid', 'invoices.*', 'invoice.refunded', 'toString', '__proto__'])(
    '%j is none',
    (filter) => {
      expect(isEventFilter(filter)).toBe(false);
    },
  );
});

describe('a body', () => {
  const event = { id: 'evnt_1', type: 'customer.updated', data: { object: { id: 'cust_1', object: 'customer', name: '' }, previous: {} } };

  it('is the event', () => {
    expect(JSON.parse(payloadOf(event))).toEqual(event);
  });

  it('that is too large tells what it is about; the bytes count, not the letters', () => {
    const frame = new TextEncoder().encode(payloadOf(event)).length;
    const named = (letter: string, times: number) => ({ ...event, data: { ...event.data, object: { ...event.data.object, name: letter.repeat(times) } } });
    const largest = named('x', 64 * 1024 - frame);
    expect(JSON.parse(payloadOf(largest))).toEqual(largest);
    for (const large of [named('x', 64 * 1024 - frame + 1), named('茶', 22_000)]) {
      expect(JSON.parse(payloadOf(large))).toEqual({ ...event, data: { object: { id: 'cust_1', object: 'customer' }, truncated: true } });
    }
  });
});
