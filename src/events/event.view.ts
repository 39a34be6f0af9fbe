import type { RecordedEvent } from './event.tables.js';

/** An event as it is shown and told. It never changes and carries no notes, but has what every resource has. */
export function eventView({ id, type, created_at, subject, sequence, data }: Omit<RecordedEvent, 'recorded_at'>) {
  return { id, object: 'event' as const, type, created_at, updated_at: created_at, subject, sequence, data, metadata: {} };
}
