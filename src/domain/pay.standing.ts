import { isEnded, type Subscription } from './subscription.js';

/** What a customer finds who opens the link that pays what he owes. */
export type PayStanding = 'payable' | 'nothing_owed' | 'in_progress' | 'ended';

/** What decides it. `owes`: an invoice is open. `charging`: the stored wallet is being charged, and its outcome decides. */
export interface Debtor extends Pick<Subscription, 'status' | 'source' | 'cancel_at_period_end'> {
  owes: boolean;
  charging: boolean;
}

/** Whether it is a free trial that goes on only if its customer pays: he may do so before it ends. */
export function awaitsWallet(s: Pick<Subscription, 'status' | 'source' | 'cancel_at_period_end'>): boolean {
  return s.status === 'trialing' && s.source === null && !s.cancel_at_period_end;
}

export function payStanding(debtor: Debtor): PayStanding {
  if (isEnded(debtor)) return 'ended';
  if (!debtor.owes && !awaitsWallet(debtor)) return 'nothing_owed';
  return debtor.charging ? 'in_progress' : 'payable';
}
