import 'reflect-metadata';
import { mkdtemp } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Pool } from 'undici';
import { ApiKeys } from '../../src/access/api.keys.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../../src/platform/database/migrate.js';
import { createApp } from '../../src/startup/app.js';
import { Wallets } from '../../src/wallets/wallets.js';
import { fillBook } from './book.js';
import { type Question, questionsOf } from './questions.js';

const KEY = 'zq_bench_key_0123456789abcdef';
const SMALL = 10_000;
const large = Number(process.argv[2] ?? 1_000_000);
/** Each question so often, or for so long; so often where nothing is promised. */
const TIMES = 30;
const PATIENCE_MS = 2_000;
const FEW_TIMES = 3;
/** Flat: in the large book no question takes this many times as long as in the small one … */
const MAX_RATIO = 3;
/** … or else it is answered within this time (ms), where the machine's noise is as great as the answer. */
const FLOOR = { p50: 8, p99: 25 };

interface Measured extends Question {
  /** Sorted, in milliseconds. */
  times: number[];
}

const share = (sorted: readonly number[], part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;

/** Fills a book of that many invoices in a database of its own, and asks the engine for everything that a list can be asked for. */
async function measure(adminUrl: string, invoices: number): Promise<Measured[]> {
  const url = await freshDatabase(adminUrl, `book_${invoices}`);
  await runMigrations(url);
  const app = await createApp(loadConfig({
    DATABASE_URL: url, ZHOUQI_SECRET: 'the-installation-secret-of-the-bench', CKO_SECRET_KEY: `sk_sbox_${'b'.repeat(27)}`,
    CKO_API_URL: 'http://127.0.0.1:9', CKO_PROCESSING_CHANNEL_ID: `pc_${'b'.repeat(26)}`, CKO_WEBHOOK_KEY: 'bench',
    API_RATE_LIMIT: '1000000', ROLE: 'api', LOG_LEVEL: 'error',
  }));
  const database = app.get(Database);
  const start = performance.now();
  await fillBook(url, invoices, app.get(Wallets));
  console.log(`${invoices} invoices, filled in ${Math.round((performance.now() - start) / 1000)} s`);
  await app.get(ApiKeys).bootstrap(KEY);
  await app.listen(0, '127.0.0.1');
  const pool = new Pool(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`, { connections: 1 });
  const ask = async (path: string): Promise<object> => {
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { authorization: `Bearer ${KEY}` } });
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${await body.text()}`);
    return (await body.json()) as object;
  };
  const questions = await questionsOf(database, ask);
  for (const { path, grows } of questions) if (!grows) await ask(path);
  const measured: Measured[] = [];
  for (const question of questions) measured.push({ ...question, times: await timesOf(() => ask(question.path), question.grows ? FEW_TIMES : TIMES) });
  await pool.close();
  await app.close();
  return measured;
}

async function timesOf(ask: () => Promise<object>, count: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + PATIENCE_MS;
  await ask();
  while (times.length < count && performance.now() < end) {
    const start = performance.now();
    await ask();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b);
}

async function freshDatabase(adminUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

/** One line: p50 and p99 in the small and the large book, and their ratios. Returns whether it is flat. */
function line(name: string, small: readonly number[], big: readonly number[]): boolean {
  const parts = ([['p50', 0.5], ['p99', 0.99]] as const).map(([key, part]) => {
    const [few, many] = [share(small, part), share(big, part)];
    return { few, many, ratio: many / few, flat: many < FLOOR[key] || many / few < MAX_RATIO };
  });
  const figures = parts.map(({ few, many, ratio }) => [few.toFixed(1), many.toFixed(1), ratio.toFixed(1)].map((text) => text.padStart(8)).join('')).join('  ');
  const flat = parts.every((part) => part.flat);
  console.log(name.padEnd(64), figures, flat ? '' : '  not flat');
  return flat;
}

const pooled = (measured: readonly Measured[]): number[] => measured.flatMap(({ times }) => times).toSorted((a, b) => a - b);

/** Returns whether all lists are flat. */
function report(small: readonly Measured[], big: readonly Measured[]): boolean {
  console.log(''.padEnd(64), ['p50', 'large', 'ratio'].map((t) => t.padStart(8)).join(''), ' ', ['p99', 'large', 'ratio'].map((t) => t.padStart(8)).join(''));
  const held = (all: readonly Measured[], list: string) => all.filter((one) => one.list === list && !one.grows);
  const lists = [...new Set(small.map(({ list }) => list))];
  const flat = lists.map((list) => line(list, pooled(held(small, list)), pooled(held(big, list))));
  console.log('\nQuestions that took longest in the large book');
  const pairs = small.map((few, i) => ({ few, many: big[i] as Measured })).toSorted((a, b) => share(b.many.times, 0.5) - share(a.many.times, 0.5));
  const of = (pair: (typeof pairs)[number]) => line(nameOf(pair.few), pair.few.times, pair.many.times);
  const single = pairs.filter(({ few }) => !few.grows);
  for (const pair of single.slice(0, 10)) of(pair);
  const steep = single.filter(({ few, many }) => share(many.times, 0.5) > Math.max(FLOOR.p50, MAX_RATIO * share(few.times, 0.5)));
  console.log('\nFilters without an index of their own, asked for alone (not held to it)');
  for (const pair of pairs.filter(({ few }) => few.grows).slice(0, 10)) of(pair);
  console.log(`\n${small.length} questions, ${steep.length} of them not flat`);
  return flat.every(Boolean) && steep.length === 0;
}

function nameOf({ path }: Question): string {
  return decodeURIComponent(path).replace(/\/whk_\w+|\/sub_\w+/, '/…').replace('/v1/', '').slice(0, 64);
}

const dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir, port: 0, settings: { max_wal_size: '8GB' } });
try {
  const small = await measure(postgres.adminUrl, SMALL);
  const big = await measure(postgres.adminUrl, large);
  if (!report(small, big)) process.exitCode = 1;
} finally {
  await postgres.stop('immediate');
  await removeEmbeddedPostgres(dataDir);
}
