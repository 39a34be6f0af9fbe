import { Injectable } from '@nestjs/common';
import { conflict, invalid, notFound } from '../domain/errors.js';
import { onlyGiven } from '../domain/given.js';
import { OVERLAP_MS } from '../domain/webhook.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import { Egress } from './egress.js';
import { Signing } from './signing.js';
import type { CreateWebhookEndpointRequest, UpdateWebhookEndpointRequest } from './webhook.requests.js';
import { type WebhookEndpoint, WebhookEndpointTable, webhookEndpointView } from './webhook.tables.js';

/** Where merchants want to be told, and the secrets that they know us by. */
@Injectable()
export class Endpoints {
  constructor(
    private readonly database: Database,
    private readonly egress: Egress,
    private readonly signing: Signing,
    private readonly wake: Wake,
  ) {}

  /** The endpoint with its secret, which is not shown again. */
  async create(request: CreateWebhookEndpointRequest) {
    await this.checkUrl(request.url);
    return this.database.transaction(async (tx) => {
      const id = newId('whk');
      const { secret, sealed } = this.signing.newSecret(id);
      const endpoint: WebhookEndpoint = {
        id,
        url: request.url,
        events: request.events ?? ['*'],
        description: request.description ?? null,
        active: request.active ?? true,
        secret: sealed,
        previous_secret: null,
        previous_secret_until: null,
        failing_since: null,
        disabled_at: null,
        disabled_reason: null,
        replay_from: null,
        replay_to: null,
        deleted_at: null,
        metadata: request.metadata ?? {},
        created_at: tx.now,
        updated_at: tx.now,
      };
      await tx.manager.insert(WebhookEndpointTable, endpoint);
      const created = { ...webhookEndpointView(endpoint), secret };
      tx.note({ resource: id, before: null, after: created });
      return created;
    });
  }

  async get(id: string) {
    const [endpoint] = isId('whk', id)
      ? await this.database.query<WebhookEndpoint>('select * from webhook_endpoints where id = $1 and deleted_at is null', [id])
      : [];
    if (!endpoint) throw notFound('webhook_endpoint', id);
    return webhookEndpointView(endpoint);
  }

  /** What is left out stays. An endpoint that is made active again is believed to be well. */
  async update(id: string, request: UpdateWebhookEndpointRequest) {
    await this.get(id);
    if (request.url !== undefined) await this.checkUrl(request.url);
    const updated = await this.database.transaction(async (tx) => {
      const endpoint = await lockEndpoint(tx, id);
      const given = onlyGiven(request);
      if (Object.keys(given).length === 0) return endpoint;
      const well = request.active === true && !endpoint.active ? { failing_since: null, disabled_at: null, disabled_reason: null } : {};
      const change = { ...given, ...well, updated_at: tx.now };
      await tx.manager.update(WebhookEndpointTable, { id }, change);
      const updated = { ...endpoint, ...change };
      tx.note({ resource: id, before: webhookEndpointView(endpoint), after: webhookEndpointView(updated) });
      return updated;
    });
    this.wake.now('webhooks', 'webhook_upkeep');
    return webhookEndpointView(updated);
  }

  /** Nothing is sent there any more; its deliveries go with it, a set at a time. */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const endpoint = await lockEndpoint(tx, id);
      tx.note({ resource: id, before: webhookEndpointView(endpoint), after: null });
      await tx.query(
        `update webhook_endpoints set active = false, disabled_at = null, disabled_reason = null, deleted_at = $2, updated_at = $2
          where id = $1`,
        [id, tx.now],
      );
    });
    this.wake.now('webhook_upkeep');
  }

  /** The endpoint with a new secret; the old one signs beside it for a day. */
  async rotateSecret(id: string) {
    return this.database.transaction(async (tx) => {
      const endpoint = await lockEndpoint(tx, id);
      const { secret, sealed } = this.signing.newSecret(id);
      const change = {
        secret: sealed,
        previous_secret: endpoint.secret,
        previous_secret_until: new Date(tx.now.getTime() + OVERLAP_MS),
        updated_at: tx.now,
      };
      await tx.manager.update(WebhookEndpointTable, { id }, change);
      const rotated = { ...webhookEndpointView({ ...endpoint, ...change }), secret };
      tx.note({ resource: id, before: webhookEndpointView(endpoint), after: rotated });
      return rotated;
    });
  }

  private async checkUrl(url: string): Promise<void> {
    if (!URL.canParse(url)) throw invalid('url', 'must be a URL');
    const refusal = await this.egress.refusalNow(url);
    if (refusal !== null) throw invalid('url', refusal, 'webhook_url_refused');
  }
}

/** Locks an endpoint, before any delivery of it. Throws a 404 where there is none. */
export async function lockEndpoint(tx: Transaction, id: string): Promise<WebhookEndpoint> {
  const [endpoint] = isId('whk', id)
    ? await tx.query<WebhookEndpoint>('select * from webhook_endpoints where id = $1 and deleted_at is null for no key update', [id])
    : [];
  if (!endpoint) throw notFound('webhook_endpoint', id);
  return endpoint;
}

/** The same where something is to be sent there. */
export async function lockActiveEndpoint(tx: Transaction, id: string): Promise<WebhookEndpoint> {
  const endpoint = await lockEndpoint(tx, id);
  if (!endpoint.active) throw conflict('webhook_endpoint_inactive', 'Nothing is sent to an endpoint that is not active.');
  return endpoint;
}
