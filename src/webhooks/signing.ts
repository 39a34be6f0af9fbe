import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { Sealing } from '../platform/crypto/sealing.js';
import type { WebhookEndpoint } from './webhook.tables.js';

const SECRET_BYTES = 32;

/** What signs an endpoint's deliveries, as its row holds it. */
export type EndpointSecrets = Pick<WebhookEndpoint, 'id' | 'secret' | 'previous_secret' | 'previous_secret_until'>;

/** Secrets of endpoints, and signatures by the Standard Webhooks specification. */
@Injectable()
export class Signing {
  constructor(private readonly sealing: Sealing) {}

  /** A new secret: to be shown once, and as it is stored. */
  newSecret(endpointId: string): { secret: string; sealed: string } {
    const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
    return { secret, sealed: this.sealing.seal(secret, placeOfSecret(endpointId)) };
  }

  /** The headers of one try. While a replaced secret still counts, there are two signatures. */
  headers(endpoint: EndpointSecrets, eventId: string, body: string, now: Date): Record<string, string> {
    const { secret, previous_secret: previous, previous_secret_until: until } = endpoint;
    const sealed = previous !== null && until !== null && until > now ? [secret, previous] : [secret];
    // The receiver compares it with his own watch, so it is the world's time, not the engine's.
    const sentAt = new Date();
    const signatures = sealed.map((one) => new Webhook(this.sealing.open(one, placeOfSecret(endpoint.id))).sign(eventId, sentAt, body));
    return {
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
      'webhook-signature': signatures.join(' '),
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Zhouqi-Webhooks/1',
    };
  }
}

/** What the secrets of an endpoint are sealed for: one that was replaced moves to another column of its row. */
export function placeOfSecret(endpointId: string): string {
  return `webhook_endpoints.secret:${endpointId}`;
}
