import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { readRange } from './range.js';
import { Reconciliation } from './reconciliation.js';

@Controller('v1/reports')
export class ReportsController {
  constructor(private readonly reconciliation: Reconciliation) {}

  @Get('reconciliation')
  reconcile(@Req() request: Request) {
    return this.reconciliation.report(readRange(request));
  }
}
