import { Module } from '@nestjs/common';
import { CaseStore } from './case.store.js';
import { ChargeMint } from './charge.mint.js';
import { PaymentBody } from './payment.body.js';
import { RefundMint } from './refund.mint.js';

@Module({ providers: [CaseStore, ChargeMint, PaymentBody, RefundMint], exports: [CaseStore, ChargeMint] })
export class CasesModule {}
