import type { EventDraft } from '../domain/events.js';
import type { Transaction } from '../platform/database/database.js';
import { joinColumns, type PossibleWriting, splitColumn, write } from '../platform/database/sets.js';
import { newId } from '../platform/ids/ids.js';
import { queueing } from './queueing.js';

/**
 * Stores events with the change that they tell of, in the same transaction: nothing is told that did not
 * happen, nothing happens untold. Sequences count up by one per subject, without gaps, under the lock of
 * the subject's counter; counters are taken in order, so that two sets never wait for each other. Whatever
 * endpoint listens is queued to be told, in the same transaction; where nobody listens, nothing is written.
 */
export async function recordEvents(tx: Transaction, drafts: readonly EventDraft[]): Promise<void> {
  await write(tx, [events(drafts, tx.now)]);
  noteEvents(tx, drafts);
}

/** Notes what these events tell, for whoever asked for it. */
export function noteEvents(tx: Transaction, drafts: readonly EventDraft[]): void {
  if (!tx.isWitnessed) return;
  for (const { type, subject, data } of drafts) {
    const { id = subject } = data.object as { id?: string };
    // What is gone is told as it was last.
    tx.note(
      type.endsWith('.deleted')
        ? { resource: id, before: data.object, after: null }
        : { resource: id, before: data.previous ?? null, after: data.object },
    );
  }
}

/** Ids for events, for those who must know them before they are recorded. */
export function eventIds(drafts: readonly EventDraft[]): Map<EventDraft, string> {
  return new Map(drafts.map((draft) => [draft, newId('evnt')]));
}

/** The same as a statement that is not sent yet, to travel with those that write the change itself. */
export function events(drafts: readonly EventDraft[], recordedAt: Date, ids = eventIds(drafts)): PossibleWriting {
  if (drafts.length === 0) return null;
  const rows = drafts.map((draft) => ({
    id: ids.get(draft) as string,
    type: draft.type,
    subject: draft.subject,
    data: draft.data,
    created_at: draft.at,
  }));
  return {
    table: null,
    text: () => RECORDING,
    wakes: 'webhooks',
    values: () => [...joinColumns(rows, ['id', 'type', 'subject', 'data', 'created_at']), recordedAt],
  };
}

const RECORDING = `with added as (
       select * from unnest(${splitColumn(1, 'text')}, ${splitColumn(2, 'text')}, ${splitColumn(3, 'text')},
                            ${splitColumn(4, 'json')}, ${splitColumn(5, 'timestamptz')})
         with ordinality as r(id, type, subject, data, created_at, position)
     ), counters as (
       insert into event_subjects as s (subject, last_sequence)
       select subject, count(*)::int from added group by subject order by subject collate "C"
       on conflict (subject) do update set last_sequence = s.last_sequence + excluded.last_sequence
       returning subject, last_sequence
     ), recorded as (
       insert into events (id, type, subject, sequence, data, created_at, recorded_at)
       select a.id, a.type, a.subject,
              c.last_sequence - count(*) over (partition by a.subject)
                + row_number() over (partition by a.subject order by a.position),
              a.data, a.created_at, $6::timestamptz
         from added a join counters c using (subject)
       returning id, type, subject, sequence
     ), heard as (
       ${queueing({ events: 'recorded', endpoints: 'webhook_endpoints', where: 'w.active', now: '$6::timestamptz' })}
       on conflict do nothing
       returning 1
     )
     select 1 as heard from heard limit 1`;
