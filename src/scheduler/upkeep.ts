import { Injectable } from '@nestjs/common';
import { IdempotencyKeys } from '../access/idempotency.keys.js';
import { Continuity } from '../continuity/continuity.js';
import { MessageSender } from '../messages/message.sender.js';
import { Orphans } from '../payments/orphans.js';
import { Measuring } from '../telemetry/measuring.js';
import { Deliverer } from '../webhooks/deliverer.js';
import { WebhookUpkeep } from '../webhooks/webhook.upkeep.js';

/** What the engine does for itself, and not for any subscription. */
@Injectable()
export class Upkeep {
  constructor(
    readonly continuity: Continuity,
    readonly measuring: Measuring,
    readonly orphans: Orphans,
    readonly messages: MessageSender,
    readonly deliverer: Deliverer,
    readonly webhooks: WebhookUpkeep,
    readonly idempotency: IdempotencyKeys,
  ) {}
}
