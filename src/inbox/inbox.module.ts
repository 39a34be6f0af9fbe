import { Module } from '@nestjs/common';
import { ParkingModule } from '../parking/parking.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { Inbox } from './inbox.js';
import { InboxController } from './inbox.controller.js';

@Module({ imports: [ParkingModule, PaymentsModule], controllers: [InboxController], providers: [Inbox], exports: [Inbox] })
export class InboxModule {}
