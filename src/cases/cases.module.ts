import { Module } from '@nestjs/common';
import { CaseStore } from './case.store.js';
import { ChargeMint } from './charge.mint.js';
import { PaymentBody } from './payment.body.js';
import { RefundMint } from './refund.mint.js';
import { WalletsModule } from '../wallets/wallets.module.js';

@Module({
  imports: [WalletsModule],
  providers: [CaseStore, ChargeMint, PaymentBody, RefundMint],
  exports: [CaseStore, ChargeMint, PaymentBody],
})
export class CasesModule {}
