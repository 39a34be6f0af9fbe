import { addDuration } from './calendar.js';

/** What to do about invoices that could not be collected: data, read by the flows. */
export interface DunningPolicy {
  code: string;
  /** Waits, each counted from the previous try, as durations (`1d`, `12h`). */
  retries: readonly { after: string; notify: boolean }[];
  final_action: 'cancel' | 'unpaid' | 'pause';
  /** Days of access after the last paid period. */
  grace_days: number;
}

export const DEFAULT_POLICY: DunningPolicy = {
  code: 'default',
  retries: [
    { after: '1d', notify: true },
    { after: '3d', notify: true },
    { after: '5d', notify: true },
    { after: '7d', notify: true },
  ],
  final_action: 'cancel',
  grace_days: 0,
};

/** Hours (customer clock) between two charges of one subscription that follow each other after a success. */
export const NEXT_INVOICE_HOURS = 1;

/** When try `step` of the ladder is due, counted from the try before it; null when the ladder is used up. */
export function retryAt(policy: DunningPolicy, step: number, previousTry: Date): Date | null {
  const rung = policy.retries[step];
  return rung ? addDuration(previousTry, rung.after) : null;
}

/** When the whole ladder ends if every try is made on time: what a revoked wallet is given to sign anew. */
export function ladderEnd(policy: DunningPolicy, from: Date): Date {
  return policy.retries.reduce((at, rung) => addDuration(at, rung.after), from);
}

/** Response codes and error codes that say the customer ended the mandate; no try can succeed after them. */
const REVOCATION_CODES: ReadonlySet<string | null> = new Set(['200R1', '200R3', '20101', '20120', 'source_id_unknown']);

export function isRevocation(code: string | null): code is string {
  return REVOCATION_CODES.has(code);
}
