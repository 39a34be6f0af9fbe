import type { EventDraft } from '../domain/events.js';
import type { Transaction } from '../platform/database/database.js';
import { newId } from '../platform/ids/ids.js';

/**
 * Stores events with the change that they tell of, in the same transaction: nothing is told that did not
 * happen, nothing happens untold. Sequences count up by one per subject, without gaps, under the lock of
 * the subject's counter; counters are taken in order, so that two sets never wait for each other.
 */
export async function recordEvents(tx: Transaction, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const rows = drafts.map((draft, position) => ({
    id: newId('evnt'),
    type: draft.type,
    subject: draft.subject,
    data: draft.data,
    created_at: draft.at,
    position,
  }));
  await tx.query(
    `with added as (
       select * from json_to_recordset($1::json)
         as r(id text, type text, subject text, data json, created_at timestamptz(3), position int)
     ), counters as (
       insert into event_subjects as s (subject, last_sequence)
       select subject, count(*)::int from added group by subject order by subject collate "C"
       on conflict (subject) do update set last_sequence = s.last_sequence + excluded.last_sequence
       returning subject, last_sequence
     )
     insert into events (id, type, subject, sequence, data, created_at, recorded_at)
     select a.id, a.type, a.subject,
            c.last_sequence - count(*) over (partition by a.subject)
              + row_number() over (partition by a.subject order by a.position),
            a.data, a.created_at, $2
       from added a join counters c using (subject)`,
    [JSON.stringify(rows), tx.now],
  );
}
