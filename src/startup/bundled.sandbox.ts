import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { type Config, ConfigError } from '../platform/config/config.js';
import type { InstallationSecret } from '../platform/crypto/secret.js';
import { refuseTakenPort } from './ports.js';

/** The sandbox gateway as a process beside the engine, and how it is reached. */
export interface BundledSandbox {
  url: string;
  controlUrl: string;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../sandbox/main.js', import.meta.url));

/** Settings with which the engine uses the bundled sandbox; the same for all replicas of an installation. */
export function sandboxSettings(config: Config, secret: InstallationSecret): Partial<Config> {
  return {
    CKO_SECRET_KEY: `sk_sbox_${secret.token('sandbox-key', 27)}`,
    CKO_API_URL: `http://127.0.0.1:${config.SANDBOX_PORT}`,
    CKO_PROCESSING_CHANNEL_ID: `pc_${secret.token('sandbox-channel', 26)}`,
    CKO_WEBHOOK_KEY: [secret.token('sandbox-webhook', 40)],
  };
}

/** Starts the sandbox, or finds the one that another replica has started on the same port. */
export async function startBundledSandbox(config: Config, settings: Partial<Config>): Promise<BundledSandbox> {
  const url = `http://127.0.0.1:${config.SANDBOX_PORT}`;
  const controlPort = config.SANDBOX_CONTROL_PORT ?? config.SANDBOX_PORT + 1;
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  if (await isSandbox(controlUrl)) {
    if (await knowsUs(url, settings)) return { url, controlUrl, stop: async () => undefined };
    throw new ConfigError(`SANDBOX_PORT: port ${config.SANDBOX_PORT} is held by the sandbox of another installation; choose another, and leave the port after it free too`);
  }
  await refuseTakenPort('SANDBOX_PORT', config.SANDBOX_PORT, '127.0.0.1');
  await refuseTakenPort(config.SANDBOX_CONTROL_PORT === undefined ? 'SANDBOX_PORT' : 'SANDBOX_CONTROL_PORT', controlPort, '127.0.0.1');
  const child = fork(MAIN, {
    env: {
      ...process.env,
      SANDBOX_PORT: String(config.SANDBOX_PORT),
      SANDBOX_CONTROL_PORT: String(controlPort),
      SANDBOX_WEBHOOK_URL: `http://127.0.0.1:${config.PORT}/webhooks/checkout`,
      SANDBOX_WEBHOOK_KEY: settings.CKO_WEBHOOK_KEY?.[0],
      SANDBOX_DATA_DIR: join(config.DATA_DIR, 'sandbox'),
      CKO_SECRET_KEY: settings.CKO_SECRET_KEY,
    },
    // A session of its own: the terminal's Ctrl-C reaches the engine, which stops the sandbox last.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await ready(child);
  let stopping = false;
  child.once('exit', (code, signal) => {
    if (!stopping) console.error(`The sandbox gateway has ended (${signal ?? code}); charges wait until it is back.`);
  });
  return {
    url,
    controlUrl,
    stop: () => {
      stopping = true;
      return stop(child);
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The sandbox gateway did not start (exit code ${code}).`);
  });
  await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function isSandbox(controlUrl: string): Promise<boolean> {
  return (await statusOf(`${controlUrl}/settings`)) === 200;
}

/** Whether it is the sandbox of this installation, which takes our key. */
async function knowsUs(url: string, { CKO_SECRET_KEY: key }: Partial<Config>): Promise<boolean> {
  const status = await statusOf(`${url}/payments?reference=nobody`, { authorization: `Bearer ${key}` });
  return status !== null && status !== 401;
}

/** Null where nobody answers. */
async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number | null> {
  try {
    const { statusCode, body } = await request(url, { headers, signal: AbortSignal.timeout(1_000) });
    await body.dump();
    return statusCode;
  } catch {
    return null;
  }
}
