/** What is queued for whom: SQL of two relations, a condition on the endpoint `w`, and the engine's clock. */
interface Queueing {
  events: string;
  endpoints: string;
  where: string;
  now: string;
}

/**
 * SQL that queues events for the endpoints that listen to them. There is one delivery of an event to an
 * endpoint, however often it is queued. A test is heard by its own endpoint whatever its filters, and by whoever hears all.
 */
export function queueing({ events, endpoints, where, now }: Queueing): string {
  return `insert into webhook_deliveries (id, endpoint, event, event_type, subject, sequence, status, attempts,
                                   queued_at, next_attempt_at, lease_token, created_at, updated_at)
       select webhook_delivery_id(w.id, e.id), w.id, e.id, e.type, e.subject, e.sequence, 'pending', 0,
              ${now}, ${now}, 0, ${now}, ${now}
         from ${endpoints} w
         join ${events} e on webhook_hears(w.events, e.type) or (e.type = 'webhook_endpoint.test' and e.subject = w.id)
        where ${where}`;
}
