import 'reflect-metadata';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Database } from '../src/platform/database/database.js';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../src/platform/database/migrate.js';
import { type EngineFigures, openEngine, runRenewals, seedSubscriptions } from './engine.js';
import { runFloor } from './floor.js';
import { type GatewayProcess, startGateway } from './gateway.process.js';
import { openWallets, type Wallet } from './wallets.js';

const TARGET_RATIO = 0.3;
const count = Number(process.argv[2] ?? 8_000);
/** Unmeasured renewals before each measurement: both sides are compiled and connected when the clock starts. */
const WARM_UP = 4_000;
/** Odd, for the median: the pace of a shared machine changes, and one round says little. */
const ROUNDS = 3;

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

/** What one round showed: the floors and the engine, one right after the other, for the machine's pace may change. */
interface Round {
  /** Seconds. */
  bare: number;
  floor: number;
  engine: EngineFigures;
}

async function runRound(app: NestExpressApplication, gateway: GatewayProcess, wallets: readonly Wallet[], name: string): Promise<Round> {
  await seedSubscriptions(app, wallets, name);
  const bare = await runFloor(gateway, wallets, { name: `${name}-bare`, looks: false });
  const floor = await runFloor(gateway, wallets, { name: `${name}-floor`, looks: true });
  const engine = await runRenewals(app, gateway, wallets.length);
  return { bare, floor, engine };
}

function report(rounds: readonly Round[], agreeing: number): void {
  const line = (name: string, values: (string | number)[], note = '') => console.log(name.padEnd(36), values.map((v) => String(v).padStart(7)).join(''), note);
  const row = (name: string, value: (round: Round) => string | number, note?: string) => line(name, rounds.map(value), note);
  const rate = (seconds: number) => Math.round(count / seconds);
  line('round', rounds.map((_, i) => i + 1));
  row('floor: the same calls and webhooks', ({ floor }) => rate(floor), '/s');
  row('  charges and webhooks alone', ({ bare }) => rate(bare), '/s');
  row('engine: due row to paid invoice', ({ engine }) => rate(engine.seconds), '/s');
  row('ratio to the floor', (round) => ratio(round).toFixed(2));
  row('  to charges and webhooks alone', ({ bare, engine }) => (bare / engine.seconds).toFixed(2));
  row('SQL round trips per renewal', ({ engine }) => (engine.roundTrips / count).toFixed(3));
  row('peak memory', ({ engine }) => Math.round(engine.peakMemory / 1024 / 1024), 'MiB');
  line('renewals due at once', [count]);
  line('both books agree', [agreeing], 'captures');
  line('median ratio to the floor', [median(rounds.map(ratio)).toFixed(2)], `(at least ${TARGET_RATIO})`);
}

function ratio({ floor, engine }: Round): number {
  return floor / engine.seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir, port: 0, settings: { track_commit_timestamp: 'on' } });
  const gateway = await startGateway();
  try {
    await runMigrations(postgres.url);
    const app = await openEngine(postgres.url, gateway);
    await runRound(app, gateway, await openWallets(gateway, WARM_UP, 'warm'), 'warm');
    const rounds: Round[] = [];
    for (let i = 1; i <= ROUNDS; i += 1) {
      rounds.push(await runRound(app, gateway, await openWallets(gateway, count, `round${i}`), `round${i}`));
    }
    const agreeing = await compareBooks(gateway, app.get(Database));
    await app.close();
    report(rounds, agreeing);
    if (median(rounds.map(ratio)) < TARGET_RATIO) process.exitCode = 1;
  } finally {
    await gateway.stop();
    await postgres.stop('immediate');
    await removeEmbeddedPostgres(dataDir);
  }
}

await main();
