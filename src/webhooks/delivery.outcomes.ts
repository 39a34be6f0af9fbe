import { conclude, type HookAnswer, judgeEndpoint } from '../domain/webhook.js';
import { recordEvents } from '../events/outbox.js';
import type { Transaction } from '../platform/database/database.js';
import { joinColumns, splitColumn } from '../platform/database/sets.js';
import type { ClaimedDelivery } from './delivery.claims.js';
import { type WebhookEndpoint, webhookEndpointView } from './webhook.tables.js';

/** One try, and what became of it. */
export interface Tried {
  delivery: Pick<ClaimedDelivery, 'id' | 'endpoint' | 'status' | 'attempts' | 'queued_at' | 'lease_token'>;
  answer: HookAnswer;
}

/** Writes what became of a set of tries: of those whose lease nobody has taken since. */
export async function writeOutcomes(tx: Transaction, tried: readonly Tried[]): Promise<void> {
  // Endpoints before deliveries: everybody locks in that order.
  const ids = [...new Set(tried.map(({ delivery }) => delivery.endpoint))];
  const endpoints = await tx.query<WebhookEndpoint>(
    'select * from webhook_endpoints where id = any($1) and active order by id for no key update',
    [ids],
  );
  const rows = tried.map(({ delivery, answer }) => ({
    id: delivery.id, lease_token: delivery.lease_token, ...conclude(delivery, answer, tx.now),
    response_status: answer.status, response_body: answer.body, duration_ms: answer.duration_ms, error: answer.error,
  }));
  const written = await tx.query<{ id: string; endpoint: string; subject: string; status: string }>(WRITE, [
    ...joinColumns(rows, [
      'id', 'lease_token', 'status', 'next_attempt_at', 'delivered_at', 'response_status', 'response_body', 'duration_ms', 'error',
    ]),
    tx.now,
  ]);
  const over = written.filter(({ status }) => status !== 'pending');
  await tx.query(NEXT, [over.map(({ endpoint }) => endpoint), over.map(({ subject }) => subject), tx.now]);
  const known = new Set(written.map(({ id }) => id));
  for (const endpoint of endpoints) {
    const answers = tried.filter(({ delivery }) => delivery.endpoint === endpoint.id && known.has(delivery.id)).map(({ answer }) => answer);
    if (answers.length > 0) await noteHealth(tx, endpoint, answers);
  }
}

const WRITE = `update webhook_deliveries d
   set status = r.status, next_attempt_at = r.next_attempt_at, delivered_at = r.delivered_at, response_status = r.response_status,
       response_body = r.response_body, duration_ms = r.duration_ms, error = r.error, lease_until = null, updated_at = $10
  from unnest(${splitColumn(1, 'text')}, ${splitColumn(2, 'integer')}, ${splitColumn(3, 'text')}, ${splitColumn(4, 'timestamptz')},
              ${splitColumn(5, 'timestamptz')}, ${splitColumn(6, 'integer')}, ${splitColumn(7, 'text')}, ${splitColumn(8, 'integer')},
              ${splitColumn(9, 'text')})
         as r(id, lease_token, status, next_attempt_at, delivered_at, response_status, response_body, duration_ms, error)
 where d.id = r.id and d.lease_token = r.lease_token and d.status = 'pending'
returning d.id, d.endpoint, d.subject, d.status`;

/** What stood behind a delivery that is over comes next, at once. */
const NEXT = `update webhook_deliveries d set next_attempt_at = $3
  from unnest($1::text[], $2::text[]) as s(endpoint, subject)
 cross join lateral (
   select id from webhook_deliveries f
    where f.endpoint = s.endpoint and f.subject = s.subject and f.status = 'pending' order by f.sequence limit 1
 ) next
 where d.id = next.id and d.lease_until is null and d.next_attempt_at > $3`;

async function noteHealth(tx: Transaction, endpoint: WebhookEndpoint, answers: readonly HookAnswer[]): Promise<void> {
  const { failing_since, disable } = judgeEndpoint(endpoint.failing_since, answers, tx.now);
  if (failing_since?.getTime() === endpoint.failing_since?.getTime() && disable === null) return;
  const after: WebhookEndpoint = {
    ...endpoint, failing_since, updated_at: tx.now,
    ...(disable !== null && { active: false, disabled_at: tx.now, disabled_reason: disable }),
  };
  await tx.query(
    'update webhook_endpoints set failing_since = $2, active = $3, disabled_at = $4, disabled_reason = $5, updated_at = $6 where id = $1',
    [after.id, after.failing_since, after.active, after.disabled_at, after.disabled_reason, after.updated_at],
  );
  if (disable === null) return;
  const data = { object: webhookEndpointView(after), previous: { active: true } };
  await recordEvents(tx, [{ type: 'webhook_endpoint.disabled', subject: after.id, at: tx.now, data }]);
}
