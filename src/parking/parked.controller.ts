import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { type Filter, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { PARKED_KINDS, type ParkedRow, parkedRowView } from './parked.row.js';
import { Parking } from './parking.js';

const PARKED_AT: Filter = { kind: 'instant', column: 'parked_at' };

/** What was released is history: it is found by its id, not in the list. */
const LIST: ListSpec = {
  table: '(select * from parked_rows where released_at is null) as parked',
  prefix: 'park',
  filters: {
    kind: { kind: 'one_of', column: 'kind', values: PARKED_KINDS },
    row: { kind: 'text', column: 'row_id' },
    parked_at: PARKED_AT,
    created_at: PARKED_AT,
    updated_at: PARKED_AT,
  },
};

/** What stands still until a human has seen to it. */
@Controller('v1/parked')
export class ParkedController {
  constructor(
    private readonly database: Database,
    private readonly parking: Parking,
  ) {}

  /** Lists what is parked. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<ParkedRow>(this.database, query), (rows) => rows.map(parkedRowView));
  }

  /** Shows a parked row, also after its release. */
  @Get(':id')
  async get(@Param('id') id: string) {
    return parkedRowView(await this.parking.get(id));
  }

  /** Releases a row: it is worked on again. */
  @Post(':id/release')
  @HttpCode(200)
  async release(@Param('id') id: string, @Body() _body: EmptyRequest) {
    await this.parking.release(id);
    return this.get(id);
  }
}
