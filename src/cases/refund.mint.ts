import { Injectable } from '@nestjs/common';
import type { RefundDraft } from '../domain/case.records.js';
import { type Currency, type Money, toGatewayAmount } from '../domain/money.js';
import type { Refund } from '../domain/refund.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { newId } from '../platform/ids/ids.js';

/** What has not happened yet to a refund that is being made. */
const UNSENT = {
  sends: 0,
  lease_token: 0,
  lease_until: null,
  first_sent_at: null,
  last_sent_at: null,
  requested_at: null,
  checks: 0,
  empty_lookups: 0,
  empty_since: null,
  empty_at: null,
  response_code: null,
  response_summary: null,
  gateway_action_id: null,
  gateway_request_id: null,
  lost_at: null,
  settled_at: null,
  parked_at: null,
} as const;

/**
 * Makes refunds. Key and reference are derived from the charge's reference and the refund's number, so that
 * a restored database asks for the same refund again and not for another one.
 */
@Injectable()
export class RefundMint {
  constructor(private readonly secret: InstallationSecret) {}

  mint({ charge, amount, cause, reason, number, name, sendAt, now }: RefundDraft): Refund {
    if (charge.gateway_payment_id === null) throw new Error(`Charge ${charge.id} has no payment that could be refunded`);
    // What others did is never sent by us, so it goes by the gateway's own name for it.
    const reference = number === null ? (name ?? '') : `${charge.reference}-r${number}`;
    return {
      id: newId('rfnd'),
      charge: charge.id,
      customer: charge.customer,
      subscription: charge.subscription,
      number,
      cause,
      amount,
      currency: charge.currency,
      status: 'created',
      reason,
      reference,
      idempotency_key: this.secret.uuid('refund-key', reference),
      body: JSON.stringify({ amount: toGatewayAmount(amount as Money, charge.currency as Currency), reference }),
      gateway_payment_id: charge.gateway_payment_id,
      ...UNSENT,
      next_check_at: sendAt,
      test_clock: charge.test_clock,
      metadata: {},
      created_at: now,
      updated_at: now,
    };
  }
}
