import type { BillingCase } from '../domain/case.js';
import type { EventDraft } from '../domain/events.js';
import type { MessageDraft, MessageName } from '../domain/message.js';
import { mayConcernCustomer, messagesOf } from '../domain/messages.js';
import { outsideHours } from '../domain/hours.js';
import { type Config, sendsMail } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/database.js';
import { insertion, type PossibleWriting } from '../platform/database/sets.js';
import type { Message } from './message.tables.js';

const COLUMNS = [
  'id', 'name', 'customer', 'subscription', 'invoice', 'locale', 'recipient', 'data', 'status', 'attempts', 'next_attempt_at',
  'created_at', 'recorded_at', 'updated_at',
] as const satisfies readonly (keyof Message)[];

/** What the messages of a set are made with. */
interface Circumstances {
  /** The ids of the events that they tell of. */
  ids: ReadonlyMap<EventDraft, string>;
  switchedOff: ReadonlySet<MessageName>;
  /** Engine clock. */
  now: Date;
  config: Config;
}

/** The messages that the merchant has switched off; asked only where something may be told to a customer. */
export async function unwantedMessages(tx: Transaction, cases: readonly BillingCase[]): Promise<Set<MessageName>> {
  if (!cases.some(mayConcernCustomer)) return new Set();
  const off = await tx.query<{ name: MessageName }>('select name from message_switches', []);
  return new Set(off.map((row) => row.name));
}

/**
 * Stores what the customers are told, with the events that tell it and in the same transaction: what a message
 * says has happened, and a notice counts as given when this commits.
 */
export function messages(cases: readonly BillingCase[], { ids, switchedOff, now, config }: Circumstances): PossibleWriting {
  const sending = sendsMail(config);
  const rows = cases.filter(mayConcernCustomer).flatMap((c) =>
    messagesOf(c, switchedOff, config.DEFAULT_COUNTRY).map((draft) => ({
      ...said(draft),
      id: idOf(draft, ids),
      status: sending ? ('pending' as const) : ('kept' as const),
      attempts: 0,
      next_attempt_at: sending ? dueAt(c, draft) : null,
      created_at: draft.event.at,
      recorded_at: now,
      updated_at: draft.event.at,
    })),
  );
  return insertion('messages', COLUMNS, rows);
}

function said({ name, customer, subscription, invoice, locale, recipient, data }: MessageDraft) {
  return { name, customer, subscription, invoice, locale, recipient, data };
}

/** One event, one message: so the message's id is that of its event. */
function idOf({ event }: MessageDraft, ids: ReadonlyMap<EventDraft, string>): string {
  const id = ids.get(event);
  if (id === undefined) throw new Error(`A message tells of ${event.type}, which was not recorded`);
  return `msg_${id.slice(id.indexOf('_') + 1)}`;
}

/** At once, unless the customer's night begins first: what he waits for by his clock is waited for by the engine's. */
function dueAt(c: BillingCase, draft: MessageDraft): Date {
  const wait = outsideHours(c.now, c.policy.quiet_hours, draft.data.time_zone).getTime() - c.now.getTime();
  return new Date(c.engineNow.getTime() + wait);
}
