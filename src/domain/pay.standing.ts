import { isEnded, type SubscriptionStatus } from './subscription.js';

/** What a customer finds who opens the link that pays what he owes. */
export type PayStanding = 'payable' | 'nothing_owed' | 'in_progress' | 'ended';

/** `owes`: an invoice is open. `charging`: the stored wallet is being charged, and its outcome decides. */
export function payStanding(status: SubscriptionStatus, owes: boolean, charging: boolean): PayStanding {
  if (isEnded({ status })) return 'ended';
  if (!owes) return 'nothing_owed';
  return charging ? 'in_progress' : 'payable';
}
