import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { grantTo } from '../../src/platform/database/grants.js';
import { withClient } from './postgres.js';

/** A role that may do what the engine needs in this database, and nothing else. */
export async function createEngineRole(url: string): Promise<{ url: string; name: string; drop(): Promise<void> }> {
  const { adminUrl, prefix } = inject('testServer');
  const name = `${prefix}role_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await withClient(adminUrl, (client) => client.query(`create role ${name} login password '${password}'`));
  await grantTo(url, name);
  const asRole = new URL(url);
  Object.assign(asRole, { username: name, password });
  return { url: asRole.toString(), name, drop: () => withClient(adminUrl, async (client) => void (await client.query(`drop role ${name}`))) };
}
