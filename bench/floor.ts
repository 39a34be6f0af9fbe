import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { CHANNEL, type GatewayProcess } from './gateway.process.js';
import { forEachOf, paymentHeaders, type Wallet } from './wallets.js';

const CONNECTIONS = 128;
const WEBHOOKS_PER_PAYMENT = 3;

/**
 * The floor: the same number of charges and of webhooks, bare. No database, no look-ups, nothing decided:
 * what no engine could beat with this client, this gateway and this machine. Returns seconds.
 */
export async function runFloor(gateway: GatewayProcess, wallets: readonly Wallet[]): Promise<number> {
  let received = 0;
  let complete: () => void = () => undefined;
  const all = new Promise<void>((done) => (complete = done));
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => {
      response.end();
      received += 1;
      if (received === wallets.length * WEBHOOKS_PER_PAYMENT) complete();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const { port } = receiver.address() as AddressInfo;
  await gateway.control('PATCH', '/settings', { webhook_url: `http://127.0.0.1:${port}/` });
  const pool = new Pool(gateway.url, { connections: CONNECTIONS });
  const start = performance.now();
  await forEachOf(wallets.length, CONNECTIONS, async (i) => {
    const response = await pool.request({
      method: 'POST',
      path: '/payments',
      headers: paymentHeaders(`floor-${i}`),
      body: JSON.stringify({
        source: { type: 'id', id: wallets[i]?.source },
        amount: 3900,
        currency: 'CNY',
        payment_type: 'Recurring',
        reference: `floor-${i}`,
        merchant_initiated: true,
        processing_channel_id: CHANNEL,
        customer: { email: wallets[i]?.email },
        shipping: { address: { country: 'CN' } },
        items: [{ reference: 'recurring', name: 'Bench', unit_price: 3900, quantity: 1 }],
      }),
    });
    if (response.statusCode !== 202) throw new Error(`the gateway answered ${response.statusCode}`);
    await response.body.json();
  });
  await all;
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  return seconds;
}
