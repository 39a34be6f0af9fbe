import { describe, expect, it } from 'vitest';
import { Batcher } from './batcher.js';
import { inHalves } from './halving.js';

describe('a batcher', () => {
  it('writes what comes alone at once, and what comes after it too', async () => {
    const written: number[][] = [];
    const batcher = new Batcher<number>(async (set) => void written.push(set), 10);
    await batcher.add(1);
    await batcher.add(2);
    await batcher.add(3);
    expect(written).toEqual([[1], [2], [3]]);
  });

  it('gathers what comes while it writes, up to its largest set', async () => {
    const written: number[][] = [];
    const batcher = new Batcher<number>(async (set) => void written.push(set), 3);
    await Promise.all([1, 2, 3, 4, 5].map((n) => batcher.add(n)));
    expect(written).toEqual([[1, 2, 3], [4, 5]]);
  });

  it('fails those whose set failed, and goes on with the next', async () => {
    const batcher = new Batcher<number>(async (set) => {
      if (set.includes(1)) throw new Error('no');
    }, 10);
    await expect(batcher.add(1)).rejects.toThrow('no');
    await expect(batcher.add(2)).resolves.toBeUndefined();
  });
});

describe('a set that is halved', () => {
  it('does the good ones and isolates the bad ones, whatever their number', async () => {
    const done: number[] = [];
    const isolated: number[] = [];
    await inHalves(
      [1, 2, 3, 4, 5, 6, 7],
      async (set) => {
        if (set.some((n) => n === 3 || n === 6)) throw new Error('poison');
        done.push(...set);
      },
      async (n) => void isolated.push(n),
    );
    expect({ done: done.sort(), isolated }).toEqual({ done: [1, 2, 4, 5, 7], isolated: [3, 6] });
  });

  it.each([
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
    Object.assign(new Error('could not serialize access'), { code: '40001' }),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  ])('isolates nobody while the database is away: $message', async (outage) => {
    const isolated: number[] = [];
    const work = inHalves([1, 2], () => Promise.reject(outage), async (n) => void isolated.push(n));
    await expect(work).rejects.toBe(outage);
    expect(isolated).toEqual([]);
  });

  it('isolates the row that a constraint refuses', async () => {
    const isolated: number[] = [];
    const refused = Object.assign(new Error('violates check constraint'), { code: '23514' });
    await inHalves([1], () => Promise.reject(refused), async (n) => void isolated.push(n));
    expect(isolated).toEqual([1]);
  });
});
