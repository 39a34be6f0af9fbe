import { Module } from '@nestjs/common';
import { Measuring } from './measuring.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';

@Module({ controllers: [MetricsController], providers: [Measuring, Metrics], exports: [Measuring] })
export class TelemetryModule {}
