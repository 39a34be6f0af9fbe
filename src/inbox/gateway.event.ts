import { createHash } from 'node:crypto';
import type { Charge } from '../domain/charge.js';

/** One webhook of the gateway as it is kept: the body as it came, but for names of wallets, and what finds its payment. */
export interface GatewayEvent {
  id: string;
  type: string | null;
  payment_id: string | null;
  reference: string | null;
  body: string;
  received_at: Date;
  attempts: number;
  next_attempt_at: Date | null;
  outcome: 'settled' | 'nothing_new' | 'foreign' | 'orphan' | 'unreadable' | 'parked' | null;
  processed_at: Date | null;
}

/** What an event says, before it is known when it came. */
export type Reading = Pick<GatewayEvent, 'id' | 'type' | 'payment_id' | 'reference' | 'body' | 'outcome'>;

const EVENT_ID = /^evt_\w{1,64}$/;
const PAYMENT_ID = /^pay_\w{26}$/;

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown, shape: RegExp): string | null {
  return typeof value === 'string' && shape.test(value) ? value : null;
}

/** PostgreSQL takes no NUL, and sets are joined by separators; genuine events hold neither. */
const UNSTORABLE = ['\0', '\u001e', '\u001f'];

/** The gateway's names of wallets move money, and nobody needs them here: the payment is asked for. */
const WALLET = /src_\w+/g;

/** Reads what is needed from a signed body. Garbage is kept too, under a name made of its bytes. */
export function readGatewayEvent(body: Buffer): Reading {
  const raw = UNSTORABLE.reduce((text, character) => text.replaceAll(character, '\uFFFD'), body.toString('utf8'));
  let parsed: Record<string, unknown> = {};
  try {
    parsed = object(JSON.parse(raw));
  } catch {
    // Not JSON: kept as it is, for whoever wonders what it was.
  }
  const data = object(parsed.data);
  const id = text(parsed.id, EVENT_ID);
  const paymentId = text(data.id, PAYMENT_ID);
  const type = text(parsed.type, /^[\w.]{1,100}$/);
  // An event under a strange name is still a hint; one that names no payment is none.
  const outcome = paymentId === null ? 'unreadable' : bringsNews(type) ? null : 'nothing_new';
  return {
    id: id ?? `sha256:${createHash('sha256').update(body).digest('hex')}`,
    type,
    payment_id: paymentId,
    reference: text(data.reference, /^[\x20-\x7e]{1,80}$/),
    body: raw.replace(WALLET, 'src_[redacted]'),
    outcome,
  };
}

/** Types that bring nothing we do not know: the payment was taken, and its capture is on the way. */
const EARLY_TYPES: ReadonlySet<string> = new Set(['payment_pending', 'payment_capture_pending', 'payment_approved']);

/** Whether the event may say more than "it is pending", which we know from the answer. */
function bringsNews(type: string | null): boolean {
  return type === null || !EARLY_TYPES.has(type);
}

/** What is to be known of a charge to tell whether an event says more. */
export type KnownCharge = Pick<Charge, 'id' | 'status' | 'reference' | 'gateway_payment_id'>;

/** What is captured can only be given back; every other event about that payment comes late. */
export function isOldNews(event: Pick<GatewayEvent, 'type' | 'payment_id'>, charge: KnownCharge): boolean {
  // Another payment under our reference would be money taken twice: always looked at.
  const same = charge.gateway_payment_id === event.payment_id;
  return same && charge.status === 'captured' && event.type !== null && !tellsOfRefund(event.type);
}

/** Whether the event is about money that goes back, which the payment's details alone need not show. */
export function tellsOfRefund(type: string): boolean {
  return /refund|return/.test(type);
}
