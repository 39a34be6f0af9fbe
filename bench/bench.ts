import 'reflect-metadata';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../src/platform/database/database.js';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../src/platform/database/migrate.js';
import { openEngine, runRenewals, seedSubscriptions } from './engine.js';
import { runFloor } from './floor.js';
import { type GatewayProcess, startGateway } from './gateway.process.js';
import { openWallets } from './wallets.js';

const TARGET_RATIO = 0.3;
const count = Number(process.argv[2] ?? 8_000);
/** Unmeasured renewals before each measurement: both sides are compiled and connected when the clock starts. */
const WARM_UP = 4_000;

/** Compares the gateway's captures with our charges, payment by payment. Returns the number that agree. */
async function compareBooks(gateway: GatewayProcess, database: Database): Promise<number> {
  const charges = await database.query<{ gateway_payment_id: string; amount: number }>(
    `select gateway_payment_id, amount from charges where status = 'captured'`,
  );
  const ours = new Map(charges.map((charge) => [charge.gateway_payment_id, charge.amount]));
  let agreeing = 0;
  let captures = 0;
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page = await gateway.control('GET', `/book/entries?cursor=${cursor}&limit=1000`);
    for (const entry of page.data as { payment_id: string; reference: string; amount: number }[]) {
      if (!entry.reference.startsWith('zq-')) continue;
      captures += 1;
      if (ours.get(entry.payment_id) === entry.amount) agreeing += 1;
    }
    cursor = page.next_cursor;
  }
  if (captures !== ours.size || agreeing !== captures) {
    throw new Error(`The books differ: ${captures} captures there, ${ours.size} here, ${agreeing} agree`);
  }
  return agreeing;
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir, port: 0 });
  const gateway = await startGateway();
  try {
    await runMigrations(postgres.url);
    const wallets = await openWallets(gateway, count);
    const warming = await openWallets(gateway, WARM_UP, 'warm');
    await runFloor(gateway, warming, { name: 'warm', looks: true });
    const bare = await runFloor(gateway, wallets, { name: 'bare', looks: false });
    const floor = await runFloor(gateway, wallets, { name: 'floor', looks: true });
    const app = await openEngine(postgres.url, gateway);
    const database = app.get(Database);
    await seedSubscriptions(database, warming, 'warm');
    await runRenewals(app, WARM_UP);
    await seedSubscriptions(database, wallets, 'bench');
    const engine = await runRenewals(app, count);
    const agreeing = await compareBooks(gateway, database);
    await app.close();
    const ratio = floor / engine.seconds;
    const line = (name: string, value: string) => console.log(name.padEnd(34), value);
    line('renewals due at once', String(count));
    const rate = (seconds: number) => `${(count / seconds).toFixed(0)} /s  (${seconds.toFixed(2)} s)`;
    line('floor (the same calls, webhooks)', rate(floor));
    line('  charges and webhooks alone', rate(bare));
    line('engine (due row to paid invoice)', rate(engine.seconds));
    line('ratio to the floor', `${ratio.toFixed(2)}  (at least ${TARGET_RATIO})`);
    line('  to charges and webhooks alone', (bare / engine.seconds).toFixed(2));
    line('SQL round trips per renewal', (engine.roundTrips / count).toFixed(3));
    line('peak memory', `${(engine.peakMemory / 1024 / 1024).toFixed(0)} MiB`);
    line('both books agree', `${agreeing} captures`);
    if (ratio < TARGET_RATIO) process.exitCode = 1;
  } finally {
    await gateway.stop();
    await postgres.stop('immediate');
    await removeEmbeddedPostgres(dataDir);
  }
}

await main();
