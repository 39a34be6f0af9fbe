import { type DunningPolicy, waitEnd } from './dunning.js';
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

const DAY_MS = 86_400_000;
/** How long (days) a link is good in any case. */
const LINK_DAYS = 30;
/** The same where no day is set by which it must be paid, and perhaps no other message follows. */
const OPEN_LINK_DAYS = 90;

/** The days that a message names, in RFC 3339. Customer clock. */
export interface NamedDays {
  date?: string;
  next_date?: string;
  pay_by?: string;
}

/**
 * Until when (engine clock) the link of a message is good: a day longer than the last day that the message names,
 * which its customer waits for by the engine's clock. `created`: customer clock; `recorded`: engine clock.
 */
export function linkEndsAt({ date, next_date, pay_by }: NamedDays, created: Date, recorded: Date): Date {
  const named = [date, next_date, pay_by].flatMap((day) => (day === undefined ? [] : Date.parse(day) - created.getTime() + DAY_MS));
  const least = (named.length === 0 ? OPEN_LINK_DAYS : LINK_DAYS) * DAY_MS;
  return new Date(recorded.getTime() + Math.max(least, ...named));
}

/** Hours that a policy keeps may move a try by two days. */
const MOST_MOVED_DAYS = 2;

/** Until when a link may be good that was sent before `now`, whatever its message names. */
export function linksEndBy(policies: readonly Pick<DunningPolicy, 'retries'>[], now: Date): Date {
  const named = policies.map((policy) => waitEnd(policy, now).getTime() + (MOST_MOVED_DAYS + 1) * DAY_MS);
  return new Date(Math.max(now.getTime() + OPEN_LINK_DAYS * DAY_MS, ...named));
}
