import { Injectable } from '@nestjs/common';
import { notFound } from '../domain/errors.js';
import { valuesOf, word } from '../domain/message.wording.js';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';
import { MessageTemplates } from './message.templates.js';
import type { Message } from './message.tables.js';
import { PayLink } from './pay.link.js';

/** Messages as the world sees them: in the words they were sent in, or would be sent in now. */
@Injectable()
export class MessagePresenter {
  constructor(
    private readonly database: Database,
    private readonly templates: MessageTemplates,
    private readonly link: PayLink,
  ) {}

  async get(id: string) {
    const [message] = isId('msg', id) ? await this.database.query<Message>('select * from messages where id = $1', [id]) : [];
    if (!message) throw notFound('message', id);
    const [view] = await this.present([message]);
    return view;
  }

  async present(messages: readonly Message[]) {
    const inUse = await this.templates.inUse(this.database);
    const kept = await this.templates.kept(this.database, messages.map((message) => message.wording));
    return messages.map((m) => {
      const template = kept.get(m.wording ?? '') ?? inUse(m.name, m.locale);
      const values = valuesOf(m.name, m.data, m.locale, this.link.url(m));
      return {
        id: m.id,
        object: 'message' as const,
        name: m.name,
        event: `evnt_${m.id.slice(m.id.indexOf('_') + 1)}`,
        customer: m.customer,
        subscription: m.subscription,
        invoice: m.invoice,
        locale: m.locale,
        recipient: m.recipient,
        ...word(template, values, m.locale),
        data: m.data,
        status: m.status,
        attempts: m.attempts,
        next_attempt_at: m.next_attempt_at,
        sent_at: m.sent_at,
        error: m.error,
        metadata: {},
        created_at: m.created_at,
        updated_at: m.updated_at,
      };
    });
  }
}
