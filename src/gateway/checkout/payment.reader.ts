import { decisiveCode } from '../../domain/decline.js';
import { fromGatewayAmount, isCurrency } from '../../domain/money.js';
import type { PaymentFact, RefundFact } from '../../domain/observation.js';

/**
 * Reads the gateway's JSON tolerantly: what is needed is checked, what is new is ignored, and a status
 * nobody has heard of counts as "not final yet". What moves money is read strictly: a capture without a
 * readable amount is no capture.
 */

type Json = Record<string, unknown>;

/** A payment as its body shows it. */
export interface ReadPayment {
  reference: string | null;
  fact: PaymentFact;
  /** The status, when it is none that we know. */
  unknownStatus: string | null;
  /** Minor units of what was captured that went back, or that is held for going back. */
  held: number;
}

function asObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

const LONGEST_TEXT = 500;

/** Text that every table can hold: bounded, without NUL and lone surrogates. */
function asText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return value.slice(0, LONGEST_TEXT).replaceAll(/[\0\p{Cs}]/gu, '') || null;
}

/** The gateway's words for where a payment is, and ours. Everything else is still open. */
const STATUSES: ReadonlyMap<string, PaymentFact['status']> = new Map([
  ['captured', 'captured'],
  ['partially captured', 'captured'],
  ['partially refunded', 'captured'],
  ['refunded', 'captured'],
  ['paid', 'captured'],
  ['declined', 'declined'],
  ['voided', 'canceled'],
  ['canceled', 'canceled'],
  ['expired', 'expired'],
  ['pending', 'pending'],
  ['authorized', 'pending'],
  ['requested', 'pending'],
  ['active', 'pending'],
  ['retry scheduled', 'pending'],
]);

const PAYMENT_ID = /^pay_\w{26}$/;
const SOURCE_ID = /^src_\w{26}$/;

/**
 * The payment in a body, or null when nobody can read one there. `assumed` is the currency of amounts
 * that come without one: answers to a request need not repeat what was asked.
 */
export function readPayment(body: unknown, assumed: string | null = null): ReadPayment | null {
  const payment = asObject(body);
  const id = asText(payment?.id);
  if (!payment || id === null || !PAYMENT_ID.test(id)) return null;
  const word = asText(payment.status);
  const status = STATUSES.get(word?.toLowerCase() ?? '');
  const source = asText(asObject(payment.source)?.id);
  const processing = asObject(payment.processing);
  const fact: PaymentFact = {
    payment_id: id,
    status: status ?? 'pending',
    ...readAmount(payment, assumed),
    source_id: source !== null && SOURCE_ID.test(source) ? source : null,
    redirect_url: readRedirect(payment),
    response_code: decisiveCode(readCodes(payment, processing)),
    response_summary: asText(payment.response_summary) ?? asText(processing?.partner_error_message),
  };
  if (fact.status === 'captured' && fact.amount === null) return null;
  return {
    reference: asText(payment.reference),
    fact,
    unknownStatus: status === undefined ? (word ?? '') : null,
    held: readHeld(payment, asText(payment.currency) ?? assumed),
  };
}

/** Every code by which a body says why: the gateway's own first, then the wallet's, then the gateway's word for the kind of failure. */
function readCodes(payment: Json, processing: Json | null): string[] {
  const several = processing?.partner_error_codes;
  const codes = [payment.response_code, processing?.partner_response_code, ...(Array.isArray(several) ? several : []), processing?.failure_code];
  return codes.map(asText).filter((code) => code !== null);
}

/** What is missing of the captured amount; NaN where only the status tells that something is. */
function readHeld(payment: Json, currency: string | null): number {
  const balances = asObject(payment.balances);
  const captured = inMinorUnits(balances?.total_captured ?? null, currency);
  const available = inMinorUnits(balances?.available_to_refund ?? null, currency);
  const held = captured !== null && available !== null ? captured - available : 0;
  // Balances may lag behind the status.
  return held === 0 && /refunded|returned/i.test(asText(payment.status) ?? '') ? Number.NaN : held;
}

/** Minor units as we count them. What was captured must be what was asked for, or it fits no charge at all. */
function readAmount(payment: Json, assumed: string | null): Pick<PaymentFact, 'amount' | 'currency'> {
  const currency = asText(payment.currency);
  const asked = payment.amount ?? null;
  const captured = asObject(payment.balances)?.total_captured ?? null;
  if (captured === null || captured === 0 || captured === asked) return { amount: inMinorUnits(asked, currency ?? assumed), currency };
  return { amount: asked === null ? inMinorUnits(captured, currency ?? assumed) : Number.NaN, currency };
}

/** NaN, which equals no amount of ours, for what is no amount: it must not pass for "not said". */
function inMinorUnits(reported: unknown, currency: string | null): number | null {
  if (reported === null || currency === null) return null;
  if (typeof reported !== 'number' || reported < 0 || !isCurrency(currency)) return Number.NaN;
  try {
    return fromGatewayAmount(reported, currency);
  } catch {
    return Number.NaN;
  }
}

const REDIRECT = /^https?:\/\/[\x21-\x7e]{1,2040}$/;

/** Where the customer is sent to pay. The only link we take from the gateway, and we never call it ourselves. */
function readRedirect(payment: Json): string | null {
  const href = asObject(asObject(payment._links)?.redirect)?.href;
  return typeof href === 'string' && REDIRECT.test(href) && URL.canParse(href) ? href : null;
}

/**
 * The payments of a list, or null unless it can be read wholly: a list that leaves something out must
 * never prove that a payment does not exist.
 */
export function readPaymentList(body: unknown): ReadPayment[] | null {
  const list = asObject(body);
  if (!Array.isArray(list?.data)) return null;
  const total = list.total_count;
  if (typeof total === 'number' && total > list.data.length) return null;
  const payments = list.data.map((item) => readPayment(item));
  return payments.every((payment) => payment !== null && payment.reference !== null) ? (payments as ReadPayment[]) : null;
}

type Reason = Pick<PaymentFact, 'response_code' | 'response_summary'>;

/**
 * Why a payment was declined: what the latest action says that is no approval (actions come latest first), or
 * what its body says where that weighs more. A mandate that is over is over, whatever else is said.
 */
export function readDecline(actions: readonly unknown[], body: Reason): Reason {
  const says = (action: Json | null): Reason => ({ response_code: asText(action?.response_code), response_summary: asText(action?.response_summary) });
  const reasons = [...actions.map((action) => says(asObject(action))).filter(isReason).slice(0, 1), body];
  const decisive = decisiveCode(reasons.flatMap(({ response_code: code }) => code ?? []));
  return reasons.find(({ response_code }) => response_code === decisive) ?? body;
}

function isReason({ response_code: code }: Reason): boolean {
  return code !== null && !code.startsWith('10');
}

export function readErrorCodes(body: unknown): string[] {
  const codes = asObject(body)?.error_codes;
  return Array.isArray(codes) ? codes.map(asText).filter((code) => code !== null) : [];
}

/** Whether an error says that a request with this key is being processed. */
export function isDuplicate(body: unknown): boolean {
  const error = asObject(body);
  return [asText(error?.error_type), asText(error?.message), ...readErrorCodes(body)].some((text) => text?.toLowerCase().includes('duplicate'));
}

const ACTION_ID = /^act_\w{26}$/;

export function readActionId(body: unknown): string | null {
  const id = asText(asObject(body)?.action_id);
  return id !== null && ACTION_ID.test(id) ? id : null;
}

/** The refunds among a payment's actions, and how much of what is held they do not explain. */
export function readRefunds(actions: readonly unknown[], { fact, held }: ReadPayment): Pick<PaymentFact, 'refunds' | 'refunds_hidden'> {
  const refunds = actions.map((action) => readRefund(action, fact.currency)).filter((refund) => refund !== null);
  const shown = refunds.reduce((sum, refund) => sum + (refund.status === 'declined' ? 0 : refund.amount), 0);
  return { refunds, refunds_hidden: Number.isNaN(held) ? 0 : Math.max(0, held - shown) };
}

function readRefund(item: unknown, currency: string | null): RefundFact | null {
  const action = asObject(item);
  const id = asText(action?.id);
  const type = asText(action?.type)?.toLowerCase();
  const amount = inMinorUnits(action?.amount ?? null, currency);
  if (!action || id === null || !ACTION_ID.test(id) || (type !== 'refund' && type !== 'return')) return null;
  if (amount === null || Number.isNaN(amount) || amount === 0) return null;
  const code = asText(action.response_code);
  return {
    action_id: id,
    kind: type,
    status: statusOfRefund(action.approved, code),
    amount,
    reference: asText(action.reference),
    response_code: code,
    response_summary: asText(action.response_summary),
  };
}

/** Without a result it is still being decided. */
function statusOfRefund(approved: unknown, code: string | null): RefundFact['status'] {
  if (code === null && approved !== true) return 'pending';
  return approved === true || (approved !== false && code?.startsWith('10') === true) ? 'succeeded' : 'declined';
}
