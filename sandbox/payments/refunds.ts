import { actionNotAllowed, invalid, Refusal } from '../api/replies.js';
import { subjectOf, type Context } from '../context.js';
import type { Book } from './book.js';
import type { Action, Metadata, Payment } from './model.js';
import type { Announcer, Settlement } from './settlement.js';
import { isPaid, transition } from './transitions.js';

const DAY_MS = 86_400_000;
const REFERENCE_MAX = 80;
/** What a refund is declined with when the money is no longer there [C code]. */
const INSUFFICIENT = '50003';

/** Refunds: accepted at once, decided later. All amounts in minor units. */
export class Refunds {
  private readonly context: Context;
  private readonly settlement: Settlement;
  private readonly webhooks: Announcer;
  private readonly book: Book;

  constructor(context: Context, settlement: Settlement, webhooks: Announcer, book: Book) {
    this.context = context;
    this.settlement = settlement;
    this.webhooks = webhooks;
    this.book = book;
  }

  /** Accepts a refund of `body.amount`, or of all that is left; throws the refusal. */
  request(payment: Payment, body: unknown): Action {
    const { faults, store, clock, random, settings } = this.context;
    const wanted = readRefund(body);
    const subject = { ...subjectOf(this.context, payment), operation: 'refund' as const };
    if (!isPaid(payment.state.status) && !(payment.state.status === 'Refunded')) throw actionNotAllowed();
    const age = clock.now() - payment.requested_at;
    if (age > settings.refund_window_days * DAY_MS || faults.fire('refund_window_closed', subject) !== undefined) throw actionNotAllowed();
    const reserves = faults.fire('refund_unreserved', subject) === undefined;
    const { captured, refunded, refunding } = payment.state;
    const available = captured - refunded - (reserves ? refunding : 0);
    const amount = wanted.amount ?? available;
    const beyond = amount > available || available <= 0;
    const excess = beyond && faults.fire('refund_excess', subject) !== undefined;
    if (beyond && !excess) throw settings.refund_excess_status === 403 ? actionNotAllowed() : new Refusal(422, 'request_invalid', ['amount_exceeds_balance']);
    this.settlement.rememberForReaders(payment, true);
    const action = this.settlement.act(payment, { type: 'Refund', amount, reference: wanted.reference, metadata: wanted.metadata, ...(excess ? { excess } : {}) });
    payment.state.refunding += amount;
    this.webhooks.emit('payment_refund_pending', payment, action);
    const slow = faults.fire('refund_slow', subject);
    const delay = slow === undefined ? random.delay(settings.refund_delay_ms) : slow.seconds * 1000;
    store.plan(clock.now() + delay, { type: 'settle_refund', payment_id: payment.id, action_id: action.id });
    return action;
  }

  /** Gives the refund its result. */
  settle(payment: Payment, actionId: string): void {
    const action = payment.actions.find(({ id }) => id === actionId);
    if (action === undefined || action.approved !== undefined) return;
    const { faults, clock } = this.context;
    const subject = { ...subjectOf(this.context, payment), operation: 'refund' as const };
    this.settlement.rememberForReaders(payment, true);
    payment.state.refunding -= action.amount;
    action.processed_at = clock.now();
    const declined = faults.fire('refund_declined', subject)?.response_code ?? this.shortage(payment, action);
    if (declined !== undefined) {
      action.approved = false;
      action.response_code = declined;
      return this.webhooks.emit('payment_refund_declined', payment, action);
    }
    action.approved = true;
    action.response_code = '10000';
    payment.state.refunded += action.amount;
    if (action.amount > 0) {
      payment.state.status = transition(payment.state.status, payment.state.refunded >= payment.state.captured ? 'refund_fully' : 'refund_partially');
    }
    this.book.recordRefund(payment, action, 'refund');
    this.webhooks.emit('payment_refunded', payment, action);
  }

  /** An accepted excess is paid out only where the fault asked for it at the request. */
  private shortage(payment: Payment, action: Action): string | undefined {
    const { captured, refunded } = payment.state;
    return action.amount > captured - refunded && action.excess !== true ? INSUFFICIENT : undefined;
  }
}

function readRefund(body: unknown): { amount?: number; reference?: string; metadata?: Metadata } {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('request_invalid');
  const { amount, reference, metadata } = body as Record<string, unknown>;
  if (amount !== undefined && amount !== null && !(Number.isSafeInteger(amount) && (amount as number) >= 0)) throw invalid('amount_invalid');
  if (reference !== undefined && reference !== null && !(typeof reference === 'string' && reference.length <= REFERENCE_MAX)) throw invalid('reference_invalid');
  return {
    amount: (amount as number | null | undefined) ?? undefined,
    reference: reference ?? undefined,
    metadata: (metadata as Metadata | null | undefined) ?? undefined,
  };
}
