export type FaultParams = Record<string, string | number | boolean | string[]>;

/** Where in a payment's way the fault strikes. */
export type FaultStage = 'request' | 'key' | 'payment' | 'refund' | 'reading' | 'webhook' | 'clock';

export interface FaultKind<P extends FaultParams = FaultParams> {
  /** Its number in the contract's list of fault modes; 0 for one beyond that list. */
  number: number;
  stage: FaultStage;
  description: string;
  /** Operations it strikes when the match names none; empty where operations play no part. */
  operations: readonly Operation[];
  /** Parameters with their defaults. */
  params: P;
}

export const MATCHED_OPERATIONS = ['payment', 'details', 'list', 'actions', 'refund', 'token'] as const;
export type Operation = (typeof MATCHED_OPERATIONS)[number];

/** What a fault is compared with: the thing at hand, as far as it is known. */
export interface FaultSubject {
  operation?: Operation;
  payment_id?: string;
  reference?: string;
  source?: string;
  customer_email?: string;
  kind?: 'redirect' | 'stored';
  event_type?: string;
}

export interface FaultMatch extends Omit<FaultSubject, 'operation'> {
  operation?: Operation;
  reference_prefix?: string;
}
