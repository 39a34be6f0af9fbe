import { Module } from '@nestjs/common';
import { Reconciliation } from './reconciliation.js';
import { Recovery } from './recovery.js';
import { ReportsController } from './reports.controller.js';

@Module({ controllers: [ReportsController], providers: [Reconciliation, Recovery] })
export class ReportsModule {}
