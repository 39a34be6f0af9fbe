import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { ClocksModule } from './clocks/clocks.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { InboxModule } from './inbox/inbox.module.js';
import { InvoicesModule } from './invoices/invoices.module.js';
import { logModule } from './platform/log/log.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { PagesModule } from './pages/pages.module.js';
import { PlatformModule, type PlatformParts } from './platform/platform.module.js';
import { PlansModule } from './plans/plans.module.js';
import { ReportsModule } from './reports/reports.module.js';
import { SchedulerModule } from './scheduler/scheduler.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

@Module({})
export class AppModule {
  static with(parts: PlatformParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        logModule(parts.config.LOG_LEVEL),
        PlatformModule.with(parts),
        AccessModule,
        HealthModule,
        OpenApiModule,
        PlansModule,
        CustomersModule,
        EventsModule,
        InvoicesModule,
        SubscriptionsModule,
        ClocksModule,
        InboxModule,
        MessagesModule,
        PagesModule,
        WebhooksModule,
        ReportsModule,
        SchedulerModule,
      ],
    };
  }
}
