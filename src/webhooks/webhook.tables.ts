import { EntitySchema } from 'typeorm';
import type { EventType } from '../domain/events.js';
import type { DeliveryStatus } from '../domain/webhook.js';
import { bool, id, instant, int, json, nullable, ref, text } from '../platform/database/columns.js';

/** Where a merchant wants to be told. All times are the engine's. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  events: string[];
  description: string | null;
  active: boolean;
  /** Sealed, like the one before it. */
  secret: string;
  previous_secret: string | null;
  previous_secret_until: Date | null;
  failing_since: Date | null;
  disabled_at: Date | null;
  disabled_reason: 'failing' | 'gone' | null;
  /** What a replay has still to queue. */
  replay_from: Date | null;
  replay_to: Date | null;
  deleted_at: Date | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

export const WebhookEndpointTable = new EntitySchema<WebhookEndpoint>({
  name: 'webhook_endpoint',
  tableName: 'webhook_endpoints',
  columns: {
    id: id(),
    url: text(),
    events: text({ array: true }),
    description: text(nullable),
    active: bool(),
    secret: text(),
    previous_secret: text(nullable),
    previous_secret_until: instant(nullable),
    failing_since: instant(nullable),
    disabled_at: instant(nullable),
    disabled_reason: text(nullable),
    replay_from: instant(nullable),
    replay_to: instant(nullable),
    deleted_at: instant(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

/** One event on its way to one endpoint. All times are the engine's. */
export interface WebhookDelivery {
  id: string;
  endpoint: string;
  event: string;
  event_type: EventType;
  subject: string;
  sequence: number;
  status: DeliveryStatus;
  /** Tries since it was queued, last. */
  attempts: number;
  queued_at: Date;
  next_attempt_at: Date | null;
  /** Fencing token: an outcome is written only under the token it was sent with. */
  lease_token: number;
  lease_until: Date | null;
  last_attempt_at: Date | null;
  response_status: number | null;
  /** The first 500 characters of the last answer. */
  response_body: string | null;
  duration_ms: number | null;
  error: string | null;
  delivered_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export const WebhookDeliveryTable = new EntitySchema<WebhookDelivery>({
  name: 'webhook_delivery',
  tableName: 'webhook_deliveries',
  columns: {
    id: id(),
    endpoint: ref(),
    event: ref(),
    event_type: text(),
    subject: ref(),
    sequence: int(),
    status: text(),
    attempts: int(),
    queued_at: instant(),
    next_attempt_at: instant(nullable),
    lease_token: int(),
    lease_until: instant(nullable),
    last_attempt_at: instant(nullable),
    response_status: int(nullable),
    response_body: text(nullable),
    duration_ms: int(nullable),
    error: text(nullable),
    delivered_at: instant(nullable),
    created_at: instant(),
    updated_at: instant(),
  },
});

export function webhookEndpointView(endpoint: WebhookEndpoint) {
  const { replay_from: from, replay_to: to } = endpoint;
  return {
    id: endpoint.id,
    object: 'webhook_endpoint' as const,
    url: endpoint.url,
    events: endpoint.events,
    description: endpoint.description,
    active: endpoint.active,
    failing_since: endpoint.failing_since,
    disabled_at: endpoint.disabled_at,
    disabled_reason: endpoint.disabled_reason,
    previous_secret_until: endpoint.previous_secret_until,
    replay: from && to ? { from, to } : null,
    metadata: endpoint.metadata,
    created_at: endpoint.created_at,
    updated_at: endpoint.updated_at,
  };
}

export function webhookDeliveryView(delivery: WebhookDelivery) {
  return {
    id: delivery.id,
    object: 'webhook_delivery' as const,
    webhook_endpoint: delivery.endpoint,
    event: delivery.event,
    event_type: delivery.event_type,
    subject: delivery.subject,
    sequence: delivery.sequence,
    status: delivery.status,
    attempts: delivery.attempts,
    queued_at: delivery.queued_at,
    next_attempt_at: delivery.next_attempt_at,
    last_attempt_at: delivery.last_attempt_at,
    response_status: delivery.response_status,
    response_body: delivery.response_body,
    duration_ms: delivery.duration_ms,
    error: delivery.error,
    delivered_at: delivery.delivered_at,
    metadata: {},
    created_at: delivery.created_at,
    updated_at: delivery.updated_at,
  };
}
