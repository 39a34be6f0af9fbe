import { walletOf, withWallet } from '../domain/wallet.naming.js';
import type { Queryable } from '../platform/database/queryable.js';
import type { Wallets } from '../wallets/wallets.js';
import type { RecordedEvent } from './event.tables.js';

/** An event as it was recorded: what it tells of names a wallet by our own row. */
export type ToldEvent = Omit<RecordedEvent, 'recorded_at'>;

/**
 * An event as it is shown and told, with the gateway's name of its wallet. It never changes and carries no notes,
 * but has what every resource has.
 */
export function eventView({ id, type, created_at, subject, sequence, data }: ToldEvent, names: ReadonlyMap<string, string>) {
  const told = { ...data, object: withWallet(data.object, names) };
  return { id, object: 'event' as const, type, created_at, updated_at: created_at, subject, sequence, data: told, metadata: {} };
}

/** The gateway's names of the wallets that these events tell of. */
export function walletNames(on: Queryable, wallets: Wallets, events: readonly ToldEvent[]): Promise<Map<string, string>> {
  return wallets.names(on, events.map(({ data }) => walletOf(data.object)));
}

/** A page of events. */
export async function eventViews(on: Queryable, wallets: Wallets, events: readonly ToldEvent[]) {
  const names = await walletNames(on, wallets, events);
  return events.map((event) => eventView(event, names));
}
