import { createHmac } from 'node:crypto';
import { request } from 'undici';
import { expect } from 'vitest';
import type { World } from '../support/world.js';

/** The signature key that the World gives to gateway and engine. */
export const WEBHOOK_KEY = 'whsec-of-the-test-sandbox';

export function sign(body: string | Buffer, key = WEBHOOK_KEY): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

export type Headers = Record<string, string | string[]>;

/** Posts bytes to the engine's webhook address, with exactly these headers; returns the status. */
export async function post(world: World, body: string | Buffer, headers: Headers = {}): Promise<number> {
  const { port } = world.app.getHttpServer().address() as { port: number };
  const response = await request(`http://127.0.0.1:${port}/webhooks/checkout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    // A connection that is kept may be closed from the other side just when it is used again.
    reset: true,
  });
  await response.body.dump();
  return response.statusCode;
}

/** Posts a body with a signature that fits. */
export function postSigned(world: World, body: string | Buffer | object, headers: Headers = {}): Promise<number> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return post(world, bytes, { 'cko-signature': sign(bytes), ...headers });
}

let events = 0;

/** A new event about a payment, as the gateway would tell it. */
export function eventAbout(payment: { id: string; reference?: string }, type = 'payment_captured', data: object = {}) {
  events += 1;
  return {
    id: `evt_${String(events).padStart(26, 'a')}`,
    source: 'gwc_notifier1',
    type,
    timestamp: '2026-03-01T00:00:00.000+00:00',
    version: '1.0.29',
    data: { id: payment.id, ...(payment.reference && { reference: payment.reference }), amount: 3900, currency: 'CNY', ...data },
  };
}

interface StoredEvent {
  id: string;
  type: string | null;
  outcome: string | null;
  attempts: number;
  body: string;
}

export function storedEvents(world: World): Promise<StoredEvent[]> {
  return world.database.query<StoredEvent>('select id, type, outcome, attempts, body from gateway_events order by received_at, id');
}

export async function storedEvent(world: World, id: string): Promise<StoredEvent> {
  const found = (await storedEvents(world)).filter((event) => event.id === id);
  expect(found).toHaveLength(1);
  return found[0] as StoredEvent;
}

/** Everything that money touches: a webhook that should move nothing leaves all of it as it was. */
export async function moneyOf(world: World): Promise<unknown> {
  const rows = (table: string, columns = '*') => world.database.query(`select ${columns} from ${table} t order by 1`);
  return {
    subscriptions: await rows('subscriptions'),
    invoices: await rows('invoices'),
    // When a charge was looked at, and is next, is nobody's money.
    charges: await rows('charges', "to_jsonb(t) - 'next_check_at' - 'checks' - 'updated_at' - 'gateway_request_id' as charge"),
    ledger: await rows('ledger_transactions'),
    entries: await rows('ledger_entries'),
    events: await rows('events'),
    balances: await rows('customer_balances'),
    parked: await rows('parked_rows'),
  };
}
