import { fromGatewayAmount, isCurrency } from '../../domain/money.js';
import type { PaymentFact } from '../../domain/settlement.js';
import type { FoundPayment } from '../gateway.port.js';

/**
 * Reads the gateway's JSON tolerantly: what is needed is checked, what is new is ignored, and a status
 * nobody has heard of counts as "not final yet".
 */

type Json = Record<string, unknown>;

export function asObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The gateway's words for where a payment is, and ours. Everything else is still open. */
const STATUSES: Record<string, PaymentFact['status']> = {
  captured: 'captured',
  'partially captured': 'captured',
  'partially refunded': 'captured',
  refunded: 'captured',
  paid: 'captured',
  declined: 'declined',
  voided: 'canceled',
  canceled: 'canceled',
  expired: 'expired',
  pending: 'pending',
  authorized: 'pending',
  requested: 'pending',
  active: 'pending',
  'retry scheduled': 'pending',
};

export function isKnownStatus(status: string | null): boolean {
  return status !== null && status.toLowerCase() in STATUSES;
}

const PAYMENT_ID = /^pay_\w{26}$/;
const SOURCE_ID = /^src_\w{26}$/;

/** The fact in a payment body, or null when it is no payment at all. */
export function readPayment(body: unknown): { reference: string | null; fact: PaymentFact } | null {
  const payment = asObject(body);
  const id = asText(payment?.id);
  if (!payment || id === null || !PAYMENT_ID.test(id)) return null;
  const source = asText(asObject(payment.source)?.id);
  const processing = asObject(payment.processing);
  return {
    reference: asText(payment.reference),
    fact: {
      payment_id: id,
      status: STATUSES[asText(payment.status)?.toLowerCase() ?? ''] ?? 'pending',
      ...readAmount(payment),
      source_id: source !== null && SOURCE_ID.test(source) ? source : null,
      redirect_url: readRedirect(payment),
      response_code: asText(payment.response_code) ?? asText(processing?.partner_response_code),
      response_summary: asText(payment.response_summary) ?? asText(processing?.partner_error_message),
    },
  };
}

/** Minor units as we count them; what was captured counts more than what was asked for. */
function readAmount(payment: Json): Pick<PaymentFact, 'amount' | 'currency'> {
  const currency = asText(payment.currency);
  const captured = asObject(payment.balances)?.total_captured;
  const reported = typeof captured === 'number' && captured > 0 ? captured : payment.amount;
  if (typeof reported !== 'number' || !Number.isSafeInteger(reported) || reported < 0) return { amount: null, currency };
  if (currency === null || !isCurrency(currency)) return { amount: reported, currency };
  return { amount: fromGatewayAmount(reported, currency), currency };
}

/** Where the customer is sent to pay. The only link we take from the gateway, and we never call it ourselves. */
function readRedirect(payment: Json): string | null {
  const href = asText(asObject(asObject(payment._links)?.redirect)?.href);
  return href !== null && /^https?:\/\//.test(href) && href.length <= 2048 ? href : null;
}

export function readPaymentList(body: unknown, requestId: string | null): FoundPayment[] | null {
  const data = asObject(body)?.data;
  if (!Array.isArray(data)) return null;
  return data.map(readPayment).filter((found) => found !== null).map((found) => ({ ...found, requestId }));
}

/** The code of the latest action that says why: actions come latest first. */
export function readDeclineCode(body: unknown): { code: string; summary: string | null } | null {
  if (!Array.isArray(body)) return null;
  for (const item of body) {
    const action = asObject(item);
    const code = asText(action?.response_code);
    if (action && code !== null && !code.startsWith('10')) return { code, summary: asText(action.response_summary) };
  }
  return null;
}

export function readErrorCodes(body: unknown): string[] {
  const codes = asObject(body)?.error_codes;
  return Array.isArray(codes) ? codes.filter((code): code is string => typeof code === 'string') : [];
}
