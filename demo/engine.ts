import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../src/platform/database/embedded.ports.js';
import { removeEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';

/** The engine with its PostgreSQL and its sandbox, as processes of their own. */
export interface Engine {
  url: string;
  controlUrl: string;
  apiKey: string;
  stop(): Promise<void>;
}

interface Ready {
  url: string;
  sandbox: { url: string; controlUrl: string };
}

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** What any process needs of its surroundings; the engine's own settings must not leak in from there. */
const SURROUNDINGS = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'XDG_CACHE_HOME', 'SystemRoot', 'TEMP'];

/** Where the engine of this data folder writes what it has to say. */
export function logOf(dataDir: string): string {
  return join(dataDir, 'engine.log');
}

/** Removes what an earlier demo left in the data folder, and starts a new engine there. */
export async function startFreshEngine(dataDir: string): Promise<Engine> {
  const folder = resolve(dataDir);
  await removeEmbeddedPostgres(join(folder, 'postgres'));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const apiKey = `zq_demo_${randomBytes(18).toString('base64url')}`;
  const log = await open(logOf(folder), 'a');
  const child = fork(MAIN, {
    // Away from the project's folder: a `.env` there may lead to somebody's real books.
    cwd: folder,
    env: { ...surroundings(), ...(await settings(folder, apiKey)) },
    // A session of its own: Ctrl-C reaches the demo alone, which stops the engine in order.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  await log.close();
  const { url, sandbox } = await ready(child);
  return { url, controlUrl: sandbox.controlUrl, apiKey, stop: () => stop(child) };
}

function surroundings(): NodeJS.ProcessEnv {
  return Object.fromEntries(SURROUNDINGS.map((name) => [name, process.env[name]]));
}

async function settings(folder: string, apiKey: string): Promise<NodeJS.ProcessEnv> {
  const [port, sandboxPort, controlPort] = await threePorts();
  return {
    DATA_DIR: folder,
    HOST: '127.0.0.1',
    PORT: port,
    SANDBOX_PORT: sandboxPort,
    SANDBOX_CONTROL_PORT: controlPort,
    ZHOUQI_API_KEY: apiKey,
    LOG_LEVEL: 'warn',
    // A year in less than a minute needs more than a year of days does.
    API_RATE_LIMIT: '1000000',
    CKO_WRITES_PER_SECOND: '1000000',
    CKO_READS_PER_SECOND: '1000000',
  };
}

async function threePorts(): Promise<string[]> {
  const ports = new Set<string>();
  for await (const port of freePorts(0)) {
    if (ports.add(String(port)).size === 3) break;
  }
  return [...ports];
}

async function ready(child: ChildProcess): Promise<Ready> {
  const message = once(child, 'message').then(([said]) => said as Ready);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The engine did not start (exit code ${code}).`);
  });
  failed.catch(() => undefined);
  return Promise.race([message, failed]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
