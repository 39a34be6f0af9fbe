import { join } from 'node:path';
import pg from 'pg';
import { findBinaries } from './embedded.binaries.js';
import { openCluster } from './embedded.cluster.js';
import { findPlace, removeData } from './embedded.place.js';
import { claimArea, clearLeftovers, signal } from './embedded.processes.js';
import { type Postmaster, launchServer } from './embedded.server.js';

const DATABASE = 'zhouqi';
const PREFERRED_PORT = 54_329;
/** A fast stop ends sessions and writes a checkpoint; past this the next start recovers instead. */
const STOP_SECONDS = 30;

const NOT_DURABLE: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/** How the bundled PostgreSQL is started. */
export interface EmbeddedPostgresOptions {
  /** The folder that holds the data, or a pointer to it where the server cannot enter this one. */
  dataDir: string;
  /** False gives up safety against power loss for speed: for tests only. */
  durable?: boolean;
  /** The port to prefer; 0 takes any free one. */
  port?: number;
  log?: (line: string) => void;
  /** Further server settings. */
  settings?: Readonly<Record<string, string>>;
}

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** Superuser URL of the database `zhouqi`. */
  url: string;
  /** Superuser URL of the database `postgres`, for creating others. */
  adminUrl: string;
  port: number;
  /** Where the data really lives. */
  dataDir: string;
  pid: number;
  /** Settles when the server has ended, whoever ended it. */
  exited: Promise<void>;
  /** Stops the server: `fast` ends sessions and checkpoints, `immediate` leaves recovery to the next start. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Kills the server as a crash would. */
  kill(): void;
}

async function endAndWait(postmaster: Postmaster, mode: 'fast' | 'immediate'): Promise<void> {
  // Unreferenced while it serves, so that it must be held for the wait.
  postmaster.child.ref();
  if (postmaster.child.exitCode !== null || postmaster.child.signalCode !== null) return;
  signal(postmaster.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  const overdue = setTimeout(() => signal(postmaster.pid, 'SIGQUIT'), STOP_SECONDS * 1000);
  await postmaster.exited;
  clearTimeout(overdue);
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/**
 * Starts the PostgreSQL that comes with the npm packages, on the data of this folder,
 * as root or not, from any folder; makes the data first if there is none.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? ((): void => undefined);
  const durable = options.durable ?? true;
  const place = await findPlace(options.dataDir, log);
  const release = claimArea(place.area);
  let postmaster: Postmaster | undefined;
  try {
    const binaries = await findBinaries(place.account, log);
    const cluster = await openCluster(place, binaries, durable);
    await clearLeftovers(cluster.path, log);
    postmaster = await launchServer({
      postgres: binaries.postgres,
      cluster: cluster.path,
      area: place.area,
      account: place.account,
      preferredPort: options.port ?? PREFERRED_PORT,
      settings: { ...(durable ? {} : NOT_DURABLE), ...options.settings },
    });
    const server = `postgresql://postgres:${cluster.password}@127.0.0.1:${postmaster.port}`;
    await ensureDatabase(`${server}/postgres`);
    log(`PostgreSQL ${binaries.majorVersion} listens on 127.0.0.1:${postmaster.port}, data in ${cluster.path}`);
    return handleOf(postmaster, server, cluster.path, release);
  } catch (error) {
    if (postmaster !== undefined) await endAndWait(postmaster, 'fast');
    release();
    throw error;
  }
}

function handleOf(
  postmaster: Postmaster,
  server: string,
  dataDir: string,
  release: () => void,
): EmbeddedPostgres {
  const exited = postmaster.exited.then(release);
  return {
    url: `${server}/${DATABASE}`,
    adminUrl: `${server}/postgres`,
    port: postmaster.port,
    dataDir,
    pid: postmaster.pid,
    exited,
    stop: async (mode = 'fast') => {
      await endAndWait(postmaster, mode);
      await exited;
    },
    kill: () => signal(postmaster.pid, 'SIGKILL'),
  };
}

/** Deletes the data of this folder, wherever it was kept; refuses while an engine uses it. */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  await removeData(dataDir, async (area) => {
    claimArea(area);
    await clearLeftovers(join(area, 'cluster'), () => undefined);
  });
}
