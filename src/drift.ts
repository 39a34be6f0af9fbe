import 'reflect-metadata';
import { createDataSource } from './platform/database/data.source.js';
import { startEmbeddedPostgres, removeEmbeddedPostgres } from './platform/database/embedded.postgres.js';
import { runMigrations } from './platform/database/migrate.js';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TABLES } from './tables.js';

/**
 * Compares the columns that the code knows with those that the migrations make. Indexes, checks and
 * triggers belong to the migrations alone, so only what touches a column or a table counts as drift.
 */
const COLUMN_CHANGES = /^(CREATE TABLE|DROP TABLE|ALTER TABLE \S+ (ADD|DROP|ALTER|RENAME) (?!CONSTRAINT))/;

const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-drift-'));
const postgres = await startEmbeddedPostgres({ dataDir, durable: false, port: 0 });
let drift: string[] = [];
try {
  await runMigrations(postgres.url);
  const dataSource = await createDataSource({ url: postgres.url, pool: 2, entities: TABLES }).initialize();
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  drift = upQueries.map(({ query }) => query).filter((query) => COLUMN_CHANGES.test(query));
  await dataSource.destroy();
} finally {
  await postgres.stop('immediate');
  await removeEmbeddedPostgres(dataDir);
}
if (drift.length > 0) {
  console.error(`The code's columns differ from what the migrations make:\n${drift.join('\n')}`);
  process.exit(1);
}
console.log(`No drift: ${TABLES.length} tables agree with the migrations.`);
