import { Module } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import { WalletsModule } from '../wallets/wallets.module.js';
import { Courier } from './courier.js';
import { Deliverer } from './deliverer.js';
import { Deliveries } from './deliveries.js';
import { Egress } from './egress.js';
import { Endpoints } from './endpoints.js';
import { Signing } from './signing.js';
import { WebhookDeliveriesController } from './webhook.deliveries.controller.js';
import { WebhookEndpointsController } from './webhook.endpoints.controller.js';
import { WebhookUpkeep } from './webhook.upkeep.js';

@Module({
  imports: [WalletsModule],
  controllers: [WebhookEndpointsController, WebhookDeliveriesController],
  providers: [
    { provide: Egress, inject: [Config], useFactory: (config: Config) => new Egress(config.WEBHOOKS_ALLOW_PRIVATE) },
    Courier, Deliverer, Deliveries, Endpoints, Signing, WebhookUpkeep,
  ],
  exports: [Deliverer, WebhookUpkeep],
})
export class WebhooksModule {}
