/** One thing that is due at an instant (epoch ms). */
export interface Due<E> {
  id: number;
  at: number;
  event: E;
}

const earlier = <E>(a: Due<E>, b: Due<E>): boolean => a.at < b.at || (a.at === b.at && a.id < b.id);

/** The discrete-event queue: a binary heap ordered by instant, then by order of entry. */
export class Schedule<E> {
  private readonly heap: Due<E>[] = [];
  private lastId = 0;
  /** Told after each addition, so that a pump may shorten its wait. */
  onAdded: (at: number) => void = () => undefined;

  get size(): number {
    return this.heap.length;
  }

  add(at: number, event: E): Due<E> {
    return this.restore({ id: this.lastId + 1, at, event });
  }

  /** Puts an item back under the id it had before a restart. */
  restore(item: Due<E>): Due<E> {
    this.lastId = Math.max(this.lastId, item.id);
    const heap = this.heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above]!;
      if (!earlier(item, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = item;
    this.onAdded(item.at);
    return item;
  }

  nextDueAt(): number | undefined {
    return this.heap[0]?.at;
  }

  /** Removes and returns the earliest item due at or before `until`. */
  take(until: number): Due<E> | undefined {
    const first = this.heap[0];
    if (first === undefined || first.at > until) return undefined;
    const last = this.heap.pop()!;
    if (this.heap.length > 0) this.sink(last);
    return first;
  }

  /** Everything that waits, in no particular order. */
  items(): readonly Due<E>[] {
    return this.heap;
  }

  clear(): void {
    this.heap.length = 0;
  }

  private sink(item: Due<E>): void {
    const heap = this.heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      const candidate = heap[child]!;
      if (!earlier(candidate, item)) break;
      heap[index] = candidate;
      index = child;
    }
    heap[index] = item;
  }
}
