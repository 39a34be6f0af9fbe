import { Injectable } from '@nestjs/common';
import type { ChargeDraft } from '../domain/case.records.js';
import type { Charge } from '../domain/charge.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { newId } from '../platform/ids/ids.js';
import { PaymentBody } from './payment.body.js';

/** Begins every reference, so that our payments are known among others of the same account. */
export const REFERENCE_PREFIX = 'zq';

/** What has not happened yet to a charge that is being made. */
const UNSENT = {
  amount_refunded: 0,
  amount_credited: 0,
  refund_count: 0,
  sends: 0,
  lease_token: 0,
  lease_until: null,
  first_sent_at: null,
  last_sent_at: null,
  checks: 0,
  empty_lookups: 0,
  empty_since: null,
  empty_at: null,
  response_code: null,
  response_summary: null,
  decline_class: null,
  gateway_request_id: null,
  requested_at: null,
  settled_at: null,
  parked_at: null,
  cleared_at: null,
  lost_at: null,
  verified_at: null,
} as const;

/**
 * Makes charges. Key and reference are derived from the period and the attempt, never random: a database
 * restored from a backup makes the same ones again, and the gateway recognises them.
 */
@Injectable()
export class ChargeMint {
  constructor(
    private readonly secret: InstallationSecret,
    private readonly paymentBody: PaymentBody,
  ) {}

  referenceOf(...fact: readonly [subscription: string, periodNo: number, attempt: number]): string {
    const tag = this.secret.token('reference', 20, ...fact);
    return `${REFERENCE_PREFIX}-${tag}-${fact[1]}-${fact[2]}`;
  }

  mint(draft: ChargeDraft): Charge {
    const { subscription, invoice, attempt, kind, trigger, dunning_step, source, now } = draft;
    const fact = [subscription.id, invoice.period_no, attempt] as const;
    const reference = this.referenceOf(...fact);
    return {
      id: newId('chg'),
      customer: subscription.customer,
      subscription: subscription.id,
      invoice: invoice.id,
      period_no: invoice.period_no,
      kind,
      trigger,
      dunning_step,
      attempt,
      amount: invoice.amount_due,
      currency: invoice.currency,
      status: 'created',
      surplus: false,
      reference,
      idempotency_key: this.secret.uuid('idempotency-key', ...fact),
      ...this.paymentBody.write(draft, reference),
      source: source?.id ?? null,
      gateway_payment_id: null,
      redirect_url: null,
      expires_at: null,
      ...UNSENT,
      next_check_at: draft.sendAt,
      test_clock: subscription.test_clock,
      metadata: {},
      created_at: now,
      updated_at: now,
    };
  }
}
