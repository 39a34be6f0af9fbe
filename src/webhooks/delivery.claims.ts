import type { ToldEvent } from '../events/event.view.js';
import type { Transaction } from '../platform/database/database.js';
import type { EndpointSecrets } from './signing.js';
import type { WebhookDelivery, WebhookEndpoint } from './webhook.tables.js';

/** How many deliveries of one endpoint are in flight at a time, in all processes together. */
const PER_ENDPOINT = 20;
/** How many of its due ones are looked at for that. */
const LOOK = 200;
/** How long (ms) a worker has for one try; afterwards another may make it. */
const LEASE_MS = 60_000;

type Endpoint = EndpointSecrets & Pick<WebhookEndpoint, 'url'>;

/** A delivery that is ours to send, with what it tells. */
export interface ClaimedDelivery extends Pick<WebhookDelivery, 'id' | 'endpoint' | 'status' | 'attempts' | 'queued_at' | 'lease_token'> {
  told: ToldEvent;
  to: Endpoint;
}

type ClaimRow = Omit<ClaimedDelivery, 'told' | 'to' | 'id'> &
  Omit<ToldEvent, 'id'> & { id: string | null; event: string; moved: number };

/**
 * Claims what is due: for each endpoint the first of every subject, as many as may be in flight. Others of
 * their subjects move behind them, to their time, so that they are not looked at again before it. `moved`
 * says how many did.
 */
export async function claimDeliveries(tx: Transaction): Promise<{ claimed: ClaimedDelivery[]; moved: number }> {
  // One claimer per endpoint. What it sees is asked afterwards, so that it knows all that the last one took.
  const [, endpoints] = await Promise.all([
    // Else, while it knows no figures of a fresh backlog, the server would gather and sort all of it for a few.
    tx.query('set local enable_bitmapscan = off'),
    tx.query<Endpoint>(LOCK, [tx.now]),
  ]);
  if (endpoints.length === 0) return { claimed: [], moved: 0 };
  const ids = endpoints.map(({ id }) => id);
  const until = new Date(tx.now.getTime() + LEASE_MS);
  const [, rows] = await Promise.all([
    tx.query('update webhook_deliveries set lease_until = null where endpoint = any($2) and lease_until <= $1', [tx.now, ids]),
    tx.query<ClaimRow>(CLAIM, [tx.now, ids, PER_ENDPOINT, LOOK, until]),
  ]);
  const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const claimed = rows.flatMap(({ id, endpoint, status, attempts, queued_at, lease_token, event, ...told }) => {
    const to = byId.get(endpoint);
    return id === null || !to ? [] : [{ id, endpoint, status, attempts, queued_at, lease_token, to, told: { ...told, id: event } }];
  });
  return { claimed, moved: rows[0]?.moved ?? 0 };
}

const LOCK = `select id, url, secret, previous_secret, previous_secret_until from webhook_endpoints e
  where active and exists (select 1 from webhook_deliveries d where d.endpoint = e.id and d.next_attempt_at <= $1)
  order by id for no key update skip locked`;

const CLAIM = `with due as (
    select d.id, d.endpoint, d.subject, d.sequence, d.next_attempt_at, free.places
      from unnest($2::text[]) as e(id)
     cross join lateral (
       select $3::int - count(*)::int as places from webhook_deliveries f where f.endpoint = e.id and f.lease_until is not null
     ) free
     cross join lateral (
       select * from webhook_deliveries d
        where d.endpoint = e.id and d.next_attempt_at <= $1 and free.places > 0
        order by d.next_attempt_at, d.sequence limit $4
     ) d
  ), judged as (
    select due.*, ahead.at as ahead_at
      from due left join lateral (
        select o.next_attempt_at as at from webhook_deliveries o
         where o.endpoint = due.endpoint and o.subject = due.subject and o.status = 'pending' and o.id <> due.id
           and (o.sequence < due.sequence or o.lease_until is not null)
         order by o.sequence limit 1
      ) ahead on true
  ), moved as (
    update webhook_deliveries d set next_attempt_at = j.ahead_at
      from judged j where d.id = j.id and d.next_attempt_at <> j.ahead_at
    returning 1
  ), first as (
    select id, places, row_number() over (partition by endpoint order by next_attempt_at, sequence) as place
      from judged where ahead_at is null
  ), claimed as (
    update webhook_deliveries d
       set attempts = d.attempts + 1, lease_token = d.lease_token + 1, lease_until = $5, next_attempt_at = $5, last_attempt_at = $1
      from first f where d.id = f.id and f.place <= f.places
    returning d.id, d.endpoint, d.event, d.subject, d.status, d.attempts, d.queued_at, d.lease_token
  )
  select m.moved, c.*, e.type, e.sequence, e.data, e.created_at
    from (select count(*)::int as moved from moved) m
    left join claimed c on true left join events e on e.id = c.event`;
