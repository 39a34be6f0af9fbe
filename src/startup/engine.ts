import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ApiKeys } from '../access/api.keys.js';
import { Continuity } from '../continuity/continuity.js';
import { Config, loadConfig, usesBundledSandbox, warningsOf } from '../platform/config/config.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { startEmbeddedPostgres } from '../platform/database/embedded.postgres.js';
import { runMigrations } from '../platform/database/migrate.js';
import { startTracing } from '../platform/telemetry/traces.js';
import { createApp } from './app.js';
import { sandboxSettings, startBundledSandbox } from './bundled.sandbox.js';
import { installationSecret } from './installation.js';
import { refuseTakenPort } from './ports.js';

/** A running engine with everything that was started for it. */
export interface Engine {
  app: NestExpressApplication;
  config: Config;
  /** The admin key, when this start made one. */
  newApiKey: string | null;
  sandbox: { url: string; controlUrl: string } | null;
  stop(): Promise<void>;
}

/** Reads the environment, and `.env` beneath it when there is one. */
export function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}

/** Starts what is missing (PostgreSQL, sandbox), migrates, and listens. Undone in reverse when it fails. */
export async function startEngine(given: Config): Promise<Engine> {
  const started: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    while (started.length > 0) await started.pop()?.();
  };
  try {
    await refuseTakenPort('PORT', given.PORT, given.HOST);
    started.push(await startTracing(process.env));
    const config = Object.assign(new Config(), given, { DATA_DIR: resolve(given.DATA_DIR) });
    config.ZHOUQI_SECRET ??= [await installationSecret(config.DATA_DIR)];
    config.PUBLIC_URL ??= `http://localhost:${config.PORT}`;
    if (config.DATABASE_URL === undefined) {
      const postgres = await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') });
      started.push(() => postgres.stop());
      config.DATABASE_URL = postgres.url;
    }
    await runMigrations(config.DATABASE_URL);
    const sandbox = usesBundledSandbox(config) ? await sandboxFor(config, started) : null;
    const app = await createApp(config);
    started.push(() => app.close());
    for (const warning of warningsOf(config)) new Logger('Config').warn(warning);
    await app.get(Continuity).start(config.QUARANTINE);
    const newApiKey = await app.get(ApiKeys).bootstrap(config.ZHOUQI_API_KEY);
    await app.listen(config.PORT, config.HOST);
    return { app, config, newApiKey, sandbox, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function sandboxFor(config: Config, started: (() => Promise<void>)[]) {
  const [secret] = config.ZHOUQI_SECRET ?? [];
  const settings = sandboxSettings(config, new InstallationSecret([secret as string]));
  const sandbox = await startBundledSandbox(config, settings);
  started.push(() => sandbox.stop());
  Object.assign(config, settings);
  return sandbox;
}
