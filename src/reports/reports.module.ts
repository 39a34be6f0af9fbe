import { Module } from '@nestjs/common';
import { Reconciliation } from './reconciliation.js';
import { ReportsController } from './reports.controller.js';

@Module({ controllers: [ReportsController], providers: [Reconciliation] })
export class ReportsModule {}
