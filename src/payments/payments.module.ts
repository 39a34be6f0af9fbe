import { Module } from '@nestjs/common';
import { CasesModule } from '../cases/cases.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { ParkingModule } from '../parking/parking.module.js';
import { ChargesController } from './charges.controller.js';
import { LookUp } from './look.up.js';
import { RateBudget } from './rate.budget.js';
import { Sender } from './sender.js';
import { SettlementDoor } from './settlement.door.js';

@Module({
  imports: [CasesModule, GatewayModule, ParkingModule],
  controllers: [ChargesController],
  providers: [LookUp, RateBudget, Sender, SettlementDoor],
  exports: [GatewayModule, LookUp, RateBudget, Sender, SettlementDoor],
})
export class PaymentsModule {}
