import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { AppModule } from '../app.module.js';
import { InboxEndpoint } from '../inbox/inbox.endpoint.js';
import { docsPage } from '../openapi/docs.page.js';
import type { Config } from '../platform/config/config.js';
import { InstallationSecret } from '../platform/crypto/secret.js';
import { createDataSource } from '../platform/database/data.source.js';
import { BoundedServer } from '../platform/http/bounded.server.js';
import { setUpHttp } from '../platform/http/http.setup.js';
import type { PlatformParts } from '../platform/platform.module.js';
import { TABLES } from '../tables.js';

/** Builds the application on a database that is there and a gateway that is configured. Does not listen yet. */
export async function createApp(
  config: Config,
  parts: Pick<PlatformParts, 'clock' | 'outbound'> = {},
): Promise<NestExpressApplication> {
  const [current, ...previous] = config.ZHOUQI_SECRET ?? [];
  if (config.DATABASE_URL === undefined || current === undefined) throw new Error('The configuration is not complete');
  const dataSource = await createDataSource({
    url: config.DATABASE_URL,
    pool: config.DATABASE_POOL,
    entities: TABLES,
    // The pool replaces a lost connection by itself; whoever used it has got the error.
    onError: () => undefined,
  }).initialize();
  const secret = new InstallationSecret([current, ...previous]);
  const server = new BoundedServer();
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with({ config, dataSource, secret, ...parts }), server, {
    bodyParser: false,
    abortOnError: false,
    // Nest's account of its own wiring would bury the few lines that a newcomer looks for.
    logger: ['fatal', 'error', 'warn'],
  });
  const webhooks = app.get(InboxEndpoint);
  setUpHttp(app, webhooks.handle);
  app.use('/docs', docsPage());
  await app.init();
  server.intercept(webhooks);
  app.useLogger(app.get(Logger));
  return app;
}
