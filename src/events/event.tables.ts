import { EntitySchema } from 'typeorm';
import type { EventType } from '../domain/events.js';
import { id, instant, int, ref, text } from '../platform/database/columns.js';

export interface RecordedEvent {
  id: string;
  type: EventType;
  subject: string;
  sequence: number;
  data: { object: object; previous?: object };
  /** The customer's clock. */
  created_at: Date;
  /** The engine's clock. */
  recorded_at: Date;
}

export const EventTable = new EntitySchema<RecordedEvent>({
  name: 'event',
  tableName: 'events',
  columns: {
    id: id(),
    type: text(),
    subject: ref(),
    sequence: int(),
    data: { type: 'json' },
    created_at: instant(),
    recorded_at: instant(),
  },
});
