import { Injectable, Logger } from '@nestjs/common';
import { REFERENCE_PREFIX } from '../cases/charge.mint.js';
import type { Charge } from '../domain/charge.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { RateBudget } from '../payments/rate.budget.js';
import { SettlementDoor } from '../payments/settlement.door.js';
import { Batcher } from '../platform/batching/batcher.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { insertSetOnce } from '../platform/database/sets.js';
import { type GatewayEvent, readGatewayEvent } from './gateway.event.js';

const LARGEST_SET = 500;
/** Events about payments nobody here knows may be early: asked about again, at these waits (ms), then foreign. */
const FOREIGN_WAITS = [1_000, 10_000, 60_000, 600_000, 3_600_000];
const RETRY_MS = 30_000;
const ASKING_MS = 60_000;

type Known = Pick<Charge, 'id' | 'status' | 'reference' | 'gateway_payment_id'>;
/** What became of an event; without an outcome it is worked on again after `wait` (ms). */
interface Outcome extends Pick<GatewayEvent, 'id' | 'attempts' | 'outcome'> {
  wait: number;
}

/**
 * The gateway's webhooks. A webhook is a hint: it says which payment to look at, never what to believe. The
 * payment is asked for, and what the gateway shows goes through the settlement door.
 */
@Injectable()
export class Inbox {
  private readonly log = new Logger(Inbox.name);
  private readonly arrivals = new Batcher<Buffer>((bodies) => this.storeSet(bodies), LARGEST_SET);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly wake: Wake,
  ) {}

  /** Resolves when the event is stored, once, whatever its content. */
  store(body: Buffer): Promise<void> {
    return this.arrivals.add(body);
  }

  private async storeSet(bodies: readonly Buffer[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      // A webhook lost in a power failure is found by a look-up; it need not wait for the disk.
      await tx.query('set local synchronous_commit = off');
      const events = new Map(bodies.map((body) => readGatewayEvent(body, tx.now)).map((event) => [event.id, event]));
      await insertSetOnce<GatewayEvent>(tx, 'gateway_events', COLUMNS, [...events.values()]);
    });
    this.wake.now('gateway_events');
  }

  /** Works through a set of stored events. Returns their number. */
  async run(): Promise<number> {
    const { events, charges } = await this.database.transaction((tx) => this.claim(tx));
    if (events.length === 0) return 0;
    const asked = new Map<string, Promise<Outcome['outcome'] | 'later'>>();
    const outcomes = await Promise.all(
      events.map(async (event) => {
        const charge = charges.get(event.payment_id ?? '') ?? charges.get(event.reference ?? '');
        if (!charge) return this.unknownPayment(event);
        if (isOldNews(charge, event)) return done(event, 'nothing_new');
        const payment = event.payment_id as string;
        // Several events about one payment need it looked at once.
        const answer = asked.get(payment) ?? this.look(charge, payment);
        asked.set(payment, answer);
        const outcome = await answer;
        return outcome === 'later' ? later(event, RETRY_MS) : done(event, outcome);
      }),
    );
    await this.write(outcomes);
    return events.length;
  }

  private async claim(tx: Transaction): Promise<{ events: GatewayEvent[]; charges: Map<string, Known> }> {
    const due = await tx.query<GatewayEvent>(
      `select * from gateway_events where next_attempt_at <= $1
        order by next_attempt_at limit $2 for update skip locked`,
      [tx.now, LARGEST_SET],
    );
    if (due.length === 0) return { events: [], charges: new Map() };
    const events = due.slice(0, await this.budget.take(tx, 'reads', due.length));
    await tx.query('update gateway_events set next_attempt_at = $2 where id = any($1)', [
      events.map((event) => event.id),
      new Date(tx.now.getTime() + ASKING_MS),
    ]);
    const charges = await tx.query<Known>(
      `select id, status, reference, gateway_payment_id from charges
        where gateway_payment_id = any($1) or reference = any($2)`,
      [events.map((e) => e.payment_id), events.map((e) => e.reference).filter((reference) => reference !== null)],
    );
    const known = new Map<string, Known>();
    for (const charge of charges) {
      known.set(charge.reference, charge);
      if (charge.gateway_payment_id !== null) known.set(charge.gateway_payment_id, charge);
    }
    return { events, charges: known };
  }

  private async look(charge: Known, paymentId: string): Promise<Outcome['outcome'] | 'later'> {
    try {
      const found = await this.gateway.payment(paymentId);
      if (!found) return 'later';
      if (found.reference !== charge.reference) {
        this.log.error({ charge: charge.id, payment: paymentId }, 'the payment carries another reference');
        return 'parked';
      }
      await this.door.settle({ charge: charge.id, request_id: found.requestId, kind: 'fact', fact: found.fact });
      return 'settled';
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'look-up after a webhook failed');
      return 'later';
    }
  }

  /** Perhaps it came before our own write, perhaps it belongs to another system on the same account. */
  private unknownPayment(event: GatewayEvent): Outcome {
    const wait = FOREIGN_WAITS[event.attempts];
    if (wait !== undefined) return later(event, wait);
    if (event.reference?.startsWith(`${REFERENCE_PREFIX}-`)) {
      this.log.error({ event: event.id, payment: event.payment_id }, 'a payment with our reference is unknown here');
    }
    return done(event, 'foreign');
  }

  private async write(outcomes: readonly Outcome[]): Promise<void> {
    await this.database.transaction((tx) =>
      tx.query(
        `update gateway_events e
            set attempts = r.attempts, outcome = r.outcome,
                processed_at = case when r.outcome is null then null else $2::timestamptz end,
                next_attempt_at = case when r.outcome is null then $2::timestamptz + r.wait * interval '1 millisecond' end
           from json_to_recordset($1::json) as r(id text, attempts int, outcome text, wait int)
          where e.id = r.id`,
        [JSON.stringify(outcomes), tx.now],
      ),
    );
  }
}

const COLUMNS = [
  'id', 'type', 'payment_id', 'reference', 'body', 'received_at', 'attempts', 'next_attempt_at', 'outcome', 'processed_at',
] as const;

/** What is captured can only be given back; every other event about it comes late. */
function isOldNews(charge: Known, event: GatewayEvent): boolean {
  return charge.status === 'captured' && event.type !== null && !/refund|return/.test(event.type);
}

function done(event: GatewayEvent, outcome: Outcome['outcome']): Outcome {
  return { id: event.id, attempts: event.attempts + 1, outcome, wait: 0 };
}

function later(event: GatewayEvent, wait: number): Outcome {
  return { id: event.id, attempts: event.attempts + 1, outcome: null, wait };
}
