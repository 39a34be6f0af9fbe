import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { request as httpRequest } from 'undici';
import { VirtualClock } from '../../sandbox/runtime/clock.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/server.js';

export const KEY = `sk_sbox_${'a'.repeat(26)}*`;
export const CHANNEL = `pc_${'b'.repeat(26)}`;
export const SIGNATURE_KEY = 'signature_key_of_the_tests';
/** For what happens by itself in real time, on a machine that may be busy. */
export const PATIENCE = { timeout: 10_000, interval: 5 };
export const START = Date.parse('2026-01-31T15:00:00.000Z');

/** What the caller sees when a connection is broken off. */
export const BROKEN = /ECONNRESET|other side closed|terminated|socket hang up|closed/;

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: any;
}

export interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  body: any;
}

/** The merchant's webhook endpoint: records everything and answers what it is told to. */
export interface Receiver {
  url: string;
  received: Received[];
  /** Status of the next answers; the last one stays. */
  statuses: number[];
  /** Types in order of arrival, of one payment if given. */
  types(paymentId?: string): string[];
  of(type: string): Received[];
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const receiver: Receiver = {
    url: '', received, statuses: [200],
    types: (paymentId) => received.filter(({ body }) => paymentId === undefined || body.data.id === paymentId).map(({ body }) => body.type as string),
    of: (type) => received.filter(({ body }) => body.type === type),
  };
  const server = createServer((message, response) => {
    let text = '';
    message.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => {
      received.push({ headers: message.headers, text, body: JSON.parse(text) });
      const status = receiver.statuses.length > 1 ? receiver.statuses.shift()! : receiver.statuses[0]!;
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  return receiver;
}

/** A sandbox on a clock that only moves when told to, with the merchant's endpoint. */
export class World {
  readonly sandbox: Sandbox;
  readonly receiver: Receiver;

  constructor(sandbox: Sandbox, receiver: Receiver) {
    this.sandbox = sandbox;
    this.receiver = receiver;
  }

  /** Lives through that many seconds, webhooks included. */
  async live(seconds: number): Promise<void> {
    await this.sandbox.gateway.advanceTo(this.sandbox.gateway.context.clock.now() + seconds * 1000);
  }

  async call(method: string, path: string, options: { body?: unknown; key?: string; headers?: Record<string, string>; raw?: string } = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...(options.key === undefined ? {} : { 'cko-idempotency-key': options.key }), ...options.headers };
    return send(this.sandbox.url + path, method, headers, options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)));
  }

  async control(method: string, path: string, body?: unknown): Promise<Answer> {
    return send(this.sandbox.controlUrl + path, method, {}, body === undefined ? undefined : JSON.stringify(body));
  }

  async arm(type: string, params: object = {}, rest: object = {}): Promise<string> {
    const answer = await this.control('POST', '/faults', { type, params, ...rest });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body.id as string;
  }

  async settings(patch: object): Promise<void> {
    const answer = await this.control('PATCH', '/settings', patch);
    if (answer.status !== 200) throw new Error(answer.text);
  }

  /** A set-up payment; not yet approved. */
  async setUp(changes: object = {}): Promise<Answer> {
    return this.call('POST', '/payments', { body: { ...redirectBody('Recurring'), ...changes } });
  }

  /** A captured set-up's source. */
  async source(email = 'li@example.com'): Promise<string> {
    const setUp = await this.setUp({ customer: { email, name: 'Li Lei' } });
    await this.control('POST', `/payments/${setUp.body.id}/approve`);
    await this.live(10);
    return setUp.body.source.id as string;
  }

  async charge(source: string, changes: object = {}, key?: string): Promise<Answer> {
    return this.call('POST', '/payments', { body: { ...storedBody(source), ...changes }, key });
  }

  /** A captured charge on a stored source. */
  async captured(changes: object = {}): Promise<string> {
    const charge = await this.charge(await this.source(), changes);
    await this.live(10);
    return charge.body.id as string;
  }

  async details(id: string): Promise<any> {
    return (await this.call('GET', `/payments/${id}`)).body;
  }

  async book(): Promise<any> {
    return (await this.control('GET', '/book')).body.currencies;
  }
}

let references = 0;
export const newReference = (): string => `REF-${(references += 1)}`;

export function redirectBody(paymentType: 'Regular' | 'Recurring'): Record<string, unknown> {
  return {
    source: { type: 'alipay_cn' }, amount: 1100, currency: 'CNY', payment_type: paymentType, reference: newReference(), processing_channel_id: CHANNEL, capture: true,
    processing: { terminal_type: 'WEB' }, customer: { email: 'li@example.com', name: 'Li Lei' }, shipping: { address: { country: 'CN' } },
    items: [{ reference: 'plan', name: 'Tea', unit_price: 1100, quantity: 1 }], metadata: { subscription: 'sub_1', period: 1 },
    success_url: 'https://shop.example/ok', failure_url: 'https://shop.example/failed',
  };
}

export function storedBody(source: string): Record<string, unknown> & { reference: string } {
  return { source: { type: 'id', id: source }, amount: 4900, currency: 'CNY', payment_type: 'Recurring', merchant_initiated: true, reference: newReference(), processing_channel_id: CHANNEL, metadata: { period: 2 } };
}

export async function send(url: string, method: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  const response = await httpRequest(url, { method: method as 'GET', headers, body });
  const text = await response.body.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.statusCode, headers: response.headers, text, body: parsed };
}

export async function startWorld(options: SandboxOptions = {}): Promise<World> {
  const receiver = await startReceiver();
  const sandbox = await startSandbox({
    clock: new VirtualClock(START), seed: 'tests', ...options,
    settings: { webhook_url: receiver.url, webhook_key: SIGNATURE_KEY, ...options.settings },
  });
  onTestFinished(() => sandbox.close());
  return new World(sandbox, receiver);
}
