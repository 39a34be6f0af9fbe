import { invalid, reply } from '../api/replies.js';
import { subjectOf, type Context } from '../context.js';
import type { FaultSubject } from '../faults/fault.js';
import type { HttpReply } from '../runtime/ports.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import type { Customer, Payment, Source } from './model.js';
import { readPaymentRequest, type PaymentRequest } from './request.js';
import type { Settlement } from './settlement.js';
import { acceptedView, declinedView } from './views.js';

/** Mandate approval pending [C code]. */
const MANDATE_PENDING = '20199';

/** Takes payment requests in. */
export class Intake {
  private readonly context: Context;
  private readonly settlement: Settlement;
  private readonly webhooks: Webhooks;

  constructor(context: Context, settlement: Settlement, webhooks: Webhooks) {
    this.context = context;
    this.settlement = settlement;
    this.webhooks = webhooks;
  }

  /** Answers `POST /payments`; throws the refusal. */
  async accept(requestId: string, body: unknown): Promise<HttpReply> {
    const request = readPaymentRequest(body, this.context.settings);
    const known = this.knownCustomer(request);
    const source = request.kind === 'stored' ? this.usableSource(request) : undefined;
    const payment = this.record(request, known, source?.source);
    if (source?.undecided === true) payment.fate = { outcome: 'decline', response_code: MANDATE_PENDING };
    const subject = subjectOf(this.context, payment);
    const { faults } = this.context;
    const refused = faults.fire('declined_synchronously', subject);
    if (refused !== undefined) {
      this.settlement.decline(payment, refused.response_code);
      return reply(requestId, 201, declinedView(this.context, payment));
    }
    const early = faults.fire('webhook_before_response', subject) !== undefined;
    this.settlement.begin(payment);
    const accepted = reply(requestId, 202, acceptedView(this.context, payment));
    if (early) {
      if (payment.kind === 'stored') this.settlement.decideNow(payment);
      await this.webhooks.deliverAllOf(payment.id);
    }
    return accepted;
  }

  private knownCustomer({ customer }: PaymentRequest): Customer | undefined {
    const { store } = this.context;
    if (customer.id === undefined) return customer.email === undefined ? undefined : store.customerByEmail(customer.email);
    const known = store.customers.get(customer.id);
    if (known === undefined) throw invalid('customer_not_found');
    return known;
  }

  /** The stored source, `undecided` when its set-up is open and charges on it decline. */
  private usableSource(request: PaymentRequest): { source: Source; undecided: boolean } {
    const { store, faults, settings } = this.context;
    const source = store.sources.get(request.sourceId!);
    if (source === undefined || source.status === 'void') throw invalid('source_id_unknown');
    if (request.customer.id !== undefined && request.customer.id !== source.customer_id) throw invalid('customer_not_found');
    const subject = this.subjectOfRequest(request, source);
    const treatment = source.status === 'pending' ? (faults.fire('source_before_capture', subject)?.treatment ?? settings.source_before_capture) : 'accept';
    if (treatment === 'refuse') throw invalid('source_id_unknown');
    const revoked = source.revocation === undefined ? faults.fire('wallet_revoked', subject) : undefined;
    if (revoked !== undefined) {
      source.status = 'revoked';
      source.revocation = { mode: revoked.mode === 'unknown' ? 'unknown' : 'decline', response_code: revoked.response_code };
      store.sources.touch(source.id);
    }
    if (source.revocation?.mode === 'unknown') throw invalid('source_id_unknown');
    return { source, undecided: treatment === 'decline' };
  }

  private subjectOfRequest(request: PaymentRequest, source: Source): FaultSubject {
    const email = this.context.store.customers.get(source.customer_id)?.email;
    return { operation: 'payment', kind: 'stored', reference: request.terms.reference, source: source.id, customer_email: email };
  }

  private record(request: PaymentRequest, known: Customer | undefined, source: Source | undefined): Payment {
    const { store, random, clock, settings } = this.context;
    const now = clock.now();
    const customer = source === undefined ? (known ?? this.newCustomer(request)) : store.customers.get(source.customer_id)!;
    const redirect = request.kind === 'redirect';
    const payment: Payment = {
      id: random.id('pay'),
      kind: request.kind,
      sid: redirect ? random.id('sid') : undefined,
      terms: request.terms,
      source_id: source?.id,
      customer_id: customer.id,
      requested_at: now,
      expires_at: redirect ? now + settings.redirect_expiry_seconds * 1000 : undefined,
      visible_at: now,
      listed_at: now,
      actions: [],
      state: { status: 'Pending', actions: 0, captured: 0, refunded: 0, refunding: 0 },
    };
    if (redirect && request.terms.payment_type === 'Recurring') payment.source_id = this.newSource(payment).id;
    this.delaySight(payment);
    store.addPayment(payment);
    return payment;
  }

  private newCustomer({ customer }: PaymentRequest): Customer {
    const created: Customer = { id: this.context.random.id('cus'), email: customer.email, name: customer.name };
    this.context.store.addCustomer(created);
    return created;
  }

  private newSource(payment: Payment): Source {
    const source: Source = {
      id: this.context.random.id('src'), customer_id: payment.customer_id, setup_payment_id: payment.id, status: 'pending', created_at: payment.requested_at,
    };
    this.context.store.sources.put(source.id, source);
    return source;
  }

  private delaySight(payment: Payment): void {
    const { faults, random, settings } = this.context;
    const subject = subjectOf(this.context, payment);
    const hidden = faults.fire('details_not_found', subject);
    payment.visible_at += hidden === undefined ? random.delay(settings.visibility_lag_ms) : hidden.seconds * 1000;
    const unlisted = faults.fire('list_lag', subject);
    payment.listed_at = payment.visible_at + (unlisted === undefined ? random.delay(settings.list_lag_ms) : unlisted.seconds * 1000);
  }
}
