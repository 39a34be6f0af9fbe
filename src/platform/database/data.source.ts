import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { DataSource, type EntitySchema } from 'typeorm';
import { Books1764000000000 } from '../../../migrations/1764000000000-books.js';
import { LedgerAndEvents1764000000001 } from '../../../migrations/1764000000001-ledger-and-events.js';
import { Engine1764000000002 } from '../../../migrations/1764000000002-engine.js';

const MIGRATIONS = [Books1764000000000, LedgerAndEvents1764000000001, Engine1764000000002];

const INT8 = 20;
// The driver hands bigint over as text, which concatenates instead of adding. Sums here stay far below 2^53.
pg.types.setTypeParser(INT8, (value) => {
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed)) throw new RangeError(`${value} is beyond a safe integer`);
  return parsed;
});

export interface DataSourceOptions {
  url: string;
  pool: number;
  entities: EntitySchema[];
  /** Told of errors on idle connections, which would otherwise end the process. */
  onError?: (error: Error) => void;
}

export function createDataSource({ url, pool, entities, onError }: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    entities,
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    poolSize: pool,
    applicationName: 'zhouqi',
    poolErrorHandler: (error: Error) => onError?.(error),
    // Connections of a pool are checked out for milliseconds; what takes longer is stuck.
    extra: { statement_timeout: 60_000, idle_in_transaction_session_timeout: 60_000, connectionTimeoutMillis: 10_000 },
  });
}

export const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));
