import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Continuity } from './continuity.js';

/** After a restore nothing is charged before the gateway has been asked about everything that was under way. */
@Controller('v1/quarantine')
export class QuarantineController {
  constructor(private readonly continuity: Continuity) {}

  /** Shows whether the engine is in quarantine, and how far it is. */
  @Get()
  get() {
    return this.continuity.quarantine();
  }

  /** Ends the quarantine now. It ends by itself when all has been asked about. */
  @Post('release')
  @HttpCode(200)
  async release(@Body() _body: EmptyRequest) {
    await this.continuity.release();
    return this.continuity.quarantine();
  }
}
