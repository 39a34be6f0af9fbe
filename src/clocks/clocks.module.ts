import { Module } from '@nestjs/common';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { ClockRunner } from './clock.runner.js';
import { TestClocks } from './test.clocks.js';
import { TestClocksController } from './test.clocks.controller.js';

@Module({
  imports: [SubscriptionsModule],
  controllers: [TestClocksController],
  providers: [ClockRunner, TestClocks],
  exports: [ClockRunner],
})
export class ClocksModule {}
