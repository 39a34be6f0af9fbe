/**
 * Gathers single items into sets: while `lanes` sets are being written the next one collects. `linger` (ms)
 * lets a set that begins wait for company; without it, an item that comes alone is written alone, at once.
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
      if (this.busy < this.lanes) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.busy += 1;
    while (this.waiting.length > 0) {
      // One turn of the loop at least lets everything that arrived together travel together.
      await new Promise<void>((next) => (this.linger > 0 ? setTimeout(next, this.linger) : setImmediate(next)));
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
