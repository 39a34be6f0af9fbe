import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHARGE_STATUSES, type ChargeEvent, type ChargeStatus, chargeTransitions, claimed, isOpen, nextChargeStatus,
  OPEN_CHARGE_STATUSES, payableUntil,
} from './charge.js';
import { LEASE_MS } from './sending.js';
import { aCharge, START } from './testing/case.builder.js';

const FAILURES = ['decline', 'expire', 'cancel'] as const;
/** What the gateway says of itself, through whatever door; a refusal is an answer, under a lease. */
const NEWS = ['accept', 'capture', ...FAILURES] as const;
const FINAL = CHARGE_STATUSES.filter((status) => !isOpen(status));

const after = (status: ChargeStatus, events: readonly ChargeEvent[]): ChargeStatus => events.reduce(nextChargeStatus, status);

describe('news about a payment', () => {
  it('may come in every state', () => {
    for (const status of CHARGE_STATUSES) for (const event of NEWS) expect(() => nextChargeStatus(status, event)).not.toThrow();
  });

  it('ends in the same state in whatever order and however often it comes', () => {
    // One payment is declined, expired or canceled, never two of them; captured it may be after any.
    const story = fc.record({
      from: fc.constantFrom(...CHARGE_STATUSES),
      failure: fc.constantFrom(...FAILURES),
      parts: fc.subarray(['accept', 'failure', 'capture'], { minLength: 1 }),
      repeats: fc.array(fc.nat(), { maxLength: 6 }),
    });
    const shuffled = story.chain(({ from, failure, parts, repeats }) => {
      const once = parts.map((part) => (part === 'failure' ? failure : part) as ChargeEvent);
      const often = [...once, ...repeats.map((n) => once[n % once.length] as ChargeEvent)];
      return fc.tuple(
        fc.constant({ from, once }),
        fc.shuffledSubarray(often, { minLength: often.length, maxLength: often.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([{ from, once }, heard]) => {
        expect(after(from, heard)).toBe(after(from, once));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never leads back: accepted, then failed, then captured is the only way', () => {
    const rank = (status: ChargeStatus): number => (status === 'captured' ? 3 : !isOpen(status) ? 2 : status === 'pending' ? 1 : 0);
    for (const status of CHARGE_STATUSES) {
      for (const event of NEWS) expect(rank(nextChargeStatus(status, event))).toBeGreaterThanOrEqual(rank(status));
    }
  });

  it('reopens nothing: a final state is left for the capture only', () => {
    for (const status of FINAL) {
      const next = new Set(Object.values(chargeTransitions[status]));
      expect([...next].filter((state) => state !== status)).toEqual(status === 'captured' ? [] : ['captured']);
    }
  });
});

describe('unknown', () => {
  it('is left by evidence only: nothing fails it but the gateway itself or the proof of absence', () => {
    expect(chargeTransitions.unknown).toEqual({
      claim: 'sending', prove_absent: 'absent', accept: 'pending', capture: 'captured',
      decline: 'declined', expire: 'expired', cancel: 'canceled',
    });
  });
});

describe('a status', () => {
  it('is open exactly while money may still move', () => {
    expect(OPEN_CHARGE_STATUSES).toEqual(['created', 'sending', 'pending', 'unknown']);
    expect(FINAL).toEqual(['captured', 'declined', 'refused', 'expired', 'canceled', 'absent', 'withdrawn']);
  });
});

describe('claiming', () => {
  const later = new Date(START.getTime() + 3_600_000);

  it('writes when it is sent and until when nobody else may touch it', () => {
    expect(claimed(aCharge(), START)).toMatchObject({
      status: 'sending', sends: 1, lease_token: 1, first_sent_at: START, last_sent_at: START,
      lease_until: new Date(START.getTime() + LEASE_MS), next_check_at: new Date(START.getTime() + LEASE_MS),
    });
  });

  it('again keeps the first sending and takes a higher token', () => {
    const once = { ...aCharge(), ...claimed(aCharge(), START), status: 'unknown' as const, checks: 5 };
    expect(claimed(once, later)).toMatchObject({
      sends: 2, lease_token: 2, first_sent_at: START, last_sent_at: later, requested_at: START, checks: 0,
    });
  });

  it('is a step of the machine: what is pending or done is never sent again', () => {
    for (const status of CHARGE_STATUSES.filter((s) => s !== 'created' && s !== 'unknown')) {
      expect(() => claimed(aCharge({ status }), START)).toThrow('not legal');
    }
  });
});

describe('a redirect', () => {
  const later = new Date(START.getTime() + 60_000);
  const quarter = (from: Date): Date => new Date(from.getTime() + 15 * 60_000);

  it('is payable as long as the gateway says, else for a quarter of an hour after it was sent', () => {
    expect(payableUntil(aCharge({ status: 'pending', expires_at: later }), START)).toEqual(later);
    expect(payableUntil(aCharge({ status: 'sending', last_sent_at: START }), later)).toEqual(quarter(START));
  });

  it('that was not taken has all its time before it', () => {
    expect(payableUntil(aCharge({ status: 'created', last_sent_at: START }), later)).toEqual(quarter(later));
  });
});
