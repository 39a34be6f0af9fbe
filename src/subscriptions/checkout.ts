import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { type Charge, isCustomerPresent, isOpen } from '../domain/charge.js';
import { conflict, invalid } from '../domain/errors.js';
import { refuseEnded } from '../domain/lifecycle.js';
import { ASK_AGAIN_SECONDS } from '../domain/operator.js';
import type { CheckoutTerms } from '../domain/subscription.js';
import { Sender } from '../payments/sender.js';
import { Database } from '../platform/database/database.js';
import type { CheckoutRequest } from './subscription.requests.js';
import { loadCase } from './subscription.case.js';

const BY_HAND_MS = 5_000;

export function checkTerminal(request: CheckoutRequest): void {
  if (request.terminal_type !== 'WEB' && request.os_type === undefined) {
    throw invalid('os_type', 'is required unless terminal_type is WEB');
  }
}

/** Lets the customer pay what is owed himself, by redirect; its capture brings the wallet anew. */
@Injectable()
export class Checkout {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly sender: Sender,
  ) {}

  async open(subscription: string, request: CheckoutRequest): Promise<void> {
    checkTerminal(request);
    const terms: CheckoutTerms = {
      terminal_type: request.terminal_type,
      os_type: request.os_type ?? null,
      success_url: request.success_url,
      failure_url: request.failure_url,
    };
    const charge = await this.database.transaction(async (tx) => {
      const c = await loadCase(tx, this.cases, subscription);
      const opened = openCheckout(c, terms);
      await this.cases.save(tx, [c]);
      return opened;
    });
    if (charge.status === 'created') await this.sender.sendNow([charge.id]);
  }
}

/** The redirect for the oldest invoice that is owed: the one that is still open, or a new one. */
export function openCheckout(c: BillingCase, terms: CheckoutTerms): Charge {
  refuseEnded(c.subscription);
  const owed = c.openInvoices()[0];
  if (!owed) throw conflict('nothing_owed', 'The subscription owes nothing.');
  if (c.liveCharges().length > 0) {
    throw conflict('charge_in_progress', 'The wallet is being charged right now.', ASK_AGAIN_SECONDS);
  }
  const open = c.chargesOf(owed.id).find((charge) => isHandedOutAgain(charge, c.engineNow));
  if (open) return open;
  c.patch(terms);
  return c.addCharge(c.subscription.status === 'incomplete' ? 'initial' : 'checkout', owed, null, terms, sentByHand(c.engineNow));
}

/** Whoever asked for a redirect sends it himself; the timer takes over only when he is gone. */
export function sentByHand(now: Date): Date {
  return new Date(now.getTime() + BY_HAND_MS);
}

/** A redirect that can still be paid, or one that is yet to be sent; one whose link was lost is replaced. */
function isHandedOutAgain(charge: Charge, now: Date): boolean {
  if (!isCustomerPresent(charge.kind) || !isOpen(charge.status)) return false;
  if (charge.status === 'created') return true;
  return charge.redirect_url !== null && charge.expires_at !== null && charge.expires_at > now;
}
