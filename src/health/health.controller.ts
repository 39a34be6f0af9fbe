import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Database } from '../platform/database/database.js';
import { WithoutKey } from '../platform/http/without.key.js';

@Controller('health')
@WithoutKey()
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Ready when the database answers; says what is down when it is not. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response) {
    const database = await this.database.query('select 1').then(
      () => 'ok' as const,
      () => 'down' as const,
    );
    if (database === 'down') response.status(503);
    return { status: database, database };
  }
}
