import { Module } from '@nestjs/common';
import { Mailer } from './mailer.js';
import { MessagePresenter } from './message.presenter.js';
import { MessageSender } from './message.sender.js';
import { MessageTemplates } from './message.templates.js';
import { MessageTemplatesController } from './message.templates.controller.js';
import { MessagesController } from './messages.controller.js';
import { PayLink } from './pay.link.js';

@Module({
  controllers: [MessagesController, MessageTemplatesController],
  providers: [Mailer, MessagePresenter, MessageSender, MessageTemplates, PayLink],
  exports: [MessageSender, PayLink],
})
export class MessagesModule {}
