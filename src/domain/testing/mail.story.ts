import type { BillingCase } from '../case.js';
import type { MessageDraft, MessageName } from '../message.js';
import { messagesOf } from '../messages.js';
import type { Terms } from './case.builder.js';
import { Life } from './life.story.js';

/** A life whose messages are written down as they would be stored. */
export function told(begin: (terms: Terms) => Life, terms: Terms = {}, off: MessageName[] = []): { life: Life; mail: MessageDraft[]; news: () => MessageName[] } {
  const mail: MessageDraft[] = [];
  const life = begin(terms);
  life.onKept = (c: BillingCase) => mail.push(...messagesOf(c, new Set(off), 'CN'));
  let heard = 0;
  const news = () => {
    const names = mail.slice(heard).map((message) => message.name);
    heard = mail.length;
    return names;
  };
  return { life, mail, news };
}
/** The same for a subscription that runs already. */
export const active = (terms: Terms = {}, off: MessageName[] = []) => told(Life.active, terms, off);
