import { Injectable } from '@nestjs/common';
import type { RefundDraft } from '../domain/case.records.js';
import { type Currency, type Money, toGatewayAmount } from '../domain/money.js';
import { newRefund, referenceOfRefund } from '../domain/new.records.js';
import type { Refund } from '../domain/refund.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { newId } from '../platform/ids/ids.js';

/**
 * Makes refunds. Key and reference are derived from the charge's reference and the refund's number, so that
 * a restored database asks for the same refund again and not for another one.
 */
@Injectable()
export class RefundMint {
  constructor(private readonly secret: InstallationSecret) {}

  mint(draft: RefundDraft): Refund {
    const reference = referenceOfRefund(draft);
    return newRefund(draft, {
      id: newId('rfnd'),
      idempotency_key: this.secret.uuid('refund-key', reference),
      body: JSON.stringify({ amount: toGatewayAmount(draft.amount as Money, draft.charge.currency as Currency), reference }),
    });
  }
}
