import { Module } from '@nestjs/common';
import { WalletsModule } from '../wallets/wallets.module.js';
import { EventsController } from './events.controller.js';

@Module({ imports: [WalletsModule], controllers: [EventsController] })
export class EventsModule {}
