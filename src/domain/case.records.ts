import type { Charge, ChargeKind, ChargeTrigger } from './charge.js';
import type { Customer } from './customer.js';
import type { DunningPolicy } from './dunning.js';
import type { Invoice } from './invoice.js';
import type { Posting } from './ledger.js';
import type { Plan, PlanVersion } from './plan.js';
import type { Refund, RefundCause } from './refund.js';
import type { Source } from './source.js';
import type { CheckoutTerms, Subscription } from './subscription.js';

/** What a new charge is made of; the mint adds what is derived from the installation secret. */
export interface ChargeDraft {
  kind: ChargeKind;
  trigger: ChargeTrigger;
  dunning_step: number | null;
  subscription: Subscription;
  invoice: Invoice;
  attempt: number;
  source: Source | null;
  /** Where a customer-present payment leads; null for a stored source. */
  terms: CheckoutTerms | null;
  /** Engine clock. */
  sendAt: Date;
  now: Date;
}

/** What a new refund is made of. */
export interface RefundDraft {
  charge: Charge;
  amount: number;
  cause: RefundCause;
  reason: string | null;
  number: number | null;
  /** Engine clock; null for one that was found at the gateway and is not to be sent. */
  sendAt: Date | null;
  /** Tells refunds apart that others made. */
  name: string | null;
  now: Date;
}

/** How the gateway's names of wallets are kept and found. */
export interface WalletPort {
  /** As the row `source` keeps it. */
  seal(source: string, gatewaySourceId: string): string;
  /** What it is stored under now, then what replaced secrets have stored it under. */
  indexesOf(gatewaySourceId: string): [current: string, ...replaced: string[]];
}

export interface CasePorts {
  newId(prefix: 'inv' | 'chg' | 'psrc'): string;
  mint(draft: ChargeDraft): Charge;
  mintRefund(draft: RefundDraft): Refund;
  wallets: WalletPort;
  /** ISO 3166 alpha-2, for customers who have none. */
  defaultCountry: string;
  /** What becomes of captured money that pays for nothing. */
  surplusPolicy: 'refund' | 'credit';
}

export type NewRefund = Pick<RefundDraft, 'amount' | 'cause' | 'reason' | 'sendAt'> & {
  /** It exists at the gateway already: under a number of ours, or of somebody else's making. */
  found?: { number: number | null; name: string };
};

export interface CaseRecords {
  subscription: Subscription;
  plan: Plan;
  version: PlanVersion;
  policy: DunningPolicy;
  customer: Customer;
  /** The open invoices, and those that the business at hand is about. */
  invoices: Invoice[];
  /** Every charge of the periods of those invoices. */
  charges: Charge[];
  /** Every refund of those charges. */
  refunds: Refund[];
  sources: Source[];
  /** What the customer has in his favour; cases of one customer and currency share it. */
  balance: Purse;
}

/** Minor units of the subscription's currency. */
export interface Purse {
  amount: number;
}

export interface BookedPosting extends Posting {
  customer: string;
  subscription: string;
  at: Date;
}
