import { Injectable } from '@nestjs/common';
import { MessageSender } from '../messages/message.sender.js';
import { Deliverer } from '../webhooks/deliverer.js';
import { WebhookUpkeep } from '../webhooks/webhook.upkeep.js';

/** What carries news to customers and merchants, after it has happened. */
@Injectable()
export class Telling {
  constructor(
    readonly messages: MessageSender,
    readonly deliverer: Deliverer,
    readonly webhooks: WebhookUpkeep,
  ) {}
}
