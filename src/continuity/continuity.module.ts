import { Module } from '@nestjs/common';
import { Continuity } from './continuity.js';
import { QuarantineController } from './quarantine.controller.js';

@Module({ controllers: [QuarantineController], providers: [Continuity], exports: [Continuity] })
export class ContinuityModule {}
