import { ConfigError } from '../config/config.js';
import { createDataSource } from './data.source.js';
import { isOutage, sqlState } from './outage.js';

// Any number, as long as all replicas use the same one.
const MIGRATION_LOCK = 7_041_996;
const NOT_ALLOWED = '42501';

/** What the server says to who is nobody there, or asks for a database that it does not have. */
const NOT_KNOWN = /^(28|3D)/;

/** Applies the migrations that are missing; replicas that start together take turns. */
export async function runMigrations(url: string): Promise<string[]> {
  const dataSource = await createDataSource({ url, pool: 2, entities: [] }).initialize().catch(nameItsVariable);
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    return applied.map((migration) => migration.name);
  } catch (error) {
    if (sqlState(error) !== NOT_ALLOWED) throw error;
    throw new Error('The database lacks migrations that this role may not apply: run "migrate" as the owner of its tables.', { cause: error });
  } finally {
    await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}

/** The message may name host, role and database, never the password. */
function nameItsVariable(error: unknown): never {
  if (!isOutage(error) && !NOT_KNOWN.test(sqlState(error) ?? '')) throw error;
  const { message, code } = error as NodeJS.ErrnoException;
  // Where a name has several addresses, and none answers, there is no message.
  throw new ConfigError(`DATABASE_URL: ${(message || code) ?? 'no connection'}`, { cause: error });
}
