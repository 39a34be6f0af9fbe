/** Everything that Zhouqi tells the world. Part of the interface: a type is never renamed. */
export const EVENT_TYPES = [
  'subscription.created',
  'subscription.activated',
  'subscription.trial_will_end',
  'subscription.renewal_upcoming',
  'subscription.renewed',
  'subscription.past_due',
  'subscription.recovered',
  'subscription.unpaid',
  'subscription.updated',
  'subscription.paused',
  'subscription.resumed',
  'subscription.canceled',
  'subscription.expired',
  'source.captured',
  'source.revoked',
  'source.superseded',
  'invoice.finalized',
  'invoice.paid',
  'invoice.payment_failed',
  'invoice.voided',
  'invoice.uncollectible',
  'charge.created',
  'charge.pending',
  'charge.unknown',
  'charge.captured',
  'charge.declined',
  'charge.refused',
  'charge.expired',
  'charge.canceled',
  'charge.absent',
  'charge.surplus',
  'charge.refunded',
  'refund.created',
  'refund.succeeded',
  'refund.declined',
  'dunning.started',
  'dunning.retried',
  'dunning.exhausted',
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'plan.created',
  'plan.updated',
  'row.parked',
  'webhook_endpoint.test',
  'webhook_endpoint.disabled',
  'test_clock.ready',
  'engine.quarantined',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/**
 * Something that happened, to be stored with the change that made it happen.
 * `subject` is the subscription for all that happens in its life, else the thing itself;
 * `at` is on the customer's clock.
 */
export interface EventDraft {
  type: EventType;
  subject: string;
  at: Date;
  data: { object: object; previous?: object };
}
