import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadConfig } from '../src/platform/config/config.js';
import { Wake } from '../src/platform/batching/wake.js';
import { Database } from '../src/platform/database/database.js';
import { newId } from '../src/platform/ids/ids.js';
import { createApp } from '../src/startup/app.js';
import { Wallets } from '../src/wallets/wallets.js';
import { CHANNEL, type GatewayProcess, SECRET_KEY, WEBHOOK_KEY } from './gateway.process.js';
import type { Wallet } from './wallets.js';

export interface EngineFigures {
  seconds: number;
  roundTrips: number;
  /** Bytes. */
  peakMemory: number;
  paid: number;
}

/** The engine as it is started in production, on this database and this gateway. */
export async function openEngine(databaseUrl: string, gateway: GatewayProcess): Promise<NestExpressApplication> {
  const config = loadConfig({
    DATABASE_URL: databaseUrl,
    ZHOUQI_SECRET: 'the-installation-secret-of-the-bench',
    CKO_SECRET_KEY: SECRET_KEY,
    CKO_API_URL: gateway.url,
    CKO_PROCESSING_CHANNEL_ID: CHANNEL,
    CKO_WEBHOOK_KEY: WEBHOOK_KEY,
    CKO_WRITES_PER_SECOND: '1000000',
    CKO_READS_PER_SECOND: '1000000',
    BILLING_CRON: '* * * * * *',
    LOG_LEVEL: 'error',
  });
  const app = await createApp(config);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** Puts active subscriptions with these wallets into the database; their first period ends far ahead. */
export async function seedSubscriptions(app: NestExpressApplication, wallets: readonly Wallet[], code: string): Promise<void> {
  const [database, names] = [app.get(Database), app.get(Wallets)];
  const plan = newId('plan');
  const rows = wallets.map(({ email, source }) => {
    const psrc = newId('psrc');
    const [index] = names.indexesOf(source);
    return { email, sealed: names.seal(psrc, source), index, customer: newId('cust'), sub: newId('sub'), psrc };
  });
  await database.transaction(async (tx) => {
    await tx.query(
      `insert into plans values ($1, $3, 'Bench', null, 1, true, 'default', 'all', 'off', 0, '{}', $2, $2)`,
      [plan, tx.now, code],
    );
    await tx.query(
      `insert into plan_versions values ($1, 1, 3900, 'CNY', 'month', 1, 0, 0, 0, 'second', $2)`,
      [plan, tx.now],
    );
    const seed = `with w as (select * from json_to_recordset($1::json)
      as r(email text, sealed text, index text, customer text, sub text, psrc text))`;
    const json = JSON.stringify(rows);
    await tx.query(
      `${seed} insert into customers (id, email, metadata, created_at, updated_at)
       select customer, email, '{}', $2, $2 from w`,
      [json, tx.now],
    );
    await tx.query(
      `${seed} insert into subscriptions (id, customer, plan, plan_version, status, quantity, currency, trial_days,
         trial_amount, time_zone, terminal_type, success_url, failure_url, source, billing_anchor, epoch,
         epoch_first_period, period_no, period_start, period_end, paid_through, cancel_at_period_end, resumes_when_paid, due_at,
         metadata, created_at, updated_at)
       select sub, customer, $3, 1, 'active', 1, 'CNY', 0, 0, 'Asia/Shanghai', 'WEB', 'https://shop.example/yes',
         'https://shop.example/no', psrc, $2::timestamptz - interval '1 month', 0, 1, 1,
         $2::timestamptz - interval '1 month', $2, $2, false, false, $2::timestamptz + interval '1 hour', '{}', $2, $2 from w`,
      [json, tx.now, plan],
    );
    await tx.query(
      `${seed} insert into sources (id, gateway_source_id, gateway_source_index, customer, subscription, charge, status, created_at, updated_at)
       select psrc, sealed, index, customer, sub, '', 'active', $2, $2 from w`,
      [json, tx.now],
    );
  });
  await database.query('analyze');
}

/**
 * Makes every subscription due at once and waits until each has paid its invoice. Time runs from the commit
 * that makes them due to the commit that paid the last one.
 */
export async function runRenewals(app: NestExpressApplication, gateway: GatewayProcess, count: number): Promise<EngineFigures> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  await gateway.control('PATCH', '/settings', { webhook_url: `http://127.0.0.1:${port}/webhooks/checkout` });
  const database = app.get(Database);
  const before = await countPaid(database);
  const tripsBefore = database.roundTrips;
  let peakMemory = 0;
  await database.query('update subscriptions set due_at = period_end where due_at > period_end');
  const [start] = await database.query<{ at: Date }>('select clock_timestamp() as at');
  // What is measured is the work, not how long ago the last tick was.
  app.get(Wake).now('live');
  let paid = 0;
  while (paid < count) {
    await new Promise((next) => setTimeout(next, 250));
    peakMemory = Math.max(peakMemory, process.memoryUsage.rss());
    // Counting is not free, so it waits until nothing is due or open any more.
    const [open] = await database.query(`select 1 from invoices where status = 'open' limit 1`);
    const [due] = open ? [open] : await database.query('select 1 from subscriptions where due_at <= now() limit 1');
    if (due) continue;
    paid = (await countPaid(database)) - before;
  }
  const [end] = await database.query<{ at: Date }>(
    `select max(pg_xact_commit_timestamp(xmin)) as at from events where type = 'subscription.renewed'`,
  );
  return {
    seconds: ((end?.at.getTime() ?? 0) - (start?.at.getTime() ?? 0)) / 1000,
    roundTrips: database.roundTrips - tripsBefore,
    peakMemory,
    paid,
  };
}

async function countPaid(database: Database): Promise<number> {
  const [row] = await database.query<{ paid: number }>(`select count(*)::int as paid from invoices where status = 'paid'`);
  return row?.paid ?? 0;
}
