import { Credentials, type CredentialOptions } from './api/credentials.js';
import { Operations } from './api/operations.js';
import { Pipeline } from './api/pipeline.js';
import { matchRoute } from './api/routes.js';
import { Workflows } from './api/workflows.js';
import type { Context } from './context.js';
import { type Chance, FaultRegistry } from './faults/registry.js';
import { gatewayIndex } from './index-pages.js';
import { Book } from './payments/book.js';
import { Intake } from './payments/intake.js';
import { Refunds } from './payments/refunds.js';
import { Settlement } from './payments/settlement.js';
import { isOpen } from './payments/transitions.js';
import type { GatewayEvent } from './runtime/events.js';
import type { Clock, GatewayRequest, Reply, WebhookSender } from './runtime/ports.js';
import type { Pumped } from './runtime/pump.js';
import { Random } from './runtime/random.js';
import { defaultSettings, readSettings, type Settings } from './settings.js';
import { Store } from './store.js';
import { PayPages } from './wallet/pay-pages.js';
import { Webhooks } from './webhooks/webhooks.js';

export interface GatewayOptions extends CredentialOptions {
  clock: Clock;
  sender: WebhookSender;
  /** The same seed gives the same ids, delays and draws. */
  seed: string;
  settings?: Partial<Settings> & { preset?: string };
  /** Decides whether faults strike; drawn from the seed, in the order of the calls, when absent. */
  chance?: Chance;
  /** Keeps the state there, to survive a restart. */
  dataDir?: string;
  /** Base of the gateway's own URLs, without a slash at the end; may be set later on the context. */
  publicUrl?: string;
}

/** Checkout.com as an AlipayCN merchant meets it, without a transport: requests go in, replies and webhooks come out. */
export class SandboxGateway implements Pumped {
  readonly context: Context;
  readonly settlement: Settlement;
  readonly webhooks: Webhooks;
  readonly book: Book;
  /** Requests since the start, by operation and then by status or network fault. */
  readonly requests: Record<string, Record<string, number>> = {};
  private readonly refunds: Refunds;
  private readonly pipeline: Pipeline;
  private readonly pages: PayPages;
  private readonly startSettings: Settings;
  private readonly waiters = new Map<number, () => void>();
  private lastWaiter = 0;
  private inHand = 0;

  private constructor(options: GatewayOptions, store: Store) {
    const { clock, sender, seed } = options;
    // A restart must not mint the ids of the run before it again.
    const random = new Random(`${seed}:${store.meta.get('meta')!.boots}`);
    this.startSettings = { ...defaultSettings(), ...readSettings(options.settings ?? {}) };
    const settings = { ...structuredClone(this.startSettings), ...store.settings.get('settings') };
    this.context = { clock, random, store, settings, faults: new FaultRegistry(store.faults, clock, random, options.chance), publicUrl: options.publicUrl ?? '' };
    this.webhooks = new Webhooks(this.context, sender);
    this.book = new Book(store);
    this.settlement = new Settlement(this.context, this.webhooks, this.book);
    this.refunds = new Refunds(this.context, this.settlement, this.webhooks, this.book);
    this.pages = new PayPages(this.context, this.settlement);
    const intake = new Intake(this.context, this.settlement, this.webhooks);
    const operations = new Operations(this.context, { intake, refunds: this.refunds, workflows: new Workflows(this.context, this.webhooks) });
    this.pipeline = new Pipeline(this.context, { credentials: new Credentials(this.context, options), operations, wait: (ms) => this.wait(ms) });
    for (const { event } of store.schedule.items()) if (event.type === 'arrive' && event.held_key !== undefined) this.pipeline.hold(event.held_key);
    this.webhooks.resume();
  }

  /** Opens a gateway, with the state of an earlier one where there is a data directory. */
  static async open(options: GatewayOptions): Promise<SandboxGateway> {
    const store = new Store(options.dataDir);
    await store.open();
    const meta = store.meta.get('meta');
    if (meta !== undefined) options.clock.restore(meta.clock);
    store.meta.put('meta', { boots: (meta?.boots ?? 0) + 1, clock: options.clock.save() });
    return new SandboxGateway(options, store);
  }

  /** Answers one request of the gateway's API or of its pay pages. */
  async handle(request: GatewayRequest): Promise<Reply> {
    const route = matchRoute(request.method, request.path);
    this.inHand += 1;
    try {
      const reply = route?.name === 'page' ? this.pages.answer(request, route.id) : route?.name === 'index' ? gatewayIndex(this.context) : await this.pipeline.answer(request, route);
      const counts = (this.requests[route?.name ?? 'unknown'] ??= {});
      const outcome = 'fault' in reply ? reply.fault : String(reply.status);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      return reply;
    } finally {
      this.inHand -= 1;
    }
  }

  nextDueAt(): number | undefined {
    return this.context.store.schedule.nextDueAt();
  }

  onDueAdded(listener: (at: number) => void): void {
    this.context.store.schedule.onAdded = listener;
  }

  runDue(): void {
    this.runUntil(this.context.clock.now());
  }

  /** Runs everything due at or before `instant` (epoch ms), moving the clock from event to event but no further. */
  runUntil(instant: number): void {
    const { store, clock } = this.context;
    for (let due = store.takeDue(instant); due !== undefined; due = store.takeDue(instant)) {
      clock.moveTo(due.at);
      this.run(due.event);
    }
  }

  /** Lives through the time until `instant` (epoch ms), webhooks and their retries included. */
  async advanceTo(instant: number): Promise<void> {
    const { clock, store } = this.context;
    for (;;) {
      // A retry is counted from its attempt, so time must not run ahead of an answer that is still out.
      await this.webhooks.settled();
      const next = this.nextDueAt();
      if (next === undefined || next > instant) break;
      this.runUntil(next);
    }
    clock.moveTo(instant);
    store.meta.put('meta', { ...store.meta.get('meta')!, clock: clock.save() });
  }

  /** What is still going on; `idle` disregards webhook retries and pay pages that wait for a customer. */
  activity(withinMs = Infinity): Record<string, number | boolean> {
    const { store, clock } = this.context;
    const limit = clock.now() + withinMs;
    let scheduled = 0;
    let retries = 0;
    let openPages = 0;
    for (const { at, event } of store.schedule.items()) {
      if (event.type === 'expire') openPages += Number(store.payments.get(event.payment_id)?.state.status === 'Pending');
      else if (event.type === 'deliver' && this.isRetry(event.delivery_id)) retries += 1;
      else if (at <= limit && this.matters(event)) scheduled += 1;
    }
    const sending = this.webhooks.sending;
    return { idle: scheduled === 0 && sending === 0 && this.inHand === 0, requests_in_hand: this.inHand, scheduled, webhooks_in_flight: sending, retries, open_pay_pages: openPages };
  }

  /** Changes settings from their JSON form; throws `SettingRefused`. */
  patchSettings(patch: unknown): void {
    const { store, settings } = this.context;
    const changes = readSettings(patch);
    Object.assign(settings, changes);
    store.settings.put('settings', { ...store.settings.get('settings'), ...changes });
  }

  /** Forgets payments, book, keys, faults and changed settings; the clock stays. */
  reset(): void {
    const { store, settings, faults } = this.context;
    store.reset();
    this.pipeline.clear();
    faults.disarmAll();
    store.settings.clear();
    Object.assign(settings, structuredClone(this.startSettings));
  }

  /** Writes out what the journal still holds. */
  close(): void {
    const { store, clock } = this.context;
    store.meta.put('meta', { ...store.meta.get('meta')!, clock: clock.save() });
    store.journal.close();
  }

  private run(event: GatewayEvent): void {
    if (event.type === 'deliver') return this.webhooks.deliver(event.delivery_id);
    if (event.type === 'wake') return this.wake(event.waiter);
    if (event.type === 'arrive') return void this.pipeline.answerLate(event.request, matchRoute(event.request.method, event.request.path)!, event.held_key);
    const payment = this.context.store.payments.get(event.payment_id);
    if (payment === undefined) return;
    switch (event.type) {
      case 'decide':
        return this.settlement.decide(payment);
      case 'capture':
        return this.settlement.capture(payment);
      case 'expire':
        return this.settlement.expire(payment);
      case 'capture_late':
        return this.settlement.captureLate(payment);
      case 'return':
        return this.settlement.returnPayment(payment);
      case 'settle_refund':
        return this.refunds.settle(payment, event.action_id);
    }
  }

  private wait(ms: number): Promise<void> {
    const { store, clock } = this.context;
    const waiter = (this.lastWaiter += 1);
    store.plan(clock.now() + ms, { type: 'wake', waiter });
    return new Promise((resolve) => this.waiters.set(waiter, resolve));
  }

  private wake(waiter: number): void {
    this.waiters.get(waiter)?.();
    this.waiters.delete(waiter);
  }

  private isRetry(deliveryId: string): boolean {
    return (this.context.store.deliveries.get(deliveryId)?.attempts.length ?? 0) > 0;
  }

  /** Items that were overtaken stay on the queue until their moment, and do nothing. */
  private matters(event: GatewayEvent): boolean {
    const { store } = this.context;
    if (event.type === 'deliver') return ['scheduled', 'held'].includes(store.deliveries.get(event.delivery_id)?.state ?? '');
    if (event.type === 'decide' || event.type === 'capture') return isOpen(store.payments.get(event.payment_id)?.state.status ?? 'Refunded');
    return true;
  }
}
