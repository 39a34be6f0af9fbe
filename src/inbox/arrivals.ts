import { Injectable, Logger } from '@nestjs/common';
import { Batcher } from '../platform/batching/batcher.js';
import { Wake } from '../platform/batching/wake.js';
import { EngineClock } from '../platform/clock/clock.js';
import { Database } from '../platform/database/database.js';
import { joinColumns, splitColumn } from '../platform/database/sets.js';
import { type GatewayEvent, readGatewayEvent, type Reading } from './gateway.event.js';

const LARGEST_SET = 500;
/** The gateway waits for each acknowledgement with a connection of its own, so they must be quick. */
const LANES = 3;
const LINGER_MS = 2;
/** While one worker has an event in hand, no other one need take it; if he dies it comes back by itself. */
export const IN_HAND_MS = 60_000;
/** What waits in memory; the rest waits in the table alone. */
const MOST_READY = 2_000;

const COLUMNS = ['id', 'type', 'payment_id', 'reference', 'body', 'outcome'] as const satisfies readonly (keyof Reading)[];

/** A claim counts from the moment of writing; what came before is left alone, and nobody waits for the disk. */
const STORING = `insert into gateway_events (${COLUMNS.join(', ')}, received_at, attempts, next_attempt_at, processed_at)
  select r.*, t.now, 0,
         case when r.outcome is null then t.now + $8 * interval '1 millisecond' end,
         case when r.outcome is not null then t.now end
    from unnest(${COLUMNS.map((_, i) => splitColumn(i + 1, 'text')).join(', ')}) as r(${COLUMNS.join(', ')}),
         (select coalesce($7::timestamptz, clock_timestamp())::timestamptz(3) as now,
                 set_config('synchronous_commit', 'off', true)) t
  on conflict do nothing
  returning id, received_at, attempts, next_attempt_at, processed_at`;

/** Webhooks as they arrive: stored, once, before they are acknowledged. */
@Injectable()
export class Arrivals {
  private readonly log = new Logger(Arrivals.name);
  private readonly bodies = new Batcher<Buffer>((set) => this.storeSet(set), LARGEST_SET, LINGER_MS, LANES);
  private ready: GatewayEvent[] = [];

  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
    private readonly clock: EngineClock,
  ) {}

  /** Resolves when the event is stored, once, whatever its content. */
  store(body: Buffer): Promise<void> {
    return this.bodies.add(body);
  }

  get readyCount(): number {
    return this.ready.length;
  }

  /** Events that were stored here and claimed as they were written: nobody else has them in hand until `now`. */
  takeReady(most: number, now: Date): GatewayEvent[] {
    const taken = this.ready.slice(0, most);
    this.ready = this.ready.slice(taken.length);
    return taken.filter((event) => event.next_attempt_at !== null && event.next_attempt_at > now);
  }

  /** One statement, and no waiting for the disk: a webhook lost in a power failure is found by a look-up. */
  private async storeSet(bodies: readonly Buffer[]): Promise<void> {
    const events = [...new Map(bodies.map((body) => readGatewayEvent(body)).map((event) => [event.id, event])).values()];
    const claims = this.wake.reaches('gateway_events') && this.ready.length < MOST_READY;
    const stored = await this.database.query<Omit<GatewayEvent, keyof Reading> & { id: string }>(STORING, [
      ...joinColumns(events, COLUMNS),
      this.clock.known,
      claims ? IN_HAND_MS : 0,
    ]);
    if (claims) {
      const times = new Map(stored.map((row) => [row.id, row]));
      for (const event of events) {
        const row = times.get(event.id);
        if (row !== undefined && event.outcome === null) this.ready.push({ ...event, ...row });
      }
    }
    for (const { id, outcome } of events) {
      if (outcome === 'unreadable') this.log.warn({ event: id }, 'a signed event names no payment');
    }
    this.wake.now('gateway_events');
  }
}
