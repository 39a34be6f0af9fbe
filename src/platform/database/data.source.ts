import pg from 'pg';
import { DataSource, type EntitySchema } from 'typeorm';
import { Selling1764000000000 } from '../../../migrations/1764000000000-selling.js';
import { Collecting1764000000001 } from '../../../migrations/1764000000001-collecting.js';
import { LedgerAndEvents1764000000002 } from '../../../migrations/1764000000002-ledger-and-events.js';
import { Coherence1764000000004 } from '../../../migrations/1764000000004-coherence.js';
import { Continuity1764000000005 } from '../../../migrations/1764000000005-continuity.js';
import { Reconciliation1764000000007 } from '../../../migrations/1764000000007-reconciliation.js';
import { Dunning1764000000008 } from '../../../migrations/1764000000008-dunning.js';
import { RenewalNotices1764000000009 } from '../../../migrations/1764000000009-renewal-notices.js';
import { Messages1764000000010 } from '../../../migrations/1764000000010-messages.js';
import { Webhooks1764000000011 } from '../../../migrations/1764000000011-webhooks.js';
import { Access1764000000012 } from '../../../migrations/1764000000012-access.js';
import { Lists1764000000014 } from '../../../migrations/1764000000014-lists.js';
import { Engine1764000000003 } from '../../../migrations/1764000000003-engine.js';

const MIGRATIONS = [
  Selling1764000000000, Collecting1764000000001, LedgerAndEvents1764000000002, Engine1764000000003,
  Coherence1764000000004, Continuity1764000000005, Reconciliation1764000000007, Dunning1764000000008, RenewalNotices1764000000009,
  Messages1764000000010, Webhooks1764000000011, Access1764000000012, Lists1764000000014,
];

const INT8 = 20;
// The driver hands bigint over as text, which concatenates instead of adding. Sums here stay far below 2^53.
pg.types.setTypeParser(INT8, (value) => {
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed)) throw new RangeError(`${value} is beyond a safe integer`);
  return parsed;
});

const TIMESTAMPTZ = 1184;
// Every session is in UTC, so the text has one shape, and the general parser's care would only cost.
pg.types.setTypeParser(TIMESTAMPTZ, (value) => new Date(`${value.slice(0, 10)}T${value.slice(11)}:00`));

export interface DataSourceOptions {
  url: string;
  pool: number;
  entities: EntitySchema[];
  /** How long (ms) an answer may take before the connection counts as dead; longer than any statement may run. */
  patience?: number;
  /** Told of errors on idle connections, which would otherwise end the process. */
  onError?: (error: Error) => void;
}

const PATIENCE_MS = 70_000;

/**
 * Pool and library each listen while the connection is theirs; between the two, and after the first of several
 * errors, nobody would, and the process would end. Whoever uses it hears of its end from his statement.
 */
function hearOfItsEnd(client: pg.Client): void {
  client.on('error', () => undefined);
}

export function createDataSource({ url, pool, entities, patience = PATIENCE_MS, onError }: DataSourceOptions): DataSource {
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
    extra: {
      // Statements that are asked together are sent together.
      pipeline: true,
      options: '-c timezone=UTC -c datestyle=ISO -c jit=off',
      statement_timeout: 60_000, idle_in_transaction_session_timeout: 60_000, connectionTimeoutMillis: 10_000,
      // The server cannot end a statement whose connection has silently gone.
      query_timeout: patience, keepAlive: true, keepAliveInitialDelayMillis: 10_000,
      // A connection knows its statements and their plans: a lull must not cost them.
      idleTimeoutMillis: 300_000,
      onConnect: hearOfItsEnd,
    },
  });
}
