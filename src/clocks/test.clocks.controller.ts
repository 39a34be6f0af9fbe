import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Refusal } from '../domain/errors.js';
import { Config, isSandbox } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { Instant, Metadata, parseInstant } from '../platform/http/fields.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import type { TestClock } from './test.clock.js';
import { TestClocks } from './test.clocks.js';

class CreateTestClockRequest {
  @Instant() now!: string;
  @Metadata() metadata?: Record<string, string>;
}

class AdvanceRequest {
  @Instant() to!: string;
}

const LIST: ListSpec = {
  table: 'test_clocks',
  prefix: 'clk',
  filters: {
    status: { kind: 'one_of', column: 'status', values: ['ready', 'advancing', 'failed'] },
    now: { kind: 'instant', column: 'now' },
    ...DATE_FILTERS,
  },
};

/** Customers that live in the time of a clock of their own, to live through years in seconds. They exist only with a sandbox gateway. */
@Controller('v1/test_clocks')
export class TestClocksController {
  constructor(
    private readonly clocks: TestClocks,
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** Makes a clock that stands at an instant. */
  @Post()
  @Creates('clk')
  create(@Body() body: CreateTestClockRequest) {
    this.refuseLive();
    return this.clocks.create(parseInstant(body.now) as Date, body.metadata ?? {});
  }

  /** Lists clocks. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    this.refuseLive();
    const page = await listPage<TestClock>(this.database, query);
    return presentPage(page, (clocks) => Promise.all(clocks.map((clock) => this.clocks.present(clock))));
  }

  /** Shows a clock, and what it waits for. */
  @Get(':id')
  get(@Param('id') id: string) {
    this.refuseLive();
    return this.clocks.get(id);
  }

  /** Sets a clock going; it gets there by itself, through every instant at which something is due. */
  @Post(':id/advance')
  @HttpCode(202)
  advance(@Param('id') id: string, @Body() body: AdvanceRequest) {
    this.refuseLive();
    return this.clocks.advance(id, parseInstant(body.to) as Date);
  }

  /** Removes a clock and the customers who live in its time. */
  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string): Promise<void> {
    this.refuseLive();
    return this.clocks.remove(id);
  }

  private refuseLive(): void {
    if (isSandbox(this.config)) return;
    throw new Refusal('forbidden', 'test_clocks_unavailable', 'Test clocks exist only with a sandbox gateway.');
  }
}
