import { stamp, type Context } from '../context.js';
import type { HttpReply } from '../runtime/ports.js';
import type { Json } from '../payments/views.js';
import type { WebhookEvent } from '../webhooks/model.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { notFound, reply } from './replies.js';

/** The stored events: how a merchant catches up on webhooks that never came. */
export class Workflows {
  private readonly context: Context;
  private readonly webhooks: Webhooks;

  constructor(context: Context, webhooks: Webhooks) {
    this.context = context;
    this.webhooks = webhooks;
  }

  /** Lists (`pay_…`), shows (`evt_…`) or, by POST, sends again under the same event id. */
  answer(requestId: string, id: string, reflow: boolean): HttpReply {
    const events = this.find(id);
    if (reflow) {
      for (const event of events) this.webhooks.resend(event);
      return reply(requestId, 202);
    }
    if (!id.startsWith('evt_')) return reply(requestId, 200, { data: events.map((event) => this.summary(event)) });
    const event = events[0]!;
    return reply(requestId, 200, { ...(JSON.parse(event.body) as Json), action_invocations: this.invocations(event) });
  }

  private find(id: string): WebhookEvent[] {
    const { store } = this.context;
    const event = store.events.get(id);
    const events = event === undefined ? store.eventsOf(id) : [event];
    if (events.length === 0) throw notFound();
    return events;
  }

  private summary(event: WebhookEvent): Json {
    const href = `${this.context.settings.links_base || this.context.publicUrl}/workflows/events/${event.id}`;
    return { id: event.id, type: event.type, timestamp: stamp(this.context, event.created_at), _links: { self: { href }, reflow: { href: `${href}/reflow` } } };
  }

  private invocations(event: WebhookEvent): Json[] {
    return event.delivery_ids.map((id) => {
      const delivery = this.context.store.deliveries.get(id)!;
      return { workflow_id: 'wf_sandbox', workflow_action_id: `wfa_${id}`, status: delivery.state === 'delivered' ? 'successful' : 'failed', attempts: delivery.attempts.length };
    });
  }
}
