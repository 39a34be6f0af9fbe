import type { AccessToken, Idempotent } from './api/model.js';
import type { ArmedFault } from './faults/registry.js';
import type { Behaviour, BookEntry, Customer, Payment, Source } from './payments/model.js';
import type { GatewayEvent } from './runtime/events.js';
import { Journal } from './runtime/journal.js';
import { Schedule, type Due } from './runtime/schedule.js';
import type { Settings } from './settings.js';
import type { Delivery, WebhookEvent } from './webhooks/model.js';

/** What outlives a restart beside the tables proper. */
interface Meta {
  boots: number;
  /** What the clock saved. */
  clock: number;
}

/** All state of the gateway, with the indexes that are rebuilt from it. */
export class Store {
  readonly journal: Journal;
  readonly payments;
  readonly sources;
  readonly customers;
  readonly book;
  readonly behaviours;
  readonly keys;
  readonly tokens;
  readonly events;
  readonly deliveries;
  readonly faults;
  readonly settings;
  readonly meta;
  readonly schedule = new Schedule<GatewayEvent>();
  private readonly scheduled;
  private readonly byReference = new Map<string, string[]>();
  private readonly bySession = new Map<string, string>();
  private readonly byEmail = new Map<string, string>();
  private readonly eventsByPayment = new Map<string, string[]>();

  constructor(directory?: string) {
    const journal = new Journal(directory);
    this.journal = journal;
    this.payments = journal.table<Payment>('payment');
    this.sources = journal.table<Source>('source');
    this.customers = journal.table<Customer>('customer');
    this.book = journal.table<BookEntry>('book');
    this.behaviours = journal.table<Behaviour>('behaviour');
    this.keys = journal.table<Idempotent>('key');
    this.tokens = journal.table<AccessToken>('token');
    this.events = journal.table<WebhookEvent>('event');
    this.deliveries = journal.table<Delivery>('delivery');
    this.faults = journal.table<ArmedFault>('fault');
    this.settings = journal.table<Partial<Settings>>('settings');
    this.meta = journal.table<Meta>('meta');
    this.scheduled = journal.table<Due<GatewayEvent>>('due');
  }

  /** Reads what an earlier process left and rebuilds indexes and queue. */
  async open(): Promise<void> {
    await this.journal.open();
    for (const payment of this.payments.rows.values()) this.index(payment);
    for (const customer of this.customers.rows.values()) if (customer.email !== undefined) this.byEmail.set(customer.email, customer.id);
    for (const event of this.events.rows.values()) this.indexEvent(event);
    for (const due of this.scheduled.rows.values()) this.schedule.restore(due);
  }

  addPayment(payment: Payment): void {
    this.payments.put(payment.id, payment);
    this.index(payment);
  }

  /** All payments with this reference, oldest first: the gateway does not keep references unique. */
  paymentsByReference(reference: string): Payment[] {
    return (this.byReference.get(reference) ?? []).map((id) => this.payments.get(id)!);
  }

  /** By `pay_…` or `sid_…`. */
  findPayment(id: string): Payment | undefined {
    return this.payments.get(id) ?? this.payments.get(this.bySession.get(id) ?? '');
  }

  addCustomer(customer: Customer): void {
    this.customers.put(customer.id, customer);
    if (customer.email !== undefined) this.byEmail.set(customer.email, customer.id);
  }

  customerByEmail(email: string): Customer | undefined {
    return this.customers.get(this.byEmail.get(email) ?? '');
  }

  addEvent(event: WebhookEvent): void {
    this.events.put(event.id, event);
    this.indexEvent(event);
  }

  removeEvent(event: WebhookEvent): void {
    this.events.remove(event.id);
    for (const id of event.delivery_ids) this.deliveries.remove(id);
    const left = this.eventsByPayment.get(event.payment_id)?.filter((id) => id !== event.id) ?? [];
    if (left.length > 0) this.eventsByPayment.set(event.payment_id, left);
    else this.eventsByPayment.delete(event.payment_id);
  }

  /** The events about a payment, oldest first. */
  eventsOf(paymentId: string): WebhookEvent[] {
    return (this.eventsByPayment.get(paymentId) ?? []).map((id) => this.events.get(id)!);
  }

  /** Puts an event on the queue, `at` in epoch ms. */
  plan(at: number, event: GatewayEvent): void {
    const due = this.schedule.add(at, event);
    if (event.type !== 'wake') this.scheduled.put(String(due.id), due);
  }

  takeDue(until: number): Due<GatewayEvent> | undefined {
    const due = this.schedule.take(until);
    if (due !== undefined) this.scheduled.remove(String(due.id));
    return due;
  }

  /** Forgets everything but settings, faults and the clock. */
  reset(): void {
    for (const table of [this.payments, this.sources, this.customers, this.book, this.behaviours, this.keys, this.tokens, this.events, this.deliveries, this.scheduled]) table.clear();
    for (const index of [this.byReference, this.bySession, this.byEmail, this.eventsByPayment]) index.clear();
    this.schedule.clear();
  }

  private index(payment: Payment): void {
    const same = this.byReference.get(payment.terms.reference);
    if (same === undefined) this.byReference.set(payment.terms.reference, [payment.id]);
    else same.push(payment.id);
    if (payment.sid !== undefined) this.bySession.set(payment.sid, payment.id);
  }

  private indexEvent(event: WebhookEvent): void {
    const same = this.eventsByPayment.get(event.payment_id);
    if (same === undefined) this.eventsByPayment.set(event.payment_id, [event.id]);
    else same.push(event.id);
  }
}
