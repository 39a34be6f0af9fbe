import 'reflect-metadata';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from './platform/config/config.js';
import { InstallationSecret } from './platform/crypto/secret.js';
import { startEmbeddedPostgres } from './platform/database/embedded.postgres.js';
import { grantTo } from './platform/database/grants.js';
import { runMigrations } from './platform/database/migrate.js';
import { accountOf, reseal } from './rotation/reseal.js';
import { readConfig } from './startup/engine.js';
import { installationSecret } from './startup/installation.js';

/**
 * `migrate`: applies the migrations that are missing, on the configured database or the embedded one.
 * `--grant ROLE` gives a role what the engine needs, and nothing else.
 */
async function migrate(args: string[]): Promise<void> {
  const { grant } = parseArgs({ args, options: { grant: { type: 'string' } } }).values;
  await onDatabase(readConfig(), async (url) => {
    const applied = await runMigrations(url);
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
    if (grant === undefined) return;
    await grantTo(url, grant);
    console.log(`"${grant}" may do what the engine needs, and nothing else.`);
  });
}

/** `reseal`: seals with the first value of `ZHOUQI_SECRET` what the others have sealed. The engines go on meanwhile. */
async function resealAll(): Promise<void> {
  const config = readConfig();
  const [current, ...replaced] = config.ZHOUQI_SECRET ?? [await installationSecret(config.DATA_DIR)];
  await onDatabase(config, async (url) => {
    const done = await reseal(url, new InstallationSecret([current as string, ...replaced]));
    console.log(accountOf(done));
    if (done.unreadable.length > 0) process.exitCode = 1;
  });
}

/** The configured database, or the embedded one while it is needed. */
async function onDatabase(config: Config, work: (url: string) => Promise<void>): Promise<void> {
  const { url, stop } =
    config.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
      : { url: config.DATABASE_URL, stop: async () => undefined };
  try {
    await work(url);
  } finally {
    await stop();
  }
}

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = { migrate, reseal: resealAll };

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
