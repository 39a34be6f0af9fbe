import 'reflect-metadata';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './platform/database/embedded.postgres.js';
import { runMigrations } from './platform/database/migrate.js';
import { readConfig } from './startup/engine.js';

/** `migrate`: applies the migrations that are missing, on the configured database or the embedded one. */
async function migrate(): Promise<void> {
  const config = readConfig();
  const postgres =
    config.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
      : null;
  try {
    const applied = await runMigrations(postgres?.url ?? (config.DATABASE_URL as string));
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
  } finally {
    await postgres?.stop();
  }
}

const COMMANDS: Record<string, () => Promise<void>> = { migrate };

const command = COMMANDS[process.argv[2] ?? ''];
if (!command) {
  console.error(`usage: cli ${Object.keys(COMMANDS).join(' | ')}`);
  process.exit(2);
}
try {
  await command();
} catch (error) {
  console.error(`zhouqi: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
