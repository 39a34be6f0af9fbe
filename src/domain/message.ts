import type { Locale } from './customer.js';
import type { DunningPolicy } from './dunning.js';
import type { EventDraft } from './events.js';
import type { OncePaid } from './pay.standing.js';

export const MESSAGE_NAMES = [
  'receipt',
  'renewal_upcoming',
  'payment_failed',
  'reauthorise',
  'recovered',
  'canceled',
  'trial_ending',
] as const;
/** What a message to a customer is about. Part of the interface: a name is never renamed. */
export type MessageName = (typeof MESSAGE_NAMES)[number];

/** What a message says, frozen when it happened: amounts in minor units, instants in RFC 3339. What does not apply is left out. */
export interface MessageData {
  plan_name: string;
  customer_name?: string;
  /** In which the dates are written. */
  time_zone: string;
  currency: string;
  /** Paid, owed, or to be charged. */
  amount?: number;
  /** The part of a paid amount that the customer's balance paid. */
  from_balance?: number;
  /** What goes back to the wallet. */
  refunded?: number;
  invoice_number?: string;
  period_start?: string;
  period_end?: string;
  /** When it happened, or will happen. */
  date?: string;
  /** When the wallet is charged next, as far as is known. */
  next_date?: string;
  /** Until when the customer must have paid by himself. */
  pay_by?: string;
  /** What becomes of the subscription if he has not. */
  final_action?: DunningPolicy['final_action'];
  /** What becomes of it if he pays. */
  once_paid?: OncePaid;
  access_until?: string;
  /** The message carries the link that pays what is owed. */
  payable?: true;
  /** No wallet can be charged: whoever wants to go on pays himself when it is due. */
  no_wallet?: true;
}

/** A message to be stored with the event that it tells the customer of. */
export interface MessageDraft {
  event: EventDraft;
  name: MessageName;
  customer: string;
  subscription: string;
  invoice: string | null;
  locale: Locale;
  recipient: string;
  data: MessageData;
}
