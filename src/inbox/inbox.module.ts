import { Module } from '@nestjs/common';
import { ParkingModule } from '../parking/parking.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { Arrivals } from './arrivals.js';
import { Inbox } from './inbox.js';
import { InboxEndpoint } from './inbox.endpoint.js';

@Module({ imports: [ParkingModule, PaymentsModule], providers: [Arrivals, Inbox, InboxEndpoint], exports: [Inbox] })
export class InboxModule {}
