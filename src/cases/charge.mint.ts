import { Injectable } from '@nestjs/common';
import type { ChargeDraft } from '../domain/case.records.js';
import type { Charge } from '../domain/charge.js';
import { newCharge } from '../domain/new.records.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { newId } from '../platform/ids/ids.js';
import { PaymentBody } from './payment.body.js';

/** Begins every reference, so that our payments are known among others of the same account. */
export const REFERENCE_PREFIX = 'zq';

const REFERENCE = new RegExp(`^${REFERENCE_PREFIX}-[a-z2-7]{20}-(\\d+)-(\\d+)$`);

/** The attempt that the reference of a payment of ours tells; null for any other. */
export function attemptNamed(reference: string): { periodNo: number; attempt: number } | null {
  const [, periodNo, attempt] = REFERENCE.exec(reference) ?? [];
  return periodNo === undefined ? null : { periodNo: Number(periodNo), attempt: Number(attempt) };
}

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
    const { subscription, invoice, attempt } = draft;
    const fact = [subscription.id, invoice.period_no, attempt] as const;
    const reference = this.referenceOf(...fact);
    return newCharge(draft, {
      id: newId('chg'),
      reference,
      idempotency_key: this.secret.uuid('idempotency-key', ...fact),
      ...this.paymentBody.write(draft, reference),
    });
  }
}
