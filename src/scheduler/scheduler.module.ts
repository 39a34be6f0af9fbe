import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AccessModule } from '../access/access.module.js';
import { ContinuityModule } from '../continuity/continuity.module.js';
import { ClocksModule } from '../clocks/clocks.module.js';
import { InboxModule } from '../inbox/inbox.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { Scheduler } from './scheduler.js';
import { Telling } from './telling.js';
import { Timers } from './timers.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { Upkeep } from './upkeep.js';

@Module({
  imports: [
    ScheduleModule.forRoot(), AccessModule, ContinuityModule, ClocksModule, InboxModule, MessagesModule, PaymentsModule, SubscriptionsModule,
    TelemetryModule, WebhooksModule,
  ],
  providers: [Scheduler, Telling, Timers, Upkeep],
  exports: [Scheduler],
})
export class SchedulerModule {}
