/**
 * Gathers single items into sets: while one set is being written the next one collects. Adds no waiting
 * of its own: an item that comes alone is written alone, at once.
 */
export class Batcher<Item> {
  private waiting: { item: Item; done: () => void; failed: (error: unknown) => void }[] = [];
  private writing: Promise<void> | null = null;

  constructor(
    private readonly write: (items: Item[]) => Promise<void>,
    private readonly largest: number,
  ) {}

  /** Resolves when the set that holds the item has been written; rejects when that failed. */
  add(item: Item): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      this.writing ??= this.drain().finally(() => (this.writing = null));
    });
  }

  private async drain(): Promise<void> {
    // One turn of the loop lets everything that arrived together travel together.
    await new Promise<void>((next) => setImmediate(next));
    while (this.waiting.length > 0) {
      const set = this.waiting.splice(0, this.largest);
      try {
        await this.write(set.map(({ item }) => item));
        for (const { done } of set) done();
      } catch (error) {
        for (const { failed } of set) failed(error);
      }
    }
  }
}
