import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

const MAIN = fileURLToPath(new URL('../sandbox/main.js', import.meta.url));
export const SECRET_KEY = `sk_sbox_${'b'.repeat(27)}`;
export const CHANNEL = `pc_${'b'.repeat(26)}`;
export const WEBHOOK_KEY = 'bench-webhook-key';

/** The sandbox in a process of its own: it costs the engine and the floor the same. */
export interface GatewayProcess {
  url: string;
  control(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<any>;
  stop(): Promise<void>;
}

export async function startGateway(): Promise<GatewayProcess> {
  const child: ChildProcess = fork(MAIN, {
    env: {
      ...process.env,
      SANDBOX_PORT: '0',
      SANDBOX_CONTROL_PORT: '0',
      SANDBOX_WEBHOOK_KEY: WEBHOOK_KEY,
      SANDBOX_SETTINGS: JSON.stringify({ preset: 'fast' }),
      CKO_SECRET_KEY: SECRET_KEY,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url, controlUrl }] = (await once(child, 'message')) as [{ url: string; controlUrl: string }];
  const controls = new Pool(controlUrl, { connections: 32 });
  return {
    url,
    async control(method, path, body) {
      const response = await controls.request({
        method,
        path,
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${await response.body.text()}`);
      return response.body.json().catch(() => ({}));
    },
    async stop() {
      await controls.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
