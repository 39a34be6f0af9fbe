import type { PaymentStatus } from './transitions.js';

export type PaymentKind = 'redirect' | 'stored';
export type TerminalType = 'APP' | 'WAP' | 'WEB';

/** How the wallet will answer a charge, settled when the decision is scheduled. */
export interface Fate {
  outcome: 'capture' | 'decline' | 'pending';
  response_code: string;
  /** Minor units taken, when the provider captures only a part. */
  capture_amount?: number;
}

export type ActionType = 'Authorization' | 'Capture' | 'Refund' | 'Return';

export interface Action {
  id: string;
  type: ActionType;
  /** Minor units. */
  amount: number;
  /** Epoch ms. */
  processed_at: number;
  /** Absent while the action awaits its result. */
  approved?: boolean;
  response_code?: string;
  reference?: string;
  metadata?: Metadata;
  /** A refund beyond the balance that a fault let through. */
  excess?: boolean;
}

export type Metadata = Record<string, string | number | boolean>;

/** The part of a payment that changes during its life; all amounts in minor units. */
export interface PaymentState {
  status: PaymentStatus;
  /** How many of the payment's actions count in this state. */
  actions: number;
  captured: number;
  refunded: number;
  /** Reserved by refunds whose result is still open. */
  refunding: number;
}

/** What the merchant sent, kept to be told again in the details. */
export interface PaymentTerms {
  /** Minor units. */
  amount: number;
  currency: string;
  reference: string;
  payment_type: string;
  processing_channel_id?: string;
  success_url?: string;
  failure_url?: string;
  terminal_type?: TerminalType;
  os_type?: string;
  merchant_initiated?: boolean;
  description?: string;
  shipping?: unknown;
  items?: unknown;
  metadata?: Metadata;
}

export interface Payment {
  id: string;
  kind: PaymentKind;
  /** Session of the pay page; redirects only. */
  sid?: string;
  terms: PaymentTerms;
  source_id?: string;
  customer_id: string;
  /** Epoch ms, as all `…_at`. */
  requested_at: number;
  expires_at?: number;
  /** Not found by id or by reference before this instant. */
  visible_at: number;
  listed_at: number;
  /** Set once the customer has pressed a button that binds. */
  answered?: boolean;
  fate?: Fate;
  /** Announced by `payment_capture_pending`, used by the capture. */
  capture_action_id?: string;
  actions: Action[];
  state: PaymentState;
  /** The state that readers still see until `until`. */
  lagging?: { until: number; state: PaymentState };
}

export type SourceStatus = 'pending' | 'active' | 'void' | 'revoked';

/** A wallet agreement, born with its set-up payment and usable once that is captured. */
export interface Source {
  id: string;
  customer_id: string;
  setup_payment_id: string;
  status: SourceStatus;
  created_at: number;
  revocation?: { mode: 'decline' | 'unknown'; response_code: string };
}

export interface Customer {
  id: string;
  email?: string;
  name?: string;
}

/** A scripted answer of one source or wallet, used up after `times` charges. */
export interface Behaviour {
  outcome: Fate['outcome'];
  response_code?: string;
  times?: number;
}

/** Money out of a captured payment, as the book records it. */
export interface BookRefund {
  action_id: string;
  /** Minor units. */
  amount: number;
  kind: 'refund' | 'return';
  at: number;
  reference?: string;
}

/** One capture: the gateway's own record of money taken, never removed. */
export interface BookEntry {
  number: number;
  payment_id: string;
  action_id: string;
  reference: string;
  source_id?: string;
  customer_email?: string;
  kind: PaymentKind;
  payment_type: string;
  /** Minor units. */
  amount: number;
  currency: string;
  requested_at: number;
  captured_at: number;
  /** True when the payment had already been told as failed. */
  late: boolean;
  refunds: BookRefund[];
}
