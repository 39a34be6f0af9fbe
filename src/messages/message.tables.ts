import { EntitySchema } from 'typeorm';
import type { Locale } from '../domain/customer.js';
import type { MessageStatus } from '../domain/message.delivery.js';
import type { MessageData, MessageName } from '../domain/message.js';
import { id, instant, int, nullable, ref, text } from '../platform/database/columns.js';

export interface Message {
  /** That of its event, under another prefix. */
  id: string;
  name: MessageName;
  customer: string;
  subscription: string;
  invoice: string | null;
  locale: Locale;
  recipient: string;
  data: MessageData;
  status: MessageStatus;
  attempts: number;
  /** Engine clock; while it is being sent, when it would be tried again if its sender died. */
  next_attempt_at: Date | null;
  /** Digest of the template that it was sent in. */
  wording: string | null;
  /** Why the last try failed, in codes. */
  error: string | null;
  /** Engine clock. */
  sent_at: Date | null;
  /** Customer's clock. */
  created_at: Date;
  /** Engine clock. */
  recorded_at: Date;
  updated_at: Date;
}

export const MessageTable = new EntitySchema<Message>({
  name: 'message',
  tableName: 'messages',
  columns: {
    id: id(),
    name: text(),
    customer: ref(),
    subscription: ref(),
    invoice: ref(nullable),
    locale: text(),
    recipient: text(),
    data: { type: 'json' },
    status: text(),
    attempts: int(),
    next_attempt_at: instant(nullable),
    wording: ref(nullable),
    error: text(nullable),
    sent_at: instant(nullable),
    created_at: instant(),
    recorded_at: instant(),
    updated_at: instant(),
  },
});
