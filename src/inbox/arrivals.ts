import { Injectable, Logger } from '@nestjs/common';
import { Batcher } from '../platform/batching/batcher.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import { insertHints } from '../platform/database/sets.js';
import { type GatewayEvent, readGatewayEvent } from './gateway.event.js';

const LARGEST_SET = 500;
/** The gateway waits for each acknowledgement with a connection of its own, so they must be quick. */
const LANES = 3;
const LINGER_MS = 2;
/** While one worker has an event in hand, no other one need take it; if he dies it comes back by itself. */
export const IN_HAND_MS = 60_000;
/** What waits in memory; the rest waits in the table alone. */
const MOST_READY = 2_000;

const COLUMNS = [
  'id', 'type', 'payment_id', 'reference', 'body', 'received_at', 'attempts', 'next_attempt_at', 'outcome', 'processed_at',
] as const;

/** Webhooks as they arrive: stored, once, before they are acknowledged. */
@Injectable()
export class Arrivals {
  private readonly log = new Logger(Arrivals.name);
  private readonly bodies = new Batcher<Buffer>((set) => this.storeSet(set), LARGEST_SET, LINGER_MS, LANES);
  private ready: GatewayEvent[] = [];

  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
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
    const now = await this.database.now();
    const arrived = new Map(bodies.map((body) => readGatewayEvent(body, now)).map((event) => [event.id, event]));
    const claims = this.wake.reaches('gateway_events') && this.ready.length < MOST_READY;
    const until = new Date(now.getTime() + IN_HAND_MS);
    const events = [...arrived.values()].map((event) =>
      claims && event.outcome === null ? { ...event, next_attempt_at: until } : event,
    );
    const stored = new Set(await insertHints<GatewayEvent>(this.database, 'gateway_events', 'id', COLUMNS, events));
    if (claims) this.ready.push(...events.filter((event) => event.outcome === null && stored.has(event.id)));
    for (const { id, outcome } of events) {
      if (outcome === 'unreadable') this.log.warn({ event: id }, 'a signed event names no payment');
    }
    this.wake.now('gateway_events');
  }
}
