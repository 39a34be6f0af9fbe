import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Refusal } from '../domain/errors.js';
import { Config, isSandbox } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { Instant, Metadata, parseInstant } from '../platform/http/fields.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
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

/** Exists only where money is play money. */
@Controller('v1/test_clocks')
export class TestClocksController {
  constructor(
    private readonly clocks: TestClocks,
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  @Post()
  @Creates('clk')
  create(@Body() body: CreateTestClockRequest) {
    this.refuseLive();
    return this.clocks.create(parseInstant(body.now) as Date, body.metadata ?? {});
  }

  @Get()
  async list(@Req() request: Request) {
    this.refuseLive();
    const page = await listPage<TestClock>(this.database, LIST, request);
    return presentPage(page, (clocks) => Promise.all(clocks.map((clock) => this.clocks.present(clock))));
  }

  @Get(':id')
  get(@Param('id') id: string) {
    this.refuseLive();
    return this.clocks.get(id);
  }

  @Post(':id/advance')
  @HttpCode(202)
  advance(@Param('id') id: string, @Body() body: AdvanceRequest) {
    this.refuseLive();
    return this.clocks.advance(id, parseInstant(body.to) as Date);
  }

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
