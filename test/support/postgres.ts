import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded.postgres.js';

/** What a test needs to make databases of its own. */
export interface TestServer {
  /** Superuser URL of the server. */
  adminUrl: string;
  /** The migrated database that others are cloned from. */
  template: string;
  /** Every database of this run begins with it, so that runs may share a server. */
  prefix: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

/** The same server, another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

/** Runs the work over one connection, and closes it whatever happens. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function openServer(): Promise<{ adminUrl: string; close: () => Promise<void> }> {
  const external = process.env['TEST_DATABASE_URL'];
  if (external) return { adminUrl: external, close: async () => undefined };
  const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-test-'));
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    port: 0,
    // Files run in parallel, each with pools of its own; the log never fills up within one run.
    settings: { max_connections: '200', max_wal_size: '4GB', checkpoint_timeout: '1h' },
  });
  const close = async (): Promise<void> => {
    await server.stop('immediate');
    await removeEmbeddedPostgres(dataDir);
  };
  return { adminUrl: server.adminUrl, close };
}

async function createTemplate(
  adminUrl: string,
  template: string,
  migrate: (url: string) => Promise<unknown>,
): Promise<void> {
  // The C locale from template0, so that results do not depend on how the server was set up.
  await withClient(adminUrl, (client) =>
    client.query(
      `CREATE DATABASE ${template} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
    ),
  );
  await migrate(urlOf(adminUrl, template));
  await withClient(adminUrl, async (client) => {
    // Cloning fails while anybody is connected to the template, so nobody may.
    await client.query(`ALTER DATABASE ${template} ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      template,
    ]);
  });
}

async function dropDatabases(adminUrl: string, prefix: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  });
}

/**
 * Opens the server of a test run, `TEST_DATABASE_URL` or an embedded one, and migrates the template once.
 * The answer's `close` drops every database of the run.
 */
export async function openTestServer(
  migrate: (url: string) => Promise<unknown>,
): Promise<TestServer & { close(): Promise<void> }> {
  const { adminUrl, close } = await openServer();
  const prefix = `zhouqi_test_${randomBytes(4).toString('hex')}_`;
  const template = `${prefix}template`;
  try {
    await createTemplate(adminUrl, template, migrate);
  } catch (error) {
    await dropDatabases(adminUrl, prefix);
    await close();
    throw error;
  }
  return {
    adminUrl,
    template,
    prefix,
    close: async () => {
      await dropDatabases(adminUrl, prefix);
      await close();
    },
  };
}
