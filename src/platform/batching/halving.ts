import { isOutage } from '../database/outage.js';

/**
 * Works through a set; when it fails it is halved, again and again, until the bad item stands alone.
 * The good ones are done, the bad ones are handed to `isolate` with their error, one by one. An outage of the
 * database is nobody's fault: it is thrown, and the whole set comes again.
 */
export async function inHalves<Item>(
  items: readonly Item[],
  work: (set: readonly Item[]) => Promise<void>,
  isolate: (item: Item, error: unknown) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return;
  try {
    await work(items);
  } catch (error) {
    if (isOutage(error)) throw error;
    if (items.length === 1) {
      await isolate(items[0] as Item, error);
      return;
    }
    const middle = items.length >> 1;
    await inHalves(items.slice(0, middle), work, isolate);
    await inHalves(items.slice(middle), work, isolate);
  }
}
