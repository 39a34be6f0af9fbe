import { Controller, Get, Param } from '@nestjs/common';
import { notFound } from '../domain/errors.js';
import { EVENT_TYPES } from '../domain/events.js';
import { Database } from '../platform/database/database.js';
import { ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { isId } from '../platform/ids/ids.js';
import { Wallets } from '../wallets/wallets.js';
import type { RecordedEvent } from './event.tables.js';
import { eventViews } from './event.view.js';

const LIST: ListSpec = {
  table: 'events',
  prefix: 'evnt',
  filters: {
    type: { kind: 'one_of', column: 'type', values: EVENT_TYPES, groups: true },
    subject: { kind: 'text', column: 'subject' },
    created_at: { kind: 'instant', column: 'created_at', orders: true },
    updated_at: { kind: 'instant', column: 'created_at', orders: true },
  },
};

/** Everything that happened, in order per subject. */
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly database: Database,
    private readonly wallets: Wallets,
  ) {}

  /** Lists events. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    const page = await listPage<RecordedEvent>(this.database, query);
    return presentPage(page, (events) => eventViews(this.database, this.wallets, events));
  }

  /** Shows an event. */
  @Get(':id')
  async get(@Param('id') id: string) {
    const [event] = isId('evnt', id)
      ? await this.database.query<RecordedEvent>('select * from events where id = $1', [id])
      : [];
    if (!event) throw notFound('event', id);
    const [view] = await eventViews(this.database, this.wallets, [event]);
    return view;
  }
}
