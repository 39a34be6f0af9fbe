import { subjectOf, type Context } from '../context.js';
import type { Operation } from '../faults/fault.js';
import type { Intake } from '../payments/intake.js';
import type { Payment } from '../payments/model.js';
import type { Refunds } from '../payments/refunds.js';
import { actionsView, detailsView, paymentUrl, type Json } from '../payments/views.js';
import type { HttpReply } from '../runtime/ports.js';
import type { Call } from './call.js';
import { actionNotAllowed, invalid, notFound, reply } from './replies.js';
import type { Workflows } from './workflows.js';

const LIST_LIMIT = 10;
const LIST_LIMIT_MAX = 100;

/** The operations of the API behind authentication; each throws its refusal. */
export class Operations {
  private readonly context: Context;
  private readonly intake: Intake;
  private readonly refunds: Refunds;
  private readonly workflows: Workflows;

  constructor(context: Context, parts: { intake: Intake; refunds: Refunds; workflows: Workflows }) {
    this.context = context;
    this.intake = parts.intake;
    this.refunds = parts.refunds;
    this.workflows = parts.workflows;
  }

  perform(call: Call): HttpReply | Promise<HttpReply> {
    const { route, requestId } = call;
    switch (route.name) {
      case 'payment':
        return this.intake.accept(requestId, call.json);
      case 'details':
        return reply(requestId, 200, this.bent(detailsView(this.context, this.visible(route.id)), this.visible(route.id), 'details'));
      case 'actions':
        return reply(requestId, 200, actionsView(this.context, this.visible(route.id)));
      case 'list':
        return reply(requestId, 200, this.list(new URLSearchParams(call.request.query)));
      case 'refund':
        return this.refund(requestId, this.visible(route.id), call.json);
      case 'modify':
        this.visible(route.id);
        throw actionNotAllowed();
      case 'events':
        return this.workflows.answer(requestId, route.id, route.writes);
      default:
        throw notFound();
    }
  }

  /** The payment by `pay_…` or `sid_…`, once it can be seen. */
  private visible(id: string): Payment {
    const payment = this.context.store.findPayment(id);
    if (payment === undefined || payment.visible_at > this.context.clock.now()) throw notFound();
    return payment;
  }

  private list(query: URLSearchParams): Json {
    const reference = query.get('reference');
    const limit = Number(query.get('limit') ?? LIST_LIMIT);
    const skip = Number(query.get('skip') ?? 0);
    if (reference === null || reference === '') throw invalid('reference_invalid');
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIST_LIMIT_MAX) throw invalid('limit_invalid');
    if (!Number.isSafeInteger(skip) || skip < 0) throw invalid('skip_invalid');
    const { store, clock, faults } = this.context;
    const now = clock.now();
    const empty = faults.fire('list_empty', { operation: 'list', reference }) !== undefined;
    const found = empty ? [] : store.paymentsByReference(reference).filter(({ listed_at: listedAt }) => listedAt <= now).toReversed();
    const page = found.slice(skip, skip + limit).map((payment) => this.bent(detailsView(this.context, payment), payment, 'list'));
    return { limit, skip, total_count: found.length, data: page };
  }

  private refund(requestId: string, payment: Payment, body: unknown): HttpReply {
    const action = this.refunds.request(payment, body);
    return reply(requestId, 202, { action_id: action.id, reference: action.reference, _links: { payment: { href: paymentUrl(this.context, payment) } } });
  }

  /** Details as a fault may misstate them. */
  private bent(view: Json, payment: Payment, operation: Operation): Json {
    const { faults } = this.context;
    const subject = { ...subjectOf(this.context, payment), operation };
    const amount = faults.fire('details_amount_mismatch', subject);
    if (amount !== undefined) view['amount'] = payment.terms.amount + amount.difference;
    const currency = faults.fire('details_currency_mismatch', subject);
    if (currency !== undefined) view['currency'] = currency.currency;
    const status = faults.fire('details_unknown_status', subject);
    if (status !== undefined) view['status'] = status.status;
    return view;
  }
}
