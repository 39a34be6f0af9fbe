import { Controller, Get } from '@nestjs/common';
import { type DividedRange, RangeBy, REPORT_INTERVALS } from './range.js';
import { Reconciliation } from './reconciliation.js';
import { Recovery } from './recovery.js';

/** Figures over a stretch of time. */
@Controller('v1/reports')
export class ReportsController {
  constructor(
    private readonly reconciliation: Reconciliation,
    private readonly recovery: Recovery,
  ) {}

  /** Says whether the gateway and the books agree. Charges count by when they were first sent, in real time. */
  @Get('reconciliation')
  reconcile(@RangeBy(REPORT_INTERVALS) range: DividedRange) {
    return this.reconciliation.report(range);
  }

  /** Says what became of payments that failed. An invoice counts when its first try failed, on its customer’s clock, and by why. */
  @Get('recovery')
  recover(@RangeBy(REPORT_INTERVALS) range: DividedRange) {
    return this.recovery.report(range);
  }
}
