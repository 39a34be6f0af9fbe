import { Injectable, Logger } from '@nestjs/common';
import { REFERENCE_PREFIX } from '../cases/charge.mint.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Parking } from '../parking/parking.js';
import { RateBudget } from '../payments/rate.budget.js';
import { SettlementDoor } from '../payments/settlement.door.js';
import { pause } from '../platform/clock/pause.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isOutage } from '../platform/database/outage.js';
import { gatewayEventLag } from '../platform/telemetry/meters.js';
import { Arrivals, IN_HAND_MS } from './arrivals.js';
import { type GatewayEvent, isOldNews, type KnownCharge, tellsOfRefund } from './gateway.event.js';

const LARGEST_SET = 500;
/** While one set is being settled, the payments of the next are asked for. */
const SETS_IN_HAND = 3;
/** Below this many events a further set waits a moment (ms) for company while another is in hand. */
const WORTH_A_SET = 200;
const LINGER_MS = 20;
/** Events about payments nobody here knows may be early: asked about again, at these waits (ms), then foreign. */
const FOREIGN_WAITS = [1_000, 10_000, 60_000, 600_000, 3_600_000];
/** Waits (ms) while the gateway cannot be asked, or does not show the payment yet; the last one repeats. */
const RETRY_WAITS = [5_000, 30_000, 120_000, 600_000, 3_600_000];
/** What the gateway has not shown by then (ms), a human looks at. */
const PATIENCE_MS = 86_400_000;

/** What is worked on; the body stays where it is stored. */
type StoredEvent = Omit<GatewayEvent, 'body'>;

/** A stored event with the charge it is about, as far as we know one. */
interface Hint {
  event: StoredEvent;
  charge: KnownCharge | null;
}

/** What asking the gateway about an event's payment came to. */
type Answer = { outcome: 'settled' } | { outcome: 'parked'; error: Error } | { outcome: null; error: Error; giveUp: boolean };

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
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly parking: Parking,
    private readonly arrivals: Arrivals,
  ) {}

  /** Claims a set of stored events and starts working through it. Returns their number. */
  async run(): Promise<number> {
    if (this.inHand.size >= SETS_IN_HAND) {
      await Promise.race(this.inHand);
      return 1;
    }
    if (this.inHand.size > 0 && this.arrivals.readyCount < WORTH_A_SET) await pause(LINGER_MS);
    const { hints, now } = await this.database.transaction(async (tx) => ({ hints: await this.claim(tx), now: tx.now }));
    if (hints.length === 0) return 0;
    const work = this.work(hints, now)
      .catch((error: unknown) => this.log.error({ err: error }, 'a set of events will be worked on again'))
      .finally(() => this.inHand.delete(work));
    this.inHand.add(work);
    return hints.length;
  }

  /** Resolves when no set is being worked on any more. */
  async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.all(this.inHand);
  }

  private async work(hints: readonly Hint[], now: Date): Promise<void> {
    const asked = new Map<string, Promise<Answer>>();
    const outcomes = await Promise.all(
      hints.map(async ({ event, charge }) => {
        if (!charge) return this.unknownPayment(event);
        if (isOldNews(event, charge)) return done(event, 'nothing_new');
        // Several events about one payment need it looked at once.
        const refunds = event.type !== null && tellsOfRefund(event.type);
        const question = `${event.payment_id} ${charge.id} ${refunds}`;
        const answer = asked.get(question) ?? this.look(charge, event.payment_id as string, refunds);
        asked.set(question, answer);
        return this.conclude(event, await answer, now);
      }),
    );
    const at = await this.write(outcomes);
    for (const [i, { outcome }] of outcomes.entries()) {
      const since = hints[i]?.event.received_at.getTime() ?? at;
      if (outcome !== null) gatewayEventLag.observe(Math.max(0, at - since) / 1_000);
    }
  }

  /** Takes what arrived here or is due, as far as the rate budget goes for what must be asked about. */
  private async claim(tx: Transaction): Promise<Hint[]> {
    const arrived = this.arrivals.takeReady(LARGEST_SET, tx.now);
    const due = arrived.length > 0 ? arrived : await this.claimDue(tx);
    if (due.length === 0) return [];
    const charges = await this.chargesOf(tx, due);
    const hints = due.map((event) => ({
      event,
      charge: charges.get(event.payment_id ?? '') ?? charges.get(event.reference ?? '') ?? null,
    }));
    const asking = hints.filter(({ event, charge }) => charge !== null && !isOldNews(event, charge));
    const granted = asking.length === 0 ? 0 : await this.budget.take(tx, 'reads', asking.length);
    const held = new Set(asking.slice(granted));
    if (held.size > 0) await this.release(tx, [...held].map(({ event }) => event.id));
    return hints.filter((hint) => !held.has(hint));
  }

  private claimDue(tx: Transaction): Promise<StoredEvent[]> {
    return tx.query<StoredEvent>(
      `update gateway_events set next_attempt_at = $3
        where id in (select id from gateway_events where next_attempt_at <= $1
                      order by next_attempt_at limit $2 for update skip locked)
       returning id, type, payment_id, reference, received_at, attempts, next_attempt_at, outcome, processed_at`,
      [tx.now, LARGEST_SET, new Date(tx.now.getTime() + IN_HAND_MS)],
    );
  }

  /** Beyond the rate budget: due again at once, for whoever comes first when there are calls to spend. */
  private async release(tx: Transaction, ids: readonly string[]): Promise<void> {
    await tx.query('update gateway_events set next_attempt_at = $2 where id = any($1)', [ids, tx.now]);
  }

  /** The charges that events are about, by reference and by payment id. */
  private async chargesOf(tx: Transaction, events: readonly StoredEvent[]): Promise<Map<string, KnownCharge>> {
    const charges = await tx.query<KnownCharge>(
      `select id, status, reference, gateway_payment_id from charges
        where gateway_payment_id = any($1) or reference = any($2)`,
      [events.map((e) => e.payment_id), events.map((e) => e.reference).filter((reference) => reference !== null)],
    );
    const known = new Map<string, KnownCharge>();
    for (const charge of charges) {
      known.set(charge.reference, charge);
      if (charge.gateway_payment_id !== null) known.set(charge.gateway_payment_id, charge);
    }
    return known;
  }

  private async look(charge: KnownCharge, paymentId: string, withRefunds: boolean): Promise<Answer> {
    try {
      const found = await this.gateway.payment(paymentId, withRefunds);
      if (!found) return { outcome: null, error: new Error(`the gateway does not show ${paymentId}`), giveUp: true };
      // A payment that we know by its id is ours under whatever reference we keep it.
      if (charge.gateway_payment_id !== paymentId && found.reference !== charge.reference) {
        return { outcome: 'parked', error: new Error(`${paymentId} is told for ${charge.id}, but carries another reference`) };
      }
      await this.door.settle({ charge: charge.id, request_id: found.requestId, kind: 'fact', fact: found.fact });
      return { outcome: 'settled' };
    } catch (error) {
      // An event that cannot be worked on must not stop the others of its set.
      const reason = error instanceof Error ? error : new Error(String(error));
      return { outcome: null, error: reason, giveUp: !(error instanceof LookupFailed || isOutage(error)) };
    }
  }

  private async conclude(event: StoredEvent, answer: Answer, now: Date): Promise<Outcome> {
    if (answer.outcome === 'settled') return done(event, 'settled');
    const { error } = answer;
    const late = now.getTime() - event.received_at.getTime() > PATIENCE_MS;
    if (answer.outcome === 'parked' || (answer.giveUp && late)) {
      await this.parking.park('gateway_event', event.id, error);
      return done(event, 'parked');
    }
    this.log.warn({ event: event.id, payment: event.payment_id, reason: error.message }, 'look-up after a webhook failed');
    return later(event, RETRY_WAITS[Math.min(event.attempts, RETRY_WAITS.length - 1)] as number);
  }

  /** Perhaps it came before our own write, perhaps it belongs to another system on the same account. */
  private async unknownPayment(event: StoredEvent): Promise<Outcome> {
    const wait = FOREIGN_WAITS[event.attempts];
    if (wait !== undefined) return later(event, wait);
    if (!event.reference?.startsWith(`${REFERENCE_PREFIX}-`)) return done(event, 'foreign');
    await this.parking.park('orphan', event.payment_id as string, new Error(`payment with our reference ${event.reference} is unknown here`));
    return done(event, 'orphan');
  }

  /** Returns when (ms) that was. */
  private async write(outcomes: readonly Outcome[]): Promise<number> {
    const now = await this.database.now();
    await this.database.query(
      `update gateway_events e
          set attempts = r.attempts, outcome = r.outcome,
              processed_at = case when r.outcome is null then null else $2::timestamptz end,
              next_attempt_at = case when r.outcome is null then $2::timestamptz + r.wait * interval '1 millisecond' end
         from json_to_recordset($1::json) as r(id text, attempts int, outcome text, wait int)
        where e.id = r.id`,
      [JSON.stringify(outcomes), now],
    );
    return now.getTime();
  }
}

function done(event: StoredEvent, outcome: Outcome['outcome']): Outcome {
  return { id: event.id, attempts: event.attempts + 1, outcome, wait: 0 };
}

function later(event: StoredEvent, wait: number): Outcome {
  return { id: event.id, attempts: event.attempts + 1, outcome: null, wait };
}
