import { Pool } from 'undici';
import { CHANNEL, type GatewayProcess, SECRET_KEY } from './gateway.process.js';

/** A wallet that signed up at the gateway and may be charged. */
export interface Wallet {
  email: string;
  source: string;
}

const CONCURRENCY = 32;

export function paymentHeaders(key: string): Record<string, string> {
  return {
    authorization: `Bearer ${SECRET_KEY}`,
    'content-type': 'application/json',
    'cko-idempotency-key': key,
  };
}

/** Runs `work` for 0 … count-1 with bounded concurrency. */
export async function forEachOf(count: number, concurrency: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Signs wallets up at the gateway, by redirect and approval, without telling anybody. `name` tells them apart. */
export async function openWallets(gateway: GatewayProcess, count: number, name = 'wallet'): Promise<Wallet[]> {
  const pool = new Pool(gateway.url, { connections: CONCURRENCY });
  const wallets: Wallet[] = [];
  await forEachOf(count, CONCURRENCY, async (i) => {
    const email = `${name}-${i}@example.com`;
    const response = await pool.request({
      method: 'POST',
      path: '/payments',
      headers: paymentHeaders(`open-${name}-${i}`),
      body: JSON.stringify({
        source: { type: 'alipay_cn' },
        amount: 3900,
        currency: 'CNY',
        payment_type: 'Recurring',
        reference: `open-${name}-${i}`,
        capture: true,
        processing: { terminal_type: 'WEB' },
        processing_channel_id: CHANNEL,
        success_url: 'https://shop.example/yes',
        failure_url: 'https://shop.example/no',
        customer: { email },
      }),
    });
    const payment = (await response.body.json()) as { id: string; source: { id: string } };
    await gateway.control('POST', `/payments/${payment.id}/approve`);
    wallets[i] = { email, source: payment.source.id };
  });
  await pool.close();
  while (!(await gateway.control('GET', '/idle')).idle) await new Promise((next) => setTimeout(next, 20));
  return wallets;
}
