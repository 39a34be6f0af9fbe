import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Continuity } from './continuity.js';

@Controller('v1/quarantine')
export class QuarantineController {
  constructor(private readonly continuity: Continuity) {}

  @Get()
  get() {
    return this.continuity.quarantine();
  }

  @Post('release')
  @HttpCode(200)
  async release(@Body() _body: EmptyRequest) {
    await this.continuity.release();
    return this.continuity.quarantine();
  }
}
