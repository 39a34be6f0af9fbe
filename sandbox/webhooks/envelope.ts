import { stamp, type Context } from '../context.js';
import type { Action, Payment } from '../payments/model.js';
import { responseSummary } from '../payments/response-codes.js';
import { balances, paymentUrl, type Json } from '../payments/views.js';
import type { EventType } from './model.js';

/** How an event's envelope and data are made up; official samples differ between types [C]. */
interface EnvelopeForm {
  time: 'timestamp' | 'created_on';
  version: string;
  source: string;
  data: (facts: Facts) => Json;
}

interface Facts {
  context: Context;
  payment: Payment;
  action?: Action;
  now: number;
}

const early = { time: 'timestamp', version: '1.0.9', source: 'gateway' } as const;
const settled = { time: 'timestamp', version: '1.0.29', source: 'gwc_notifier1' } as const;
const reported = { time: 'created_on', version: '1.0.29', source: 'gateway' } as const;

const FORMS: Record<EventType, EnvelopeForm> = {
  payment_pending: { ...early, data: (facts) => brief(facts) },
  payment_capture_pending: { ...early, data: (facts) => ({ ...brief(facts), action_id: facts.payment.capture_action_id }) },
  payment_retry_scheduled: { ...early, data: (facts) => brief(facts) },
  payment_expired: { ...early, data: (facts) => ({ ...brief(facts), action_id: facts.action?.id }) },
  payment_canceled: { ...early, data: (facts) => ({ ...brief(facts), action_id: facts.action?.id }) },
  payment_captured: { ...settled, data: (facts) => outcome(facts) },
  payment_returned: { ...settled, data: (facts) => outcome(facts) },
  payment_declined: { ...reported, data: (facts) => decline(facts) },
  payment_refunded: { ...reported, data: (facts) => outcome(facts) },
  payment_refund_declined: { ...reported, data: (facts) => outcome(facts) },
  payment_refund_pending: { ...early, data: (facts) => refundAccepted(facts) },
};

/** The event's JSON as an object; `data` never holds a status [C]. */
export function envelope(context: Context, id: string, type: EventType, payment: Payment, action: Action | undefined): Json {
  const form = FORMS[type];
  const now = context.clock.now();
  const base = context.settings.links_base || context.publicUrl;
  const time = stamp(context, now);
  return {
    id,
    source: form.source,
    type,
    [form.time]: form.time === 'timestamp' ? `${time.slice(0, 23)}+00:00` : time,
    version: form.version,
    data: form.data({ context, payment, action, now }),
    _links: {
      self: { href: `${base}/workflows/events/${id}` },
      subject: { href: `${base}/workflows/events/subject/${payment.id}` },
      payment: { href: `${base}/payments/${payment.id}` },
      payment_actions: { href: `${base}/payments/${payment.id}/actions` },
    },
  };
}

function brief({ context, payment, now }: Facts): Json {
  return {
    id: payment.id,
    reference: payment.terms.reference,
    amount: payment.terms.amount,
    currency: payment.terms.currency,
    processed_on: stamp(context, now),
    metadata: metadataAsText(payment),
  };
}

function outcome({ context, payment, action }: Facts): Json {
  return {
    id: payment.id,
    action_id: action!.id,
    // A refund is told under its own reference when it has one [A].
    reference: action!.reference ?? payment.terms.reference,
    amount: action!.amount,
    currency: payment.terms.currency,
    processed_on: stamp(context, action!.processed_at),
    response_code: action!.response_code,
    response_summary: responseSummary(action!.response_code!),
    balances: balances(payment, payment.state),
    processing: { acquirer_transaction_id: action!.id.slice(4, 20), acquirer_reference_number: payment.id.slice(4, 27) },
    metadata: metadataAsText(payment),
    event_links: eventLinks(context, payment),
  };
}

function decline({ context, payment, action }: Facts): Json {
  const customer = context.store.customers.get(payment.customer_id)!;
  return {
    id: payment.id,
    action_id: action!.id,
    reference: payment.terms.reference,
    amount: payment.terms.amount,
    currency: payment.terms.currency,
    customer: { id: customer.id, email: customer.email, name: customer.name },
    payment_type: payment.terms.payment_type,
    processed_on: stamp(context, action!.processed_at),
    response_code: action!.response_code,
    response_summary: responseSummary(action!.response_code!),
    risk: { flagged: false, score: 0 },
    source: { id: payment.source_id, type: 'alipay_cn' },
    processing: {},
    metadata: metadataAsText(payment),
    event_links: eventLinks(context, payment),
  };
}

/** Carries neither reference nor metadata [C]. */
function refundAccepted({ context, payment, action, now }: Facts): Json {
  return { id: payment.id, action_id: action!.id, amount: action!.amount, currency: payment.terms.currency, processed_on: stamp(context, now) };
}

/** Numbers come back as text [C]. */
function metadataAsText(payment: Payment): Json {
  return Object.fromEntries(Object.entries(payment.terms.metadata ?? {}).map(([key, value]) => [key, typeof value === 'number' ? String(value) : value]));
}

function eventLinks(context: Context, payment: Payment): Json {
  const self = paymentUrl(context, payment);
  return { payment: self, payment_actions: `${self}/actions`, refund: `${self}/refunds` };
}
