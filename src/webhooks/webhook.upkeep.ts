import { Injectable } from '@nestjs/common';
import { queueing } from '../events/queueing.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';

const DAY = 86_400_000;
/** How long (ms, engine clock) a delivery that was taken is shown. */
const RETENTION_MS = 30 * DAY;
/** The stretch (ms) of a replay that is queued at once. */
const SLICE_MS = 3_600_000;
const LARGEST_SET = 1_000;

/** What becomes of deliveries besides being sent: queued again by a replay, parked with their endpoint, forgotten. */
@Injectable()
export class WebhookUpkeep {
  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
  ) {}

  /** One set of each. Returns how much there was to do. */
  async run(): Promise<number> {
    const done = [];
    for (const chore of [replaySlice, parkOfInactive, removeOfDeleted, forgetOld]) done.push(await this.database.transaction(chore));
    if ((done[0] as number) > 0) this.wake.now('webhooks');
    return done.reduce((sum, one) => sum + one, 0);
  }
}

/** Queues the next stretch of one endpoint's replay. */
async function replaySlice(tx: Transaction): Promise<number> {
  const [endpoint] = await tx.query<{ id: string; replay_from: Date; replay_to: Date; first_at: Date | null }>(
    `select id, replay_from, replay_to, (select recorded_at from events order by id limit 1) as first_at
       from webhook_endpoints where replay_from is not null and active order by id limit 1 for no key update skip locked`,
    [],
  );
  if (!endpoint) return 0;
  const { id, replay_from: from, replay_to: to, first_at: first } = endpoint;
  // Before the first event there is nothing. It may have been recorded a little after one with a later id.
  const start = Math.max(from.getTime(), (first ?? to).getTime() - SLICE_MS);
  const end = new Date(Math.min(start + SLICE_MS, to.getTime()));
  await tx.query(REPLAY, [id, from, end, tx.now]);
  await tx.query(
    'update webhook_endpoints set replay_from = nullif($2::timestamptz, $3::timestamptz), replay_to = nullif($3, $2) where id = $1',
    [id, end, to],
  );
  return 1;
}

const REPLAY = `${queueing({ events: 'events', endpoints: 'webhook_endpoints', where: 'w.id = $1 and e.recorded_at >= $2 and e.recorded_at < $3', now: '$4::timestamptz' })}
  on conflict (id) do update
     set status = 'pending', attempts = 0, queued_at = $4, next_attempt_at = $4, delivered_at = null, updated_at = $4
   where webhook_deliveries.lease_until is null`;

/** What waits for an endpoint that is not active is parked: whoever makes it active again asks for a replay. */
async function parkOfInactive(tx: Transaction): Promise<number> {
  const endpoints = await tx.query<{ id: string }>(
    `select id from webhook_endpoints e
      where not active and deleted_at is null and exists (select 1 from webhook_deliveries d where d.endpoint = e.id and d.status = 'pending')
      order by id for no key update skip locked`,
    [],
  );
  if (endpoints.length === 0) return 0;
  const parked = await tx.query(
    `update webhook_deliveries set status = 'parked', next_attempt_at = null, lease_until = null, updated_at = $2,
            error = coalesce(error, 'the endpoint is not active')
      where id in (select id from webhook_deliveries
                    where endpoint = any($1) and status = 'pending' and (lease_until is null or lease_until <= $2) limit ${LARGEST_SET})
     returning 1`,
    [endpoints.map(({ id }) => id), tx.now],
  );
  return parked.length;
}

async function removeOfDeleted(tx: Transaction): Promise<number> {
  const [endpoint] = await tx.query<{ id: string }>(
    `select id from webhook_endpoints e
      where deleted_at is not null and (deleted_at < $1 or exists (select 1 from webhook_deliveries d where d.endpoint = e.id))
      order by id limit 1 for update skip locked`,
    [new Date(tx.now.getTime() - DAY)],
  );
  if (!endpoint) return 0;
  const removed = await tx.query(
    `delete from webhook_deliveries where id in (select id from webhook_deliveries where endpoint = $1 order by id limit ${LARGEST_SET}) returning 1`,
    [endpoint.id],
  );
  if (removed.length > 0) return removed.length;
  // Whoever saw the endpoint active has committed what he queued for it by now.
  const gone = await tx.query(`delete from webhook_endpoints where id = $1 and deleted_at < $2 returning 1`, [
    endpoint.id,
    new Date(tx.now.getTime() - DAY),
  ]);
  return gone.length;
}

/** Deliveries that were taken long ago, and secrets that count no more. */
async function forgetOld(tx: Transaction): Promise<number> {
  const [removed] = await Promise.all([
    tx.query(
      `delete from webhook_deliveries
        where id in (select id from webhook_deliveries where status = 'delivered' and delivered_at < $1 limit ${LARGEST_SET} for update skip locked)
       returning 1`,
      [new Date(tx.now.getTime() - RETENTION_MS)],
    ),
    tx.query('update webhook_endpoints set previous_secret = null, previous_secret_until = null where previous_secret_until <= $1', [tx.now]),
  ]);
  return removed.length;
}
