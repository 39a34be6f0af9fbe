import { Module } from '@nestjs/common';
import { ContinuityModule } from '../continuity/continuity.module.js';
import { CasesModule } from '../cases/cases.module.js';
import { WalletsModule } from '../wallets/wallets.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { ParkingModule } from '../parking/parking.module.js';
import { Acknowledgements } from './acknowledgements.js';
import { ChargeCalls } from './charge.calls.js';
import { ChargeSight } from './charge.sight.js';
import { CircuitBreaker } from './circuit.breaker.js';
import { Clearance } from './clearance.js';
import { ChargesController } from './charges.controller.js';
import { LookUp } from './look.up.js';
import { Orphans } from './orphans.js';
import { PaymentWork } from './payment.work.js';
import { RateBudget } from './rate.budget.js';
import { RefundLookUp } from './refund.look.up.js';
import { RefundSender } from './refund.sender.js';
import { RefundSight } from './refund.sight.js';
import { Refunds } from './refunds.js';
import { RefundsController } from './refunds.controller.js';
import { Sender } from './sender.js';
import { SettlementDoor } from './settlement.door.js';
import { Verification } from './verification.js';
import { Windows } from './windows.js';

@Module({
  imports: [CasesModule, ContinuityModule, GatewayModule, ParkingModule, WalletsModule],
  controllers: [ChargesController, RefundsController],
  providers: [
    Acknowledgements, ChargeCalls, ChargeSight, CircuitBreaker, Clearance, LookUp, Orphans, PaymentWork, RateBudget,
    RefundLookUp, RefundSender, RefundSight, Refunds, Sender, SettlementDoor, Verification, Windows,
  ],
  exports: [Clearance, ContinuityModule, GatewayModule, LookUp, Orphans, PaymentWork, RateBudget, Sender, SettlementDoor],
})
export class PaymentsModule {}
