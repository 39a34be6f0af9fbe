/** What the demo reads of the engine's answers; money in minor units. */
export interface Subscription {
  id: string;
  checkout: { status: string; url: string | null };
}

export interface Invoice {
  id: string;
  number: string;
  subscription: string;
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';
  period_no: number;
  total: number;
  amount_paid: number;
  amount_due: number;
  /** On the customer's clock, as `settled_at` is. */
  created_at: string;
}

export interface Charge {
  id: string;
  invoice: string;
  amount: number;
  amount_refunded: number;
  currency: string;
  surplus: boolean;
  reference: string;
  gateway_payment_id: string | null;
  settled_at: string | null;
}

export interface LifeEvent<T = unknown> {
  created_at: string;
  data: { object: T };
}

export interface TestClock {
  id: string;
  now: string;
  status: 'ready' | 'advancing' | 'failed';
  reason: string | null;
  waiting_on: string[];
}

/** One capture in the sandbox's book. */
export interface BookEntry {
  payment_id: string;
  reference: string;
  amount: number;
  currency: string;
  refunds: { amount: number }[];
}
