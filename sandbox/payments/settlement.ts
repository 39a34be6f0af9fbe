import { subjectOf, type Context } from '../context.js';
import type { EventType } from '../webhooks/model.js';
import type { Book } from './book.js';
import type { Action, Fate, Payment, PaymentState, Source } from './model.js';
import { isOpen, isPaid, transition, type PaymentChange } from './transitions.js';

/** Tells the merchant about a payment. */
export interface Announcer {
  emit(type: EventType, payment: Payment, action?: Action): void;
}

/** Codes in the actions of payments that end without the wallet's answer [A]. */
const LAPSED = '20068';
const CANCELED = '20017';
const APPROVED = '10000';
const APPROVED_PARTIALLY = '10010';

/** Moves payments from their request to their end and money into the book. */
export class Settlement {
  private readonly context: Context;
  private readonly webhooks: Announcer;
  private readonly book: Book;

  constructor(context: Context, webhooks: Announcer, book: Book) {
    this.context = context;
    this.webhooks = webhooks;
    this.book = book;
  }

  /** Announces a new payment and puts its decision, or its lapse, on the queue. */
  begin(payment: Payment): void {
    const { store, clock, settings, random, faults } = this.context;
    this.webhooks.emit('payment_pending', payment);
    if (payment.kind === 'redirect') {
      store.plan(payment.expires_at!, { type: 'expire', payment_id: payment.id });
      return;
    }
    payment.fate ??= this.drawFate(payment);
    if (payment.fate.outcome === 'pending') return;
    const long = faults.fire('pending_long', subjectOf(this.context, payment));
    const delay = long === undefined ? random.delay(settings.decision_delay_ms) : long.seconds * 1000;
    store.plan(clock.now() + delay, { type: 'decide', payment_id: payment.id });
  }

  /** The customer presses "pay", and the wallet has its say; where that was left open, the provider now decides. */
  approve(payment: Payment): void {
    if (!isOpen(payment.state.status)) return;
    if (payment.fate?.outcome === 'pending') payment.fate = { outcome: 'capture', response_code: APPROVED };
    else if (payment.kind === 'redirect') {
      if (payment.answered === true) return;
      const subject = subjectOf(this.context, payment);
      if (this.context.faults.fire('setup_abandoned', subject) !== undefined) return;
      if (this.context.faults.fire('setup_canceled', subject) !== undefined) return this.cancel(payment);
      payment.answered = true;
      payment.fate = this.drawFate(payment);
    }
    this.context.store.payments.touch(payment.id);
    this.decide(payment);
  }

  /** Carries out the wallet's answer. */
  decide(payment: Payment): void {
    const { store, clock, settings, random, faults } = this.context;
    const fate = payment.fate;
    if (!isOpen(payment.state.status) || fate === undefined || fate.outcome === 'pending' || payment.capture_action_id !== undefined) return;
    if (payment.state.status === 'Pending') {
      const retry = faults.fire('retry_scheduled', subjectOf(this.context, payment));
      if (retry !== undefined) {
        this.change(payment, 'schedule_retry');
        this.webhooks.emit('payment_retry_scheduled', payment);
        return store.plan(clock.now() + retry.seconds * 1000, { type: 'decide', payment_id: payment.id });
      }
    }
    if (fate.outcome === 'decline') return this.decline(payment, fate.response_code);
    payment.capture_action_id = random.id('act');
    store.payments.touch(payment.id);
    this.webhooks.emit('payment_capture_pending', payment);
    const delay = random.delay(payment.kind === 'stored' ? settings.capture_delay_ms : settings.redirect_capture_delay_ms);
    if (delay === 0) return this.capture(payment);
    store.plan(clock.now() + delay, { type: 'capture', payment_id: payment.id });
  }

  /** Decides and captures without the usual delays. */
  decideNow(payment: Payment): void {
    this.decide(payment);
    if (payment.capture_action_id !== undefined) this.capture(payment);
  }

  capture(payment: Payment): void {
    if (!isOpen(payment.state.status)) return;
    const part = payment.fate?.capture_amount;
    this.takeMoney(payment, part === undefined ? 'capture' : 'capture_partially', part ?? payment.terms.amount);
    const returned = this.context.faults.fire('payment_returned', subjectOf(this.context, payment));
    if (returned !== undefined) this.context.store.plan(this.context.clock.now() + returned.seconds * 1000, { type: 'return', payment_id: payment.id });
  }

  decline(payment: Payment, responseCode: string): void {
    this.fail(payment, 'decline', 'payment_declined', responseCode);
  }

  cancel(payment: Payment): void {
    this.fail(payment, 'cancel', 'payment_canceled', CANCELED);
  }

  /** Nobody answered in time; an approval that came before keeps its course. */
  expire(payment: Payment): void {
    if (payment.answered === true) return;
    if (this.context.settings.redirect_lapse === 'declined') this.decline(payment, LAPSED);
    else this.fail(payment, 'expire', 'payment_expired', LAPSED);
  }

  /** Takes the money although the payment had been told as failed. */
  captureLate(payment: Payment): void {
    if (isOpen(payment.state.status) || isPaid(payment.state.status) || payment.state.captured > 0) return;
    payment.capture_action_id = this.context.random.id('act');
    this.takeMoney(payment, 'capture_late', payment.terms.amount);
  }

  /** The provider returns what is left of a captured payment. */
  returnPayment(payment: Payment): void {
    const left = payment.state.captured - payment.state.refunded - payment.state.refunding;
    if (!isPaid(payment.state.status) || left <= 0) return;
    this.rememberForReaders(payment);
    const action = this.act(payment, { type: 'Return', amount: left, approved: true, response_code: APPROVED });
    payment.state.refunded += left;
    payment.state.status = transition(payment.state.status, payment.state.refunding > 0 ? 'refund_partially' : 'refund_fully');
    this.book.recordRefund(payment, action, 'return');
    this.webhooks.emit('payment_returned', payment, action);
  }

  /** Keeps the state before a change for readers who see it late; call it first. */
  rememberForReaders(payment: Payment, refund = false): void {
    const { faults, settings, random, clock, store } = this.context;
    store.payments.touch(payment.id);
    if (payment.lagging !== undefined && payment.lagging.until > clock.now()) return;
    const subject = subjectOf(this.context, payment);
    const struck = faults.fire('details_lag', subject) ?? (refund ? faults.fire('balances_lag', subject) : undefined);
    const lag = struck === undefined ? random.delay(settings.details_lag_ms) : struck.seconds * 1000;
    payment.lagging = lag > 0 ? { until: clock.now() + lag, state: { ...payment.state } } : undefined;
  }

  /** Adds an action that happens now. */
  act(payment: Payment, action: Omit<Action, 'id' | 'processed_at'> & { id?: string }): Action {
    const done: Action = { ...action, id: action.id ?? this.context.random.id('act'), processed_at: this.context.clock.now() };
    payment.actions.push(done);
    payment.state.actions = payment.actions.length;
    this.context.store.payments.touch(payment.id);
    return done;
  }

  private drawFate(payment: Payment): Fate {
    const { store, faults } = this.context;
    const declined = (responseCode: string): Fate => ({ outcome: 'decline', response_code: responseCode });
    const source = payment.kind === 'stored' ? store.sources.get(payment.source_id!) : undefined;
    if (source?.revocation !== undefined) return declined(source.revocation.response_code);
    const scripted = this.takeBehaviour(payment);
    if (scripted !== undefined) return scripted;
    const subject = subjectOf(this.context, payment);
    if (faults.fire('pending_forever', subject) !== undefined) return { outcome: 'pending', response_code: '' };
    const decline = faults.fire('decline', subject);
    if (decline !== undefined) return declined(decline.response_code);
    const part = faults.fire('partial_capture', subject);
    if (part === undefined) return { outcome: 'capture', response_code: APPROVED };
    return { outcome: 'capture', response_code: APPROVED_PARTIALLY, capture_amount: Math.max(1, Math.floor((payment.terms.amount * part.percent) / 100)) };
  }

  private takeBehaviour(payment: Payment): Fate | undefined {
    const { store } = this.context;
    const email = store.customers.get(payment.customer_id)?.email;
    for (const id of [`source:${payment.kind === 'stored' ? payment.source_id : ''}`, `wallet:${email ?? ''}`]) {
      const behaviour = store.behaviours.get(id);
      if (behaviour === undefined) continue;
      if (behaviour.times !== undefined && (behaviour.times -= 1) === 0) store.behaviours.remove(id);
      else store.behaviours.touch(id);
      return { outcome: behaviour.outcome, response_code: behaviour.response_code ?? (behaviour.outcome === 'decline' ? '20051' : APPROVED) };
    }
    return undefined;
  }

  private takeMoney(payment: Payment, change: PaymentChange, amount: number): void {
    const code = amount < payment.terms.amount ? APPROVED_PARTIALLY : APPROVED;
    this.change(payment, change);
    this.act(payment, { type: 'Authorization', amount: payment.terms.amount, approved: true, response_code: code });
    const action = this.act(payment, { id: payment.capture_action_id, type: 'Capture', amount, approved: true, response_code: code, reference: payment.terms.reference });
    payment.state.captured = amount;
    this.book.recordCapture(payment, action, change === 'capture_late');
    this.settleSource(payment, 'active');
    this.webhooks.emit('payment_captured', payment, action);
  }

  private fail(payment: Payment, change: PaymentChange, event: EventType, responseCode: string): void {
    const { faults, store, clock } = this.context;
    if (!isOpen(payment.state.status)) return;
    this.change(payment, change);
    const action = this.act(payment, { type: 'Authorization', amount: payment.terms.amount, approved: false, response_code: responseCode });
    this.settleSource(payment, 'void');
    this.webhooks.emit(event, payment, action);
    const late = faults.fire('late_capture', subjectOf(this.context, payment));
    if (late !== undefined) store.plan(clock.now() + late.seconds * 1000, { type: 'capture_late', payment_id: payment.id });
  }

  /** A set-up's source becomes usable with its capture and dies with its failure [A]. */
  private settleSource(payment: Payment, status: Source['status']): void {
    const source = this.context.store.sources.get(payment.source_id ?? '');
    if (source === undefined || source.setup_payment_id !== payment.id || source.status === 'revoked') return;
    source.status = status;
    this.context.store.sources.touch(source.id);
  }

  private change(payment: Payment, change: PaymentChange): PaymentState {
    const status = transition(payment.state.status, change);
    this.rememberForReaders(payment);
    payment.state.status = status;
    return payment.state;
  }
}
