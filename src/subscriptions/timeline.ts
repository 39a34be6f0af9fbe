import { EVENT_TYPES } from '../domain/events.js';
import type { RecordedEvent } from '../events/event.tables.js';
import { eventViews } from '../events/event.view.js';
import type { Database } from '../platform/database/database.js';
import type { Wallets } from '../wallets/wallets.js';
import { listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';

/** The events of one subject by their sequence: the order in which they happened, whatever clock they were told by. */
export const TIMELINE: ListSpec = {
  table: 'events',
  prefix: 'evnt',
  filters: {
    type: { kind: 'one_of', column: 'type', values: EVENT_TYPES, groups: true },
    created_at: { kind: 'instant', column: 'created_at' },
    updated_at: { kind: 'instant', column: 'created_at' },
  },
  order: { by: 'sequence', after: (p) => `sequence > (select seen.sequence from events seen where seen.id = ${p})` },
};

/** One page of everything that happened to a subscription, oldest first. */
export async function timeline(on: Database, wallets: Wallets, subscription: string, query: ListQuery) {
  return presentPage(await listPage<RecordedEvent>(on, query, { subject: subscription }), (events) => eventViews(on, wallets, events));
}
