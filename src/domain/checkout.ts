import { type AdvanceAmount, writeAdvance } from './advance.js';
import type { BillingCase } from './case.js';
import { type Charge, isCustomerPresent, isOpen } from './charge.js';
import { conflict } from './errors.js';
import type { BillingTerms } from './invoicing.js';
import { refuseEnded } from './lifecycle.js';
import type { CheckoutTerms } from './subscription.js';
import { beingCharged } from './waiting.js';

const BY_HAND_MS = 5_000;

/**
 * The redirect for the oldest invoice that is owed: the one that is still open, or a new one. Where nothing is
 * owed the customer changes his wallet with it: `amount` says what he pays; null where he came to pay his debts only.
 */
export function openCheckout(c: BillingCase, terms: CheckoutTerms, amount: AdvanceAmount | null, billing: BillingTerms): Charge {
  refuseEnded(c.subscription);
  if (c.liveCharges().length > 0) throw beingCharged();
  const asked = c.openInvoices()[0] ?? (amount === null ? null : writeAdvance(c, amount, billing));
  if (!asked) throw conflict('nothing_owed', 'The subscription owes nothing.');
  const open = c.chargesOf(asked.id).find((charge) => isHandedOutAgain(charge, c.engineNow));
  if (open) return open;
  const { terminal_type, os_type, success_url, failure_url } = terms;
  c.patch({ terminal_type, os_type, success_url, failure_url });
  return c.addCharge(c.subscription.status === 'incomplete' ? 'initial' : 'checkout', asked, null, terms, sentByHand(c.engineNow));
}

/** Whoever asked for a redirect sends it himself; the timer takes over only when he is gone. */
export function sentByHand(now: Date): Date {
  return new Date(now.getTime() + BY_HAND_MS);
}

/** A redirect that can still be paid, or whose link is just being asked for; one whose link was lost is replaced. */
function isHandedOutAgain(charge: Charge, now: Date): boolean {
  if (!isCustomerPresent(charge.kind) || !isOpen(charge.status)) return false;
  if (charge.status === 'created') return true;
  if (charge.status === 'sending') return charge.last_sent_at !== null && now < sentByHand(charge.last_sent_at);
  return charge.redirect_url !== null && charge.expires_at !== null && charge.expires_at > now;
}
