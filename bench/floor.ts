import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { CHANNEL, type GatewayProcess } from './gateway.process.js';
import { forEachOf, paymentHeaders, type Wallet } from './wallets.js';

const CONNECTIONS = 128;
const WEBHOOKS_PER_PAYMENT = 3;

/** What the floor does besides charging: nothing, or the same look at each payment that the engine takes. */
export interface FloorOptions {
  /** Begins every reference and key, so that two floors of one run do not meet. */
  name: string;
  looks: boolean;
}

/**
 * The floor: the same calls and webhooks, bare. No database, nothing decided, nothing checked: what no
 * engine could beat with this client, this gateway and this machine. Returns seconds.
 */
export async function runFloor(gateway: GatewayProcess, wallets: readonly Wallet[], options: FloorOptions): Promise<number> {
  const pool = new Pool(gateway.url, { connections: CONNECTIONS });
  const received = countdown(wallets.length * WEBHOOKS_PER_PAYMENT);
  const looked = countdown(options.looks ? wallets.length : 0);
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end();
      received.count();
      if (!options.looks) return;
      const event = JSON.parse(Buffer.concat(chunks).toString()) as { type: string; data: { id: string } };
      if (event.type === 'payment_captured') void look(pool, event.data.id).then(looked.count);
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const { port } = receiver.address() as AddressInfo;
  await gateway.control('PATCH', '/settings', { webhook_url: `http://127.0.0.1:${port}/` });
  const start = performance.now();
  await forEachOf(wallets.length, CONNECTIONS, (i) => charge(pool, wallets[i] as Wallet, `${options.name}-${i}`));
  await Promise.all([received.done, looked.done]);
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  return seconds;
}

function countdown(from: number): { count: () => void; done: Promise<void> } {
  let left = from;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  if (left === 0) finish();
  return { done, count: () => void (--left === 0 && finish()) };
}

async function look(pool: Pool, paymentId: string): Promise<void> {
  const response = await pool.request({ method: 'GET', path: `/payments/${paymentId}`, headers: paymentHeaders('') });
  if (response.statusCode !== 200) throw new Error(`the gateway answered ${response.statusCode}`);
  await response.body.json();
}

async function charge(pool: Pool, wallet: Wallet, name: string): Promise<void> {
  const response = await pool.request({
    method: 'POST',
    path: '/payments',
    headers: paymentHeaders(name),
    body: JSON.stringify({
      source: { type: 'id', id: wallet.source },
      amount: 3900,
      currency: 'CNY',
      payment_type: 'Recurring',
      reference: name,
      merchant_initiated: true,
      processing_channel_id: CHANNEL,
      customer: { email: wallet.email },
      shipping: { address: { country: 'CN' } },
      items: [{ reference: 'recurring', name: 'Bench', unit_price: 3900, quantity: 1 }],
    }),
  });
  if (response.statusCode !== 202) throw new Error(`the gateway answered ${response.statusCode}`);
  await response.body.json();
}
