import { isEnded, type Subscription } from './subscription.js';

/** What a customer finds who opens the link that pays what he owes. */
export type PayStanding = 'payable' | 'nothing_owed' | 'in_progress' | 'ended';

/** What decides it. `owes`: an invoice is open. `charging`: the stored wallet is being charged, and its outcome decides. */
export interface Debtor extends Pick<Subscription, 'status' | 'source' | 'cancel_at_period_end'> {
  owes: boolean;
  charging: boolean;
}

/** What becomes of a subscription whose customer pays the oldest invoice that is owed. */
export type OncePaid = 'goes_on' | 'more_owed' | 'stays_paused';

type Payer = Pick<Subscription, 'status' | 'resumes_when_paid'>;

/** `owed`: invoices that are open. `began`: the period of the oldest has begun; one that has not begins with its payment. */
export function oncePaid({ status, resumes_when_paid: awaited }: Payer, owed: number, began: boolean): OncePaid {
  // A resume that waits for the payment comes with it.
  if (status === 'paused' && began && !awaited) return 'stays_paused';
  return status === 'unpaid' && owed > 1 ? 'more_owed' : 'goes_on';
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
