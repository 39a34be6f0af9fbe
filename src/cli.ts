import 'reflect-metadata';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from './platform/database/embedded.postgres.js';
import { grantTo } from './platform/database/grants.js';
import { runMigrations } from './platform/database/migrate.js';
import { readConfig } from './startup/engine.js';

/**
 * `migrate`: applies the migrations that are missing, on the configured database or the embedded one.
 * `--grant ROLE` gives a role what the engine needs, and nothing else.
 */
async function migrate(args: string[]): Promise<void> {
  const { grant } = parseArgs({ args, options: { grant: { type: 'string' } } }).values;
  const config = readConfig();
  const { url, stop } =
    config.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
      : { url: config.DATABASE_URL, stop: async () => undefined };
  try {
    const applied = await runMigrations(url);
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
    if (grant === undefined) return;
    await grantTo(url, grant);
    console.log(`"${grant}" may do what the engine needs, and nothing else.`);
  } finally {
    await stop();
  }
}

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = { migrate };

const command = COMMANDS[process.argv[2] ?? ''];
if (!command) {
  console.error(`usage: cli ${Object.keys(COMMANDS).join(' | ')}`);
  process.exit(2);
}
try {
  await command(process.argv.slice(3));
} catch (error) {
  console.error(`zhouqi: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
