import { describe, expect, it } from 'vitest';
import { IllegalTransition } from './machine.js';
import { faultCodes, isOvertaken, judge, mayGoOutAt, nextMessageStatus, restFor, tryAgainAt } from './message.delivery.js';

const NOW = new Date('2026-03-01T00:00:00Z');

describe('a message', () => {
  it('ends as sent, kept or failed, and never comes back', () => {
    expect([nextMessageStatus('pending', 'put_off'), nextMessageStatus('pending', 'send'), nextMessageStatus('pending', 'keep'), nextMessageStatus('pending', 'fail')])
      .toEqual(['pending', 'sent', 'kept', 'failed']);
    for (const end of ['sent', 'kept', 'failed'] as const) expect(() => nextMessageStatus(end, 'send')).toThrow(IllegalTransition);
  });

  it('is tried again after longer and longer waits, for about two and a half days', () => {
    const waits = Array.from({ length: 10 }, (_, i) => (tryAgainAt(i + 1, NOW)?.getTime() ?? 0) - NOW.getTime());
    expect(waits.map((wait) => wait / 60_000)).toEqual([1, 5, 15, 60, 180, 360, 720, 720, 720, 720]);
    expect(tryAgainAt(11, NOW)).toBeNull();
  });
});

describe('a message that is due', () => {
  const NIGHT = { from: '22:00', to: '08:00' };
  const due = (created: string, quiet_hours: typeof NIGHT | null = NIGHT) => ({
    data: { time_zone: 'Asia/Shanghai' }, created_at: new Date(created), recorded_at: NOW, quiet_hours,
  });

  it('goes out at once by day, and where no hours are kept', () => {
    expect(mayGoOutAt(due('2026-03-01T00:00:00Z'), NOW)).toEqual(NOW);
    expect(mayGoOutAt(due('2026-03-01T15:00:00Z', null), NOW)).toEqual(NOW);
  });

  it.each([
    [{ invoice: 'inv_1', data: { payable: true as const } }, 'open', false],
    [{ invoice: 'inv_1', data: { payable: true as const } }, 'paid', true],
    [{ invoice: 'inv_1', data: { payable: true as const } }, 'uncollectible', true],
    [{ invoice: 'inv_1', data: { payable: true as const } }, null, true],
    [{ invoice: null, data: { payable: true as const } }, null, false],
    [{ invoice: 'inv_1', data: {} }, 'paid', false],
  ] as const)('and asks for money comes too late when it is owed no more: %j, %s', (message, status, late) => {
    expect(isOvertaken(message, status)).toBe(late);
  });

  it('waits for the morning by its reader’s clock, as long as by the engine’s', () => {
    const later = new Date(NOW.getTime() + 10 * 60_000);
    // Ten minutes after 21:55 it is 22:05.
    expect(mayGoOutAt(due('2031-03-01T13:55:00Z'), later).getTime() - later.getTime()).toBe((9 * 60 + 55) * 60_000);
  });
});

describe('what went wrong', () => {
  it.each([
    [{ code: 'EENVELOPE', responseCode: 550, response: '550 5.1.1 no such user', command: 'RCPT TO' }, 'refused', '550 5.1.1'],
    [{ code: 'EMESSAGE', responseCode: 554, response: '554 5.7.1 looks like spam', command: 'DATA' }, 'refused', '554 5.7.1'],
    [{ code: 'EENVELOPE', command: 'API' }, 'refused', 'EENVELOPE'],
    [{ code: 'EENVELOPE', responseCode: 450, response: '450 try later', command: 'RCPT TO' }, 'later', '450'],
    [{ code: 'EMESSAGE', responseCode: 499, response: '499-4.3.0 busy', command: 'DATA' }, 'later', '499 4.3.0'],
    [{ code: 'EENVELOPE', responseCode: 554, response: '554 5.7.1 relay access denied', command: 'RCPT TO' }, 'later', '554 5.7.1'],
    [{ code: 'EENVELOPE', responseCode: 550, response: '550 we say 5.7.1', command: 'RCPT TO' }, 'refused', '550'],
    [{ code: 'EENVELOPE', responseCode: 421, response: '421 closing', command: 'RCPT TO' }, 'out_of_reach', '421'],
    [{ code: 'EENVELOPE', responseCode: 530, response: '530 5.7.0 log in first', command: 'MAIL FROM' }, 'out_of_reach', '530 5.7.0'],
    [{ code: 'EAUTH', responseCode: 535, response: '535 5.7.8 bad password', command: 'AUTH PLAIN' }, 'out_of_reach', '535 5.7.8'],
    [{ code: 'EPROTOCOL', responseCode: 554, response: '554 go away' }, 'out_of_reach', '554'],
    [{ code: 'ETIMEDOUT', command: 'CONN' }, 'out_of_reach', 'ETIMEDOUT'],
    [{}, 'out_of_reach', 'unknown'],
  ] as const)('%j is %s', (fault, verdict, codes) => {
    expect([judge(fault), faultCodes(fault)]).toEqual([verdict, codes]);
  });

  it('with the server itself lets it rest: from five seconds to five minutes', () => {
    expect([1, 2, 3, 6, 7, 100].map(restFor)).toEqual([5_000, 10_000, 20_000, 160_000, 300_000, 300_000]);
  });
});
