import { setImmediate as nextTurn } from 'node:timers/promises';
import { pause } from '../clock/pause.js';

/** The part of the largest set that is worth a lane of its own. */
const WORTH = 1 / 4;

/**
 * Gathers single items into sets: while one set is being written the next one collects. `linger` (ms) lets a
 * set that begins wait for company; without it, an item that comes alone is written alone, at once. Further
 * `lanes` open only for what is worth a set of its own: many small sets cost more than they gain.
 */
export class Batcher<Item> {
  private waiting: { item: Item; done: () => void; failed: (error: unknown) => void }[] = [];
  private busy = 0;

  constructor(
    private readonly write: (items: Item[]) => Promise<void>,
    private readonly largest: number,
    private readonly linger = 0,
    private readonly lanes = 1,
  ) {}

  /** Resolves when the set that holds the item has been written; rejects when that failed. */
  add(item: Item): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      if (this.busy < this.lanes && this.isWorthIt(this.busy)) void this.drain();
    });
  }

  /** Whether what waits is worth a set beside `others`. */
  private isWorthIt(others: number): boolean {
    return this.waiting.length >= (others === 0 ? 1 : this.largest * WORTH);
  }

  private async drain(): Promise<void> {
    this.busy += 1;
    while (this.isWorthIt(this.busy - 1)) {
      // One turn of the loop at least lets everything that arrived together travel together.
      await (this.linger > 0 ? pause(this.linger) : nextTurn());
      const set = this.waiting.splice(0, this.largest);
      if (set.length === 0) break;
      try {
        await this.write(set.map(({ item }) => item));
        for (const { done } of set) done();
      } catch (error) {
        for (const { failed } of set) failed(error);
      }
    }
    // In the same turn as the last look at the queue: an item that comes later starts anew.
    this.busy -= 1;
  }
}
