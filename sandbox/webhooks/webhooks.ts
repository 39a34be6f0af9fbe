import { subjectOf, type Context } from '../context.js';
import type { Action, Payment } from '../payments/model.js';
import type { Json } from '../payments/views.js';
import type { Announcer } from '../payments/settlement.js';
import { Fifo } from '../runtime/fifo.js';
import type { SendResult, WebhookSender } from '../runtime/ports.js';
import { envelope } from './envelope.js';
import type { Delivery, DeliveryTwist, EventType, WebhookEvent } from './model.js';
import { sign } from './signature.js';
import { bend, type DeliveryPlan } from './twists.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How many of the oldest events are considered for dropping. */
const DROP_SEARCH = 20;

/** Waits after each failed attempt; after the last the series ends [C]. */
export const RETRY_WAITS_MS: readonly number[] = [
  5 * MINUTE_MS, 10 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 12 * HOUR_MS,
];

/** Tells events to the merchant: signed, at least once, in no promised order. */
export class Webhooks implements Announcer {
  private readonly context: Context;
  private readonly sender: WebhookSender;
  private readonly inFlight = new Map<string, Promise<void>>();
  private readonly waiting = new Fifo<Delivery>();
  private readonly lastHeld = new Map<string, string>();
  private lastDelivery = 0;
  /** How far the search for events that may be dropped has come. */
  private oldest: IterableIterator<WebhookEvent> | undefined;
  readonly counts = { sent: 0, delivered: 0, failed: 0 };

  constructor(context: Context, sender: WebhookSender) {
    this.context = context;
    this.sender = sender;
  }

  /** Takes up what an earlier process had left in flight. */
  resume(): void {
    const { store, clock } = this.context;
    for (const delivery of store.deliveries.rows.values()) {
      this.lastDelivery = Math.max(this.lastDelivery, Number(delivery.id));
      if (delivery.state === 'held') this.lastHeld.set(delivery.payment_id, delivery.id);
      if (delivery.state === 'sending') this.schedule(delivery, clock.now());
    }
  }

  emit(type: EventType, payment: Payment, action?: Action): void {
    const { random, settings, faults, store } = this.context;
    const body = envelope(this.context, random.id('evt'), type, payment, action);
    const plan: DeliveryPlan = { event: body, lost: false, delay_ms: random.delay(settings.webhook_delay_ms), copies: [], besides: [], twist: {} };
    bend(plan, faults.fireStage('webhook', { ...subjectOf(this.context, payment), operation: undefined, event_type: type }), this.context);
    const event = this.record(plan.event, payment.id, action?.id);
    if (settings.webhook_url === '' || (settings.webhook_events.length > 0 && !settings.webhook_events.includes(type))) return;
    const held = store.deliveries.get(this.lastHeld.get(payment.id) ?? '');
    // Held ones wait for this one: were it held as well, the order would be right again.
    if (held !== undefined) plan.hold_ms = undefined;
    this.dispatch(event, plan);
    if (held !== undefined) this.releaseHeld(held, plan.delay_ms);
    for (const foreign of plan.besides) this.addDelivery(this.record(foreign, (foreign['data'] as Json)['id'] as string, undefined), plan.delay_ms, {});
  }

  /** The scheduled moment of an attempt has come. */
  deliver(id: string): void {
    const delivery = this.context.store.deliveries.get(id);
    if (delivery === undefined || (delivery.state !== 'scheduled' && delivery.state !== 'held')) return;
    // An attempt that was moved, for instance by hand, leaves its old moment on the queue.
    if (delivery.due_at > this.context.clock.now()) return;
    delivery.state = 'sending';
    this.context.store.deliveries.touch(id);
    if (this.inFlight.size >= this.context.settings.webhook_concurrency) this.waiting.push(delivery);
    else this.send(delivery);
  }

  /** Sends an event once more, under its own id; returns whether there is anywhere to send it. */
  resend(event: WebhookEvent): boolean {
    if (this.context.settings.webhook_url === '') return false;
    this.addDelivery(event, 0, {});
    return true;
  }

  /** Sends everything about a payment that is scheduled, and waits for the answers. */
  async deliverAllOf(paymentId: string): Promise<void> {
    const { store } = this.context;
    const ids = store.eventsOf(paymentId).flatMap((event) => event.delivery_ids);
    for (const id of ids) this.hasten(store.deliveries.get(id)!);
    await Promise.all(ids.flatMap((id) => this.inFlight.get(id) ?? []));
  }

  /** Sends all that is scheduled now, retries and held ones included. */
  flush(): number {
    let hastened = 0;
    for (const delivery of this.context.store.deliveries.rows.values()) if (this.hasten(delivery)) hastened += 1;
    return hastened;
  }

  /** Attempts that have been started and not answered. */
  get sending(): number {
    return this.inFlight.size + this.waiting.size;
  }

  /** Waits until no attempt is in flight. */
  async settled(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.all(this.inFlight.values());
  }

  private dispatch(event: WebhookEvent, plan: DeliveryPlan): void {
    const first = this.addDelivery(event, plan.lost ? 0 : (plan.hold_ms ?? plan.delay_ms), plan.twist, plan.lost);
    if (plan.lost) return;
    if (plan.hold_ms !== undefined) {
      first.state = 'held';
      this.lastHeld.set(event.payment_id, first.id);
    }
    for (const copy of plan.copies) {
      const told = copy.other_id === true ? this.record({ ...(JSON.parse(event.body) as object), id: this.context.random.id('evt') }, event.payment_id, event.action_id) : event;
      this.addDelivery(told, plan.delay_ms + copy.after_ms, plan.twist);
    }
  }

  private record(body: Json, paymentId: string, actionId: string | undefined): WebhookEvent {
    const { store, clock, settings } = this.context;
    const event: WebhookEvent = {
      id: body['id'] as string, type: body['type'] as string, payment_id: paymentId, action_id: actionId,
      created_at: clock.now(), body: JSON.stringify(body), delivery_ids: [],
    };
    store.addEvent(event);
    if (store.events.rows.size > settings.events_kept) this.dropOldest();
    return event;
  }

  private dropOldest(): void {
    const { store } = this.context;
    // Goes on where it stopped: from the front, every look would step over all that were dropped before.
    this.oldest ??= store.events.rows.values();
    // With a receiver that is down all old ones are open: looking on would cost more than keeping them.
    for (let looked = 0; looked < DROP_SEARCH; looked += 1) {
      const { value: event, done } = this.oldest.next();
      if (done === true) {
        this.oldest = undefined;
        return;
      }
      const open = event.delivery_ids.some((id) => ['scheduled', 'sending', 'held'].includes(store.deliveries.get(id)!.state));
      if (!open) return store.removeEvent(event);
    }
  }

  private addDelivery(event: WebhookEvent, delayMs: number, twist: DeliveryTwist, lost = false): Delivery {
    const { store, clock } = this.context;
    this.lastDelivery += 1;
    const bent = Object.keys(twist).length > 0;
    const delivery: Delivery = {
      id: String(this.lastDelivery), event_id: event.id, payment_id: event.payment_id, state: 'lost', due_at: clock.now(), attempts: [], ...(bent ? { twist } : {}),
    };
    event.delivery_ids.push(delivery.id);
    store.events.touch(event.id);
    store.deliveries.put(delivery.id, delivery);
    if (!lost) this.schedule(delivery, clock.now() + delayMs);
    return delivery;
  }

  private schedule(delivery: Delivery, at: number): void {
    delivery.state = 'scheduled';
    delivery.due_at = at;
    this.context.store.deliveries.touch(delivery.id);
    this.context.store.plan(at, { type: 'deliver', delivery_id: delivery.id });
  }

  /** A later event is on its way: the held one follows it. */
  private releaseHeld(held: Delivery, delayMs: number): void {
    this.lastHeld.delete(held.payment_id);
    if (held.state === 'held') this.schedule(held, this.context.clock.now() + delayMs + 1);
  }

  private hasten(delivery: Delivery): boolean {
    if (delivery.state !== 'scheduled' && delivery.state !== 'held') return false;
    delivery.due_at = this.context.clock.now();
    this.deliver(delivery.id);
    return true;
  }

  private send(delivery: Delivery): void {
    const { store, clock, settings } = this.context;
    const event = store.events.get(delivery.event_id);
    if (event === undefined || settings.webhook_url === '') {
      delivery.state = 'lost';
      return store.deliveries.touch(delivery.id);
    }
    const at = clock.now();
    const twist = delivery.twist ?? {};
    if (twist.repeat_seconds !== undefined && delivery.attempts.length === 0) this.addDelivery(event, twist.repeat_seconds * 1000, {});
    this.counts.sent += 1;
    const sent = this.sender.send(settings.webhook_url, this.headers(event, twist), twist.body ?? event.body);
    this.inFlight.set(delivery.id, sent.then((result) => this.conclude(delivery, at, result)));
  }

  private headers(event: WebhookEvent, twist: DeliveryTwist): Record<string, string> {
    const { settings } = this.context;
    const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'cko-webhooks/2' };
    const authorization = twist.authorization ?? settings.webhook_authorization;
    if (authorization !== '') headers['authorization'] = authorization;
    if (twist.signature === 'none') return headers;
    const signature = sign(event.body, twist.key ?? settings.webhook_key);
    headers['cko-signature'] = twist.signature === 'broken' ? sign(signature, 'broken') : signature;
    return headers;
  }

  private conclude(delivery: Delivery, at: number, result: SendResult): void {
    this.inFlight.delete(delivery.id);
    delivery.attempts.push({ at, ...result });
    if ('status' in result && result.status >= 200 && result.status <= 299) {
      delivery.state = 'delivered';
      this.counts.delivered += 1;
    } else {
      this.counts.failed += 1;
      const wait = RETRY_WAITS_MS[delivery.attempts.length - 1];
      if (wait === undefined) delivery.state = 'abandoned';
      else this.schedule(delivery, this.context.clock.now() + wait);
    }
    this.context.store.deliveries.touch(delivery.id);
    const next = this.waiting.shift();
    if (next !== undefined) this.send(next);
  }
}
