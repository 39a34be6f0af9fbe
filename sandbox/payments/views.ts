import { stamp, type Context } from '../context.js';
import type { Action, Payment, PaymentState } from './model.js';
import { partnerResult, responseSummary } from './response-codes.js';
import { isPaid } from './transitions.js';

export type Json = Record<string, unknown>;

/** What readers see of a payment now: a lag may still show the state before the last change. */
export function seenState(context: Context, payment: Payment): PaymentState {
  const { lagging } = payment;
  return lagging !== undefined && lagging.until > context.clock.now() ? lagging.state : payment.state;
}

/** Balances in minor units; open refunds are no longer available. */
export function balances(payment: Payment, state: PaymentState): Json {
  return {
    total_authorized: state.captured > 0 ? payment.terms.amount : 0,
    total_voided: 0,
    available_to_void: 0,
    total_captured: state.captured,
    available_to_capture: 0,
    total_refunded: state.refunded,
    available_to_refund: Math.max(0, state.captured - state.refunded - state.refunding),
  };
}

export function paymentUrl(context: Context, payment: Payment): string {
  return `${context.settings.links_base || context.publicUrl}/payments/${payment.id}`;
}

function customerView(context: Context, payment: Payment): Json {
  const customer = context.store.customers.get(payment.customer_id)!;
  return { id: customer.id, email: customer.email, name: customer.name };
}

/** Body of the 202: the source is told before anybody approved anything [C]. */
export function acceptedView(context: Context, payment: Payment): Json {
  const links: Json = { self: { href: paymentUrl(context, payment) } };
  if (payment.sid !== undefined) links['redirect'] = { href: `${context.publicUrl}/pay/${payment.sid}` };
  return {
    id: payment.id,
    status: 'Pending',
    reference: payment.terms.reference,
    customer: customerView(context, payment),
    ...(payment.source_id === undefined ? {} : { source: { id: payment.source_id, type: 'alipay_cn' } }),
    _links: links,
  };
}

/** Body of a 201 with an immediate decline. */
export function declinedView(context: Context, payment: Payment): Json {
  const action = payment.actions[0]!;
  return {
    id: payment.id,
    action_id: action.id,
    amount: payment.terms.amount,
    currency: payment.terms.currency,
    approved: false,
    status: 'Declined',
    response_code: action.response_code,
    response_summary: responseSummary(action.response_code!),
    reference: payment.terms.reference,
    processed_on: stamp(context, action.processed_at),
    customer: customerView(context, payment),
    ...(payment.source_id === undefined ? {} : { source: { id: payment.source_id, type: 'alipay_cn' } }),
    _links: { self: { href: paymentUrl(context, payment) }, actions: { href: `${paymentUrl(context, payment)}/actions` } },
  };
}

/** Body of `GET /payments/{id}`; the decline's reason stands in `processing`, not at the top [C]. */
export function detailsView(context: Context, payment: Payment): Json {
  const state = seenState(context, payment);
  const { terms } = payment;
  const self = paymentUrl(context, payment);
  const paid = isPaid(state.status) || state.status === 'Refunded';
  const links: Json = { self: { href: self }, actions: { href: `${self}/actions` } };
  if (isPaid(state.status)) links['refund'] = { href: `${self}/refunds` };
  if (payment.sid !== undefined && state.status === 'Pending') links['redirect'] = { href: `${context.publicUrl}/pay/${payment.sid}` };
  return {
    id: payment.id,
    requested_on: stamp(context, payment.requested_at),
    source: payment.source_id === undefined ? { type: 'alipay_cn' } : { id: payment.source_id, type: 'alipay_cn' },
    ...(payment.sid === undefined ? {} : { expires_on: stamp(context, payment.expires_at!) }),
    items: terms.items,
    amount: terms.amount,
    currency: terms.currency,
    payment_type: terms.payment_type,
    merchant_initiated: terms.merchant_initiated,
    reference: terms.reference,
    description: terms.description,
    status: state.status,
    approved: paid,
    balances: balances(payment, state),
    customer: customerView(context, payment),
    shipping: terms.shipping,
    metadata: terms.metadata ?? {},
    processing_channel_id: terms.processing_channel_id,
    processing: processingView(payment, state),
    _links: links,
  };
}

function processingView(payment: Payment, state: PaymentState): Json {
  const partner: Json = { partner_payment_id: `2${payment.id.slice(4, 24)}`, partner_status: partnerStatus(state) };
  const last = payment.actions[state.actions - 1];
  if (last?.type !== 'Authorization' || last.approved !== false) return partner;
  const result = partnerResult(last.response_code!);
  return {
    ...partner,
    partner_error_codes: [result],
    partner_error_message: responseSummary(last.response_code!),
    partner_response_code: result,
    failure_code: last.response_code,
  };
}

function partnerStatus(state: PaymentState): string {
  if (state.captured > 0) return 'SUCCESS';
  return state.actions > 0 ? 'FAIL' : 'PROCESSING';
}

/** Body of `GET /payments/{id}/actions`, latest first; empty while nothing was decided [A]. */
export function actionsView(context: Context, payment: Payment): Json[] {
  const seen = payment.actions.slice(0, seenState(context, payment).actions);
  const hidden = context.settings.pending_refund_action === 'hidden';
  return seen.filter((action) => !(hidden && action.approved === undefined)).toReversed().map((action) => actionView(context, action));
}

function actionView(context: Context, action: Action): Json {
  return {
    id: action.id,
    type: action.type,
    processed_on: stamp(context, action.processed_at),
    amount: action.amount,
    ...(action.approved === undefined ? {} : { approved: action.approved, response_code: action.response_code, response_summary: responseSummary(action.response_code!) }),
    reference: action.reference,
    metadata: action.metadata ?? {},
  };
}
