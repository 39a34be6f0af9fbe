import type { SandboxGateway } from '../gateway.js';
import type { Delivery } from '../webhooks/model.js';
import { ControlRefusal, wholeNumber, type ControlRoute } from './router.js';

/** Webhook deliveries and redelivery by hand. */
export function webhookRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { context, webhooks } = gateway;
  const { store } = context;
  const view = ({ id, event_id: eventId, payment_id: paymentId, state, due_at: dueAt, attempts }: Delivery): object => ({
    id, event_id: eventId, type: store.events.get(eventId)?.type, payment_id: paymentId, state,
    due_at: new Date(dueAt).toISOString(),
    attempts: attempts.map(({ at, ...attempt }) => ({ at: new Date(at).toISOString(), ...attempt })),
  });
  return [
    {
      method: 'GET', pattern: '/webhooks', description: 'deliveries with their attempts; ?payment=pay_…&undelivered=true&cursor=&limit=',
      run: ({ query }) => {
        const payment = query.get('payment');
        const cursor = wholeNumber(query, 'cursor', 0);
        const limit = wholeNumber(query, 'limit', 100, 1000);
        const known = payment === null ? [...store.deliveries.rows.values()] : store.eventsOf(payment).flatMap((event) => event.delivery_ids.map((id) => store.deliveries.get(id)!));
        const found = query.get('undelivered') === 'true' ? known.filter(({ state }) => state !== 'delivered') : known;
        return { total_count: found.length, data: found.slice(cursor, cursor + limit).map(view), next_cursor: cursor + limit < found.length ? cursor + limit : null };
      },
    },
    {
      method: 'POST', pattern: '/webhooks/resend', description: '{payment_id} or {event_id}: sends its events again under the same ids',
      run: ({ body }) => {
        const event = store.events.get(String(body['event_id']));
        const events = event === undefined ? store.eventsOf(String(body['payment_id'])) : [event];
        if (events.length === 0) throw new ControlRefusal(404, 'no such event');
        return { resent: events.filter((one) => webhooks.resend(one)).length };
      },
    },
    { method: 'POST', pattern: '/webhooks/flush', description: 'sends everything that is scheduled now, retries and held ones included', run: () => ({ hastened: webhooks.flush() }) },
  ];
}
