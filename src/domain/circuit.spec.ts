import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Circuit, type Health, mayProbe, onHealth, probing, share } from './circuit.js';
import { START } from './testing/case.builder.js';

const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1_000);
const WELL: Circuit = { state: 'closed', failures: 0, openings: 0, reason: null, since: START };

const hear = (circuit: Circuit, health: Health, times: number, now = START): Circuit => {
  let heard = circuit;
  for (let n = 0; n < times; n += 1) heard = onHealth(heard, health, now);
  return heard;
};

/** Ten failures in a row. */
const opened = (): Circuit => hear(WELL, 'down', 10);

describe('a closed circuit', () => {
  it('lets everything through and needs no probe', () => {
    expect(share(WELL, START)).toBe(1);
    expect(mayProbe(WELL, after(1_000))).toBe(false);
  });

  it('opens at the tenth failure in a row, not before', () => {
    expect(hear(WELL, 'down', 9)).toEqual({ ...WELL, failures: 9 });
    expect(opened()).toEqual({ state: 'open', failures: 0, openings: 1, reason: 'down', since: after(10) });
  });

  it('forgets its failures with the first success', () => {
    expect(hear(onHealth(hear(WELL, 'down', 9), 'well', START), 'down', 9).state).toBe('closed');
  });

  it('is not written again while all is well', () => {
    expect(onHealth(WELL, 'well', after(5))).toBe(WELL);
  });

  it('opens at once when our credentials are refused', () => {
    expect(onHealth(WELL, 'unauthorized', START)).toMatchObject({ state: 'open', openings: 1, reason: 'unauthorized', since: after(10) });
  });
});

describe('an open circuit', () => {
  it('lets nothing through, and one probe from its time on', () => {
    const circuit = opened();
    expect(share(circuit, after(3_600))).toBe(0);
    expect(mayProbe(circuit, after(9.999))).toBe(false);
    expect(mayProbe(circuit, after(10))).toBe(true);
  });

  it('lets nobody else probe for ten seconds while one waits for his answer', () => {
    const held = probing(opened(), after(12));
    expect(held).toEqual({ ...opened(), since: after(22) });
    expect([21, 22].map((seconds) => mayProbe(held, after(seconds)))).toEqual([false, true]);
  });

  it('is not put off by calls that were under way when it opened', () => {
    const circuit = opened();
    expect(hear(circuit, 'down', 50, after(9.999))).toBe(circuit);
    expect(hear(circuit, 'unauthorized', 3, after(9.999))).toBe(circuit);
  });

  it('opens again with the first failure of a probe: twice as long each time, five minutes at most', () => {
    const lengths: number[] = [];
    let circuit = opened();
    for (let n = 0; n < 8; n += 1) {
      const probed = circuit.since;
      circuit = onHealth(circuit, 'down', probed);
      lengths.push((circuit.since.getTime() - probed.getTime()) / 1_000);
    }
    expect(lengths).toEqual([20, 40, 80, 160, 300, 300, 300, 300]);
    expect(circuit).toMatchObject({ state: 'open', openings: 9 });
  });

  it('begins its ramp with the first success, and remembers how often it opened', () => {
    expect(onHealth(opened(), 'well', after(12))).toMatchObject({ state: 'ramping', failures: 0, openings: 1, since: after(12) });
  });
});

describe('a ramping circuit', () => {
  const ramping = onHealth(opened(), 'well', after(10));

  it('lets a tenth through, after 10 s a quarter, then half, and everything after half a minute', () => {
    const shares = [0, 9.999, 10, 19.999, 20, 29.999, 30, 3_600].map((seconds) => share(ramping, after(10 + seconds)));
    expect(shares).toEqual([0.1, 0.1, 0.25, 0.25, 0.5, 0.5, 1, 1]);
    expect(mayProbe(ramping, after(100)), 'nothing to probe').toBe(false);
  });

  it('closes with the first success after its ramp, and forgets what was', () => {
    expect(onHealth(ramping, 'well', after(39.999))).toBe(ramping);
    expect(onHealth(ramping, 'well', after(40))).toEqual({ ...WELL, since: after(40) });
  });

  it('opens again at the first failure, for twice as long', () => {
    expect(onHealth(ramping, 'down', after(15))).toMatchObject({ state: 'open', openings: 2, reason: 'down', since: after(35) });
    expect(onHealth(ramping, 'unauthorized', after(15))).toMatchObject({ state: 'open', openings: 2, reason: 'unauthorized' });
  });
});

describe('whatever is heard', () => {
  const reports = fc.array(
    fc.record({ health: fc.constantFrom<Health>('well', 'down', 'unauthorized'), wait: fc.integer({ min: 0, max: 60 }) }),
    { maxLength: 60 },
  );

  it('the next try is never further away than five minutes, and a minute of health closes the circuit', () => {
    fc.assert(
      fc.property(reports, (heard) => {
        let circuit = WELL;
        let seconds = 0;
        for (const { health, wait } of heard) {
          seconds += wait;
          circuit = onHealth(circuit, health, after(seconds));
          expect(circuit.since.getTime() - after(seconds).getTime()).toBeLessThanOrEqual(300_000);
          expect(circuit.failures).toBeLessThan(10);
        }
        for (const later of [300, 330, 331]) circuit = onHealth(circuit, 'well', after(seconds + later));
        expect(circuit).toMatchObject({ state: 'closed', failures: 0, openings: 0, reason: null });
      }),
    );
  });
});
