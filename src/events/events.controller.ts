import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { notFound } from '../domain/errors.js';
import { EVENT_TYPES } from '../domain/events.js';
import { Database } from '../platform/database/database.js';
import { listPage, type ListSpec, presentPage } from '../platform/http/list.js';
import { isId } from '../platform/ids/ids.js';
import type { RecordedEvent } from './event.tables.js';
import { eventView } from './event.view.js';

const LIST: ListSpec = {
  table: 'events',
  prefix: 'evnt',
  filters: {
    type: { kind: 'one_of', column: 'type', values: EVENT_TYPES, groups: true },
    subject: { kind: 'text', column: 'subject' },
    created_at: { kind: 'instant', column: 'created_at' },
    updated_at: { kind: 'instant', column: 'created_at' },
  },
};

@Controller('v1/events')
export class EventsController {
  constructor(private readonly database: Database) {}

  @Get()
  async list(@Req() request: Request) {
    const page = await listPage<RecordedEvent>(this.database, LIST, request);
    return presentPage(page, (events) => events.map(eventView));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    const [event] = isId('evnt', id)
      ? await this.database.query<RecordedEvent>('select * from events where id = $1', [id])
      : [];
    if (!event) throw notFound('event', id);
    return eventView(event);
  }
}
