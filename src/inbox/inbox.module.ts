import { Module } from '@nestjs/common';
import { PaymentsModule } from '../payments/payments.module.js';
import { Inbox } from './inbox.js';
import { InboxController } from './inbox.controller.js';

@Module({ imports: [PaymentsModule], controllers: [InboxController], providers: [Inbox], exports: [Inbox] })
export class InboxModule {}
