import type { FaultRegistry } from './faults/registry.js';
import type { FaultSubject } from './faults/fault.js';
import type { Payment } from './payments/model.js';
import type { Clock } from './runtime/ports.js';
import type { Random } from './runtime/random.js';
import type { Settings } from './settings.js';
import type { Store } from './store.js';

/** What every part of the gateway shares. */
export interface Context {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly faults: FaultRegistry;
  /** Changed in place by the control API. */
  readonly settings: Settings;
  /** Base of the gateway's own URLs, without a slash at the end. */
  publicUrl: string;
}

/** A payment as faults are matched against it. */
export function subjectOf(context: Context, payment: Payment): FaultSubject {
  return {
    operation: 'payment',
    payment_id: payment.id,
    reference: payment.terms.reference,
    source: payment.source_id,
    customer_email: context.store.customers.get(payment.customer_id)?.email,
    kind: payment.kind,
  };
}

/** An instant as the gateway writes it, with seven digits of fraction [C]. */
export function stamp(context: Context, instant: number): string {
  const digits = String((instant * 7919) % 10_000).padStart(4, '0');
  return new Date(instant + context.faults.skewMs()).toISOString().replace('Z', `${digits}Z`);
}
