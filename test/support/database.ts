import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type TestServer, urlOf, withClient } from './postgres.js';

/** A migrated database that belongs to one test alone. */
export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** Clones the migrated template; clones may be made in parallel. */
export async function createTestDatabase(
  server: TestServer = inject('testServer'),
): Promise<TestDatabase> {
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  await withClient(server.adminUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${server.template}`),
  );
  return {
    url: urlOf(server.adminUrl, name),
    drop: async () => {
      await withClient(server.adminUrl, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      );
    },
  };
}
