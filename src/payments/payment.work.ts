import { Injectable } from '@nestjs/common';
import { Clearance } from './clearance.js';
import { LookUp } from './look.up.js';
import { RefundLookUp } from './refund.look.up.js';
import { RefundSender } from './refund.sender.js';
import { Sender } from './sender.js';
import { Verification } from './verification.js';

/** What this floor does by itself, for whoever keeps the timers. */
@Injectable()
export class PaymentWork {
  constructor(
    readonly clearance: Clearance,
    readonly lookUp: LookUp,
    readonly sender: Sender,
    readonly refundSender: RefundSender,
    readonly refundLookUp: RefundLookUp,
    readonly verification: Verification,
  ) {}
}
