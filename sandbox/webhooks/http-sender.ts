import { Pool, type Dispatcher } from 'undici';
import type { SendResult, WebhookSender } from '../runtime/ports.js';

/** A receiver that takes longer has failed [C]. */
const TIME_LIMIT_MS = 10_000;

/** Sends webhooks over HTTP, with a connection pool for each receiver. */
export class HttpWebhookSender implements WebhookSender {
  private readonly pools = new Map<string, Pool>();
  private readonly connections: number;
  private readonly timeLimitMs: number;

  constructor(connections: number, timeLimitMs = TIME_LIMIT_MS) {
    this.connections = connections;
    this.timeLimitMs = timeLimitMs;
  }

  send(url: string, headers: Record<string, string>, body: string): Promise<SendResult> {
    const { origin, pathname, search } = new URL(url);
    const pool = this.pool(origin);
    return new Promise((resolve) => {
      let status = 0;
      let abort: ((reason: Error) => void) | undefined;
      const timer = setTimeout(() => {
        resolve({ error: 'time limit exceeded' });
        abort?.(new Error('time limit exceeded'));
      }, this.timeLimitMs);
      const finish = (result: SendResult): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: (controller) => {
          abort = (reason) => controller.abort(reason);
        },
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => finish({ status }),
        onResponseError: (_controller, error) => finish({ error: error.message }),
      };
      pool.dispatch({ path: pathname + search, method: 'POST', headers, body }, handler);
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()));
    this.pools.clear();
  }

  private pool(origin: string): Pool {
    let pool = this.pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, { connections: this.connections, headersTimeout: 0, bodyTimeout: 0 });
      this.pools.set(origin, pool);
    }
    return pool;
  }
}
