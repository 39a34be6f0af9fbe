import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { EVENT_TYPES } from '../domain/events.js';
import { DELIVERY_STATUSES } from '../domain/webhook.js';
import { Database } from '../platform/database/database.js';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Creates } from '../platform/http/creates.js';
import { parseInstant } from '../platform/http/fields.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { Deliveries } from './deliveries.js';
import { Endpoints } from './endpoints.js';
import { CreateWebhookEndpointRequest, ReplayRequest, UpdateWebhookEndpointRequest } from './webhook.requests.js';
import { type WebhookDelivery, webhookDeliveryView, type WebhookEndpoint, webhookEndpointView } from './webhook.tables.js';

const LIST: ListSpec = {
  table: '(select * from webhook_endpoints where deleted_at is null) as endpoints',
  prefix: 'whk',
  filters: {
    url: { kind: 'text', column: 'url' },
    active: { kind: 'flag', column: 'active' },
    failing_since: { kind: 'instant', column: 'failing_since' },
    disabled_at: { kind: 'instant', column: 'disabled_at' },
    ...DATE_FILTERS,
  },
};

/** A delivery's id follows from its endpoint and its event, so deliveries are found by the events that they tell of. */
const ofEvents = (events: string): string =>
  `id = any(array(select webhook_delivery_id(w.id, e.id) from webhook_endpoints w cross join (${events}) as e))`;

const DELIVERIES: ListSpec = {
  table: 'webhook_deliveries',
  prefix: 'dlv',
  filters: {
    status: { kind: 'one_of', column: 'status', values: DELIVERY_STATUSES },
    event: { kind: 'id', column: 'event', prefix: 'evnt', sql: (p) => `${ofEvents(`select ${p}::text as id`)} and event = ${p}` },
    event_type: { kind: 'one_of', column: 'event_type', values: EVENT_TYPES, groups: true },
    subject: {
      kind: 'text', column: 'subject',
      sql: (p) => `${ofEvents(`select id from events where subject = ${p}`)} and subject = ${p}`,
    },
    queued_at: { kind: 'instant', column: 'queued_at' },
    next_attempt_at: { kind: 'instant', column: 'next_attempt_at' },
    last_attempt_at: { kind: 'instant', column: 'last_attempt_at' },
    delivered_at: { kind: 'instant', column: 'delivered_at' },
    ...DATE_FILTERS,
  },
};

/** Where you are told of what happens. */
@Controller('v1/webhook_endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly deliveries: Deliveries,
    private readonly database: Database,
  ) {}

  /** Makes an endpoint. Its secret is in this answer, and never shown again. */
  @Post()
  @Creates('whk')
  create(@Body() body: CreateWebhookEndpointRequest) {
    return this.endpoints.create(body);
  }

  /** Lists endpoints. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<WebhookEndpoint>(this.database, query), (rows) => rows.map(webhookEndpointView));
  }

  /** Shows an endpoint. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.endpoints.get(id);
  }

  /** Changes an endpoint. Making it active again ends what disabled it. */
  @Patch(':id')
  update(@Param('id') id: string, @Body() body: UpdateWebhookEndpointRequest) {
    return this.endpoints.update(id, body);
  }

  /** Removes an endpoint; nothing more is sent to it. */
  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string): Promise<void> {
    return this.endpoints.remove(id);
  }

  /** Gives an endpoint a new secret, shown this once. For a day deliveries are signed by the old one, too. */
  @Post(':id/rotate_secret')
  @HttpCode(200)
  rotateSecret(@Param('id') id: string, @Body() _body: EmptyRequest) {
    return this.endpoints.rotateSecret(id);
  }

  /**
   * Sends an endpoint an event of type `webhook_endpoint.test`, whatever its filters. It counts up the endpoint’s own
   * `sequence`, so other endpoints that listen to this type hear of it, too.
   */
  @Post(':id/test')
  @HttpCode(202)
  test(@Param('id') id: string, @Body() _body: EmptyRequest) {
    return this.deliveries.test(id);
  }

  /** Sends an endpoint once more what happened in a stretch of time. */
  @Post(':id/replay')
  @HttpCode(202)
  replay(@Param('id') id: string, @Body() body: ReplayRequest) {
    return this.deliveries.replay(id, parseInstant(body.from) as Date, parseInstant(body.to) as Date);
  }

  /** Lists an endpoint’s deliveries. */
  @Get(':id/deliveries')
  async listDeliveries(@Param('id') id: string, @ListBy(DELIVERIES) query: ListQuery) {
    const { id: endpoint } = await this.endpoints.get(id);
    const page = await listPage<WebhookDelivery>(this.database, query, { endpoint });
    return presentPage(page, (rows) => rows.map(webhookDeliveryView));
  }
}
