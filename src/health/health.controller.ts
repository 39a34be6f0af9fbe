import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Database } from '../platform/database/database.js';
import { AlsoAnswers } from '../platform/http/also.answers.js';
import { WithoutKey } from '../platform/http/without.key.js';

/** For whoever watches over the processes. */
@Controller('health')
@WithoutKey()
export class HealthController {
  constructor(private readonly database: Database) {}

  /** Says that the process lives. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Says whether requests can be answered, and what is down when they cannot. */
  @Get('ready')
  @AlsoAnswers({ 503: 'Something is down.' })
  async ready(@Res({ passthrough: true }) response: Response) {
    const database = await this.database.query('select 1').then(
      () => 'ok' as const,
      () => 'down' as const,
    );
    if (database === 'down') response.status(503);
    return { status: database, database };
  }
}
