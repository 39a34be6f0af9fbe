import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { readRange } from './range.js';
import { Reconciliation } from './reconciliation.js';
import { Recovery } from './recovery.js';

@Controller('v1/reports')
export class ReportsController {
  constructor(
    private readonly reconciliation: Reconciliation,
    private readonly recovery: Recovery,
  ) {}

  @Get('reconciliation')
  reconcile(@Req() request: Request) {
    return this.reconciliation.report(readRange(request));
  }

  @Get('recovery')
  recover(@Req() request: Request) {
    return this.recovery.report(readRange(request));
  }
}
