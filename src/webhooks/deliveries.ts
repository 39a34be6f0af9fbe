import { Injectable } from '@nestjs/common';
import { invalid, notFound } from '../domain/errors.js';
import { recordEvents } from '../events/outbox.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import type { Queryable } from '../platform/database/queryable.js';
import { isId } from '../platform/ids/ids.js';
import { lockActiveEndpoint } from './endpoints.js';
import { type WebhookDelivery, webhookDeliveryView, webhookEndpointView } from './webhook.tables.js';

/** What a merchant asks for besides what happens by itself: a test, one event again, a stretch of time again. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
  ) {}

  async get(id: string) {
    return webhookDeliveryView(await this.find(this.database, id));
  }

  /** Tells the endpoint, whatever its filters, that this is a test. Returns the delivery, which is on its way. */
  async test(endpointId: string) {
    const delivery = await this.database.transaction(async (tx) => {
      const endpoint = await lockActiveEndpoint(tx, endpointId);
      const data = { object: webhookEndpointView(endpoint) };
      await recordEvents(tx, [{ type: 'webhook_endpoint.test', subject: endpointId, at: tx.now, data }]);
      const [made] = await tx.query<WebhookDelivery>(
        `select * from webhook_deliveries where endpoint = $1 and subject = $1 and status = 'pending' order by sequence desc limit 1`,
        [endpointId],
      );
      return made as WebhookDelivery;
    });
    return webhookDeliveryView(delivery);
  }

  /** Sends it once more, whatever became of it, and before it what of its subject still waits. */
  async redeliver(id: string) {
    const { endpoint } = await this.find(this.database, id);
    await this.database.transaction(async (tx) => {
      await lockActiveEndpoint(tx, endpoint);
      const { subject, sequence } = await this.find(tx, id);
      // What is in flight is being sent already.
      await tx.query(
        `update webhook_deliveries
            set status = 'pending', attempts = 0, queued_at = $2, next_attempt_at = $2, delivered_at = null, updated_at = $2
          where id = $1 and lease_until is null`,
        [id, tx.now],
      );
      await tx.query(
        `update webhook_deliveries set next_attempt_at = $4
          where endpoint = $1 and subject = $2 and sequence < $3 and status = 'pending' and lease_until is null`,
        [endpoint, subject, sequence, tx.now],
      );
    });
    this.wake.now('webhooks');
    return this.get(id);
  }

  /** Everything recorded in `[from, to)` that the endpoint listens to is sent once more, in order. */
  async replay(endpointId: string, from: Date, to: Date) {
    if (to <= from) throw invalid('to', 'must lie after from');
    const endpoint = await this.database.transaction(async (tx) => {
      const known = await lockActiveEndpoint(tx, endpointId);
      // A replay that is still under way is widened.
      const replay_from = new Date(Math.min(from.getTime(), known.replay_from?.getTime() ?? Infinity));
      const until = new Date(Math.min(to.getTime(), tx.now.getTime() + 1));
      const replay_to = new Date(Math.max(until.getTime(), replay_from.getTime(), known.replay_to?.getTime() ?? 0));
      await tx.query('update webhook_endpoints set replay_from = $2, replay_to = $3 where id = $1', [endpointId, replay_from, replay_to]);
      return { ...known, replay_from, replay_to };
    });
    this.wake.now('webhook_upkeep');
    return webhookEndpointView(endpoint);
  }

  private async find(on: Queryable, id: string): Promise<WebhookDelivery> {
    const [delivery] = isId('dlv', id)
      ? await on.query<WebhookDelivery>(
          `select d.* from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint
            where d.id = $1 and e.deleted_at is null`,
          [id],
        )
      : [];
    if (!delivery) throw notFound('webhook_delivery', id);
    return delivery;
  }
}
