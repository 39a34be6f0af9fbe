import { invalid, invalidForMethod } from '../api/replies.js';
import type { Settings } from '../settings.js';
import type { Metadata, PaymentKind, PaymentTerms, TerminalType } from './model.js';

/** A payment request that has passed the checks of form. */
export interface PaymentRequest {
  kind: PaymentKind;
  /** Stored sources only. */
  sourceId?: string;
  customer: { id?: string; email?: string; name?: string };
  terms: PaymentTerms;
}

type Body = Record<string, unknown>;

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));
const PAYMENT_TYPES: Record<string, string> = {
  regular: 'Regular', recurring: 'Recurring', moto: 'MOTO', installment: 'Installment', paylater: 'PayLater', unscheduled: 'Unscheduled',
};
const ALLOWED_TYPES: Record<PaymentKind, readonly string[]> = { redirect: ['Regular', 'Recurring'], stored: ['Recurring', 'Unscheduled'] };
const AMOUNT_MAX = 9_999_999_999;
const URL_MAX = 1024;
const REFERENCE_MAX = 80;
const METADATA_KEYS_MAX = 20;
const TEXT_MAX = 255;

const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= max;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const absent = (value: unknown): boolean => value === undefined || value === null;

/** Checks the form of `POST /payments`; throws 422 with every code that applies, the wallet's own complaints only after the API's. */
export function readPaymentRequest(body: unknown, settings: Settings): PaymentRequest {
  if (!isObject(body)) throw invalid('request_invalid');
  const kind = kindOf(body);
  const codes = [...commonErrors(body, settings), ...(kind === 'redirect' ? redirectErrors(body, settings) : [])];
  const paymentType = PAYMENT_TYPES[textOf(body['payment_type'] ?? 'Regular').toLowerCase()];
  const initiated = body['merchant_initiated'];
  if (!absent(initiated) && typeof initiated !== 'boolean') codes.push('parameter_invalid');
  // Merchant-initiated and Regular exclude each other [C]; a customer-present set-up cannot be merchant-initiated [A].
  if (paymentType === undefined || !ALLOWED_TYPES[kind].includes(paymentType) || (initiated === true && kind === 'redirect')) codes.push('payment_type_invalid');
  if (codes.length > 0) throw invalid(...new Set(codes));
  if (!isText(body['reference'], REFERENCE_MAX)) throw invalidForMethod('reference_invalid');
  return assemble(body, kind, paymentType!);
}

function kindOf(body: Body): PaymentKind {
  const source = body['source'];
  if (absent(source)) throw invalid('payment_source_required');
  if (!isObject(source)) throw invalid('source_invalid');
  if (absent(source['type'])) throw invalid('source_type_required');
  if (source['type'] === 'alipay_cn') {
    // The wallet source has no other field [C].
    if (Object.keys(source).length > 1) throw invalid('source_invalid');
    return 'redirect';
  }
  if (source['type'] !== 'id') throw invalid('payment_method_not_supported');
  if (absent(source['id'])) throw invalid('source_id_required');
  if (typeof source['id'] !== 'string' || !/^src_\w{26}$/.test(source['id'])) throw invalid('source_id_invalid');
  return 'stored';
}

function commonErrors(body: Body, settings: Settings): string[] {
  const codes: string[] = [];
  const { amount, currency } = body;
  if (absent(currency)) codes.push('currency_required');
  else if (typeof currency !== 'string' || !CURRENCIES.has(currency)) codes.push('currency_invalid');
  else if (settings.currencies.length > 0 && !settings.currencies.includes(currency)) codes.push('currency_not_supported');
  if (!amountFits(amount, textOf(currency), settings)) codes.push('amount_invalid');
  codes.push(...channelErrors(body['processing_channel_id'], settings), ...customerErrors(body['customer']));
  const country = isObject(body['shipping']) && isObject(body['shipping']['address']) ? body['shipping']['address']['country'] : undefined;
  if (!absent(country) && !/^[A-Z]{2}$/.test(textOf(country))) codes.push('address_invalid');
  // Auto-capture only; the official example writes the boolean as text [C].
  if (!absent(body['capture']) && body['capture'] !== true && body['capture'] !== 'true') codes.push('parameter_invalid');
  if (!absent(body['metadata']) && !isMetadata(body['metadata'])) codes.push('metadata_key_invalid');
  if (!absent(body['previous_payment_id']) && !isText(body['previous_payment_id'], 100)) codes.push('previous_payment_id_invalid');
  if (!absent(body['description']) && !(typeof body['description'] === 'string' && body['description'].length <= 100)) codes.push('parameter_invalid');
  if (!absent(body['items']) && !(Array.isArray(body['items']) && body['items'].every(isObject))) codes.push('parameter_invalid');
  return codes;
}

function amountFits(amount: unknown, currency: string, settings: Settings): boolean {
  if (!Number.isSafeInteger(amount)) return false;
  const minimum = Math.max(1, settings.minimum_amounts[currency] ?? 1);
  return (amount as number) >= minimum && (amount as number) <= (settings.maximum_amounts[currency] ?? AMOUNT_MAX);
}

function channelErrors(channel: unknown, settings: Settings): string[] {
  if (absent(channel)) return settings.processing_channel_required ? ['processing_channel_id_required'] : [];
  const known = settings.processing_channels;
  const fits = typeof channel === 'string' && /^pc_\w{26}$/.test(channel) && (known.length === 0 || known.includes(channel));
  return fits ? [] : ['processing_channel_id_invalid'];
}

function customerErrors(customer: unknown): string[] {
  if (absent(customer)) return [];
  if (!isObject(customer)) return ['parameter_invalid'];
  const codes: string[] = [];
  if (!absent(customer['id']) && !/^cus_\w{26}$/.test(textOf(customer['id']))) codes.push('customer_id_invalid');
  if (!absent(customer['email']) && !/^[^@\s]+@[^@\s]+$/.test(textOf(customer['email']))) codes.push('customer_email_invalid');
  return codes;
}

function isMetadata(metadata: unknown): metadata is Metadata {
  if (!isObject(metadata)) return false;
  const entries = Object.entries(metadata);
  return entries.length <= METADATA_KEYS_MAX && entries.every(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) && String(value).length <= TEXT_MAX);
}

function redirectErrors(body: Body, settings: Settings): string[] {
  const codes: string[] = [];
  const { success_url: success, failure_url: failure } = body;
  if (!absent(success) && !isReturnUrl(success)) codes.push('success_url_invalid');
  if (!absent(failure) && !isReturnUrl(failure)) codes.push('fail_url_invalid');
  if (settings.return_urls_required && absent(success)) codes.push('success_url_required');
  if (settings.return_urls_required && absent(failure)) codes.push('fail_url_invalid');
  const processing = isObject(body['processing']) ? body['processing'] : {};
  const { terminal_type: terminal, os_type: os } = processing;
  // One official example writes the terminal type in lower case [C]; both are taken.
  if (!['APP', 'WAP', 'WEB'].includes(textOf(terminal).toUpperCase())) codes.push('parameter_invalid');
  if (!absent(os) && os !== 'ANDROID' && os !== 'IOS') codes.push('parameter_invalid');
  if (absent(os) && textOf(terminal).toUpperCase() !== 'WEB') codes.push('parameter_invalid');
  return codes;
}

function isReturnUrl(value: unknown): boolean {
  // A lone surrogate cannot be written into a Location header.
  if (!isText(value, URL_MAX) || !URL.canParse(value) || /\p{Cs}/u.test(value)) return false;
  return !/^(javascript|data|vbscript|file):/i.test(new URL(value).protocol);
}

function assemble(body: Body, kind: PaymentKind, paymentType: string): PaymentRequest {
  const source = body['source'] as Body;
  const processing = isObject(body['processing']) ? body['processing'] : {};
  const customer = isObject(body['customer']) ? body['customer'] : {};
  const text = (value: unknown): string | undefined => (absent(value) ? undefined : String(value));
  return {
    kind,
    sourceId: kind === 'stored' ? String(source['id']) : undefined,
    customer: { id: text(customer['id']), email: text(customer['email']), name: text(customer['name']) },
    terms: {
      amount: body['amount'] as number,
      currency: body['currency'] as string,
      reference: body['reference'] as string,
      payment_type: paymentType,
      processing_channel_id: text(body['processing_channel_id']),
      success_url: text(body['success_url']),
      failure_url: text(body['failure_url']),
      terminal_type: text(processing['terminal_type'])?.toUpperCase() as TerminalType | undefined,
      os_type: text(processing['os_type']),
      merchant_initiated: (body['merchant_initiated'] as boolean | null | undefined) ?? undefined,
      description: text(body['description']),
      shipping: body['shipping'] ?? undefined,
      items: body['items'] ?? undefined,
      metadata: (body['metadata'] as Metadata | null | undefined) ?? undefined,
    },
  };
}
