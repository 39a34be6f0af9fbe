import { describe, expect, it } from 'vitest';
import { Life } from './testing/life.story.js';
import { ask, hear, refund, send, shown } from './testing/refund.story.js';

const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('what a refund keeps of its news', () => {
  it('is refused in words that say why', () => {
    const refused = (message: string) => expect.objectContaining({ message: expect.stringContaining(message) });
    expect(() => ask(Life.signUp())).toThrow(refused('pending cannot be refunded'));
    const life = Life.active();
    const tooMuch = expect.objectContaining({ errors: [{ path: 'amount', message: 'is more than the 3900 that are left of the charge' }] });
    expect(() => ask(life, 3_901)).toThrow(tooMuch);
    ask(life);
    expect(() => ask(life)).toThrow(refused('Nothing of the charge is left'));
    life.now = new Date(life.now.getTime() + 366 * DAY);
    expect(() => ask(life)).toThrow(refused('365 days'));
  });

  it('is counted and put off like a charge: 5 s, 30 s, 2 minutes', () => {
    const life = Life.active();
    ask(life, 100);
    send(life, refund(life));
    const at = life.now.getTime();
    const next = (): number => ((refund(life).next_check_at as Date).getTime() - at) / 1_000;
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect([refund(life).checks, next()]).toEqual([1, 5]);
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect([refund(life).checks, next()]).toEqual([2, 30]);
    hear(life, refund(life), { kind: 'look_up_failed' });
    expect([refund(life).checks, next()]).toEqual([3, 120]);
  });

  it('is looked for anew from the moment that it is known to be pending', () => {
    const life = Life.active();
    ask(life, 100);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'unknown', reason: 'time-out' });
    hear(life, refund(life), { kind: 'look_up_failed' });
    expect(refund(life)).toMatchObject({ status: 'unknown', checks: 2, next_check_at: new Date(life.now.getTime() + 30_000) });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect(refund(life)).toMatchObject({ status: 'pending', checks: 1, next_check_at: new Date(life.now.getTime() + 5_000) });
  });

  it('is what the newest answer with a code said', () => {
    const life = Life.active();
    ask(life, 100);
    send(life, refund(life));
    const told = { response_code: '10100', response_summary: 'Pending' };
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending', told) });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'pending') });
    expect(refund(life)).toMatchObject({ ...told, gateway_request_id: 'req' });
    hear(life, refund(life), { kind: 'refund_fact', fact: shown(refund(life), 'succeeded', { response_code: '10000', response_summary: 'Approved' }) });
    expect(refund(life)).toMatchObject({ response_code: '10000', response_summary: 'Approved', next_check_at: null });
    const done = refund(life);
    hear(life, done, { kind: 'look_up_failed' });
    hear(life, done, { kind: 'not_found', windows: WINDOWS });
    expect(refund(life), 'nothing puts off what is done').toEqual(done);
  });

  it('counts its tries while nothing was taken, so that the waits between them grow', () => {
    const life = Life.active();
    ask(life, 100);
    const waits = [1, 2, 3].map(() => {
      send(life, refund(life));
      hear(life, refund(life), { kind: 'not_taken', reason: 'rate_limited' });
      const wait = ((refund(life).next_check_at as Date).getTime() - life.now.getTime()) / 1_000;
      life.now = refund(life).next_check_at as Date;
      return wait;
    });
    expect(waits).toEqual([5, 30, 120]);
    send(life, refund(life));
    hear(life, refund(life), { kind: 'unknown', reason: 'time-out' });
    life.now = new Date(life.now.getTime() + 30 * MINUTE);
    hear(life, refund(life), { kind: 'not_found', windows: WINDOWS });
    expect(refund(life), 'a resend after silence begins to count anew').toMatchObject({ status: 'sending', sends: 5, checks: 0 });
  });

  it('is left alone by look-ups while it is being sent', () => {
    const life = Life.active();
    ask(life, 100);
    send(life, refund(life));
    const sending = refund(life);
    hear(life, sending, { kind: 'look_up_failed' });
    hear(life, sending, { kind: 'not_found', windows: WINDOWS });
    expect(refund(life)).toEqual(sending);
  });
});
