import { Module } from '@nestjs/common';
import { MessagesModule } from '../messages/messages.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { PayController } from './pay.controller.js';
import { PayDesk } from './pay.desk.js';

@Module({ imports: [MessagesModule, SubscriptionsModule], controllers: [PayController], providers: [PayDesk] })
export class PagesModule {}
