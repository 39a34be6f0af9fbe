import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../src/platform/database/migrate.js';
import type { Options } from './options.js';
import type { SeedOrder, SeedReport } from './seed.process.js';

const SEED_PROCESS = fileURLToPath(new URL('seed.process.js', import.meta.url));
const TEMPLATE = 'simulation';

/** A server for simulations, with a migrated database that each seed gets a copy of. */
export interface Ground {
  /** A fresh copy of the migrated database. */
  copy(name: string): Promise<string>;
  /** A database without tables, for programs that bring migrations of their own. */
  empty(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-simulation-'));
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    port: 0,
    settings: { max_connections: '200', shared_buffers: '256MB', max_wal_size: '4GB', checkpoint_timeout: '1h', jit: 'off', autovacuum: 'off' },
  });
  const close = async (): Promise<void> => {
    await server.stop('immediate');
    await removeEmbeddedPostgres(dataDir);
  };
  try {
    await withClient(server.adminUrl, (client) => client.query(`create database ${TEMPLATE} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`));
    await runMigrations(urlOf(server.adminUrl, TEMPLATE));
  } catch (error) {
    await close();
    throw error;
  }
  // Whoever interrupts it leaves no server behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close().finally(() => process.exit(130)));
  const create = async (name: string, template: string): Promise<string> => {
    await withClient(server.adminUrl, (client) => client.query(`create database ${name} template ${template}`));
    return urlOf(server.adminUrl, name);
  };
  return { close, copy: (name) => create(name, TEMPLATE), empty: (name) => create(name, 'template0') };
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Has a process of its own live through a seed; `program` is another compilation of the same thing. */
export async function runSeedProcess(order: SeedOrder, program = SEED_PROCESS): Promise<SeedReport> {
  const child = fork(program, { execArgv: ['--max-semi-space-size=32'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(order);
  const said = once(child, 'message').then(([message]) => message as { report?: SeedReport; error?: string });
  const ended = once(child, 'exit').then(([code]): { report?: SeedReport; error?: string } => ({ error: `the process ended with ${code}` }));
  const { report, error } = await Promise.race([said, ended]);
  if (!report) throw new Error(`seed ${order.seed}: ${error}`);
  return report;
}

/** Lives through all seeds, several at once. */
export async function runSeeds(options: Options, say: (line: string) => void): Promise<{ reports: SeedReport[]; seconds: number }> {
  const began = performance.now();
  const ground = await openGround();
  const reports: SeedReport[] = [];
  const waiting = [...options.seeds];
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const { subscriptions, days, calmDays } = options;
      const databaseUrl = await ground.copy(`seed_${seed}`);
      const report = await runSeedProcess({ seed, subscriptions, days, calmDays, databaseUrl });
      reports.push(report);
      say(lineOf(report));
    }
  };
  try {
    await Promise.all(Array.from({ length: options.workers }, work));
  } finally {
    await ground.close();
  }
  return { reports: reports.sort((a, b) => a.order.seed - b.order.seed), seconds: (performance.now() - began) / 1000 };
}

function lineOf({ order, verdict, hash, seconds, crashes, cpuSeconds, steps }: SeedReport): string {
  const state = verdict.violations.length === 0 ? 'holds' : `${verdict.violations.length} VIOLATIONS`;
  return `seed ${order.seed}: ${state}, ${verdict.periods} periods, ${verdict.captures} captures, ${crashes} crashes, trace ${hash}, ${steps} steps, ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of the processor)`;
}
