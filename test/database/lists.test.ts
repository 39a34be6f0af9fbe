import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillBook } from '../../bench/lists/book.js';
import { CATALOGUES, lists, NARROWING, type Question, questionsOf } from '../../bench/lists/questions.js';
import { ApiKeys } from '../../src/access/api.keys.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { createApp } from '../../src/startup/app.js';
import { Wallets } from '../../src/wallets/wallets.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const KEY = 'zq_test_key_0123456789abcdef';
const INVOICES = 20_000;
/** A page is 21 rows, of each type where a group is asked for; a customer or subscription here has at most some dozens. */
const MOST_ROWS_READ = 600;

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
}

interface Asked {
  sql: string;
  values: unknown[];
}

let store: TestDatabase;
let app: NestExpressApplication;
let database: Database;
let questions: Question[];
const asked: Asked[] = [];

async function get(path: string): Promise<object> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${KEY}` } });
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as object;
}

/** Listens to what the lists ask the database, and lets it be answered. */
function listen(): void {
  const ask = database.queryAnew.bind(database);
  database.queryAnew = (sql, values) => {
    if (!sql.includes('from test_clocks limit 1')) asked.push({ sql, values });
    return ask(sql, values);
  };
}

beforeAll(async () => {
  store = await createTestDatabase();
  const config = loadConfig({
    DATABASE_URL: store.url, DATABASE_POOL: '2', ZHOUQI_SECRET: 'an-installation-secret-for-tests', CKO_SECRET_KEY: `sk_sbox_${'a'.repeat(27)}`,
    CKO_API_URL: 'http://127.0.0.1:9', CKO_PROCESSING_CHANNEL_ID: `pc_${'a'.repeat(26)}`, CKO_WEBHOOK_KEY: 'none', API_RATE_LIMIT: '1000000',
    ROLE: 'api', LOG_LEVEL: 'silent',
  });
  app = await createApp(config);
  database = app.get(Database);
  await fillBook(store.url, INVOICES, app.get(Wallets));
  await app.get(ApiKeys).bootstrap(KEY);
  await app.listen(0, '127.0.0.1');
  questions = await questionsOf(database, get);
  listen();
}, 120_000);
afterAll(async () => {
  await app.close();
  await store.drop();
});

/** How the server answers what a request asks of a list, with the rows that it really touched. */
async function plansOf({ path }: Question): Promise<Plan[]> {
  asked.length = 0;
  await get(path);
  expect(asked.length, `${path} is one statement`).toBe(1);
  const { sql, values } = asked[0] as Asked;
  const [answer] = await database.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(`explain (analyze, timing off, costs off, format json) ${sql}`, values);
  return every((answer as { 'QUERY PLAN': { Plan: Plan }[] })['QUERY PLAN'][0]!.Plan);
}

function every(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(every)];
}

/** Rows that a node looked at, whether or not it kept them. */
function rowsRead(plan: Plan): number {
  if (plan.Plans && plan['Node Type'] !== 'Bitmap Heap Scan') return 0;
  return (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)) * plan['Actual Loops'];
}

describe('a list that is asked for by when its rows were made', () => {
  const window = 'created_at[gte]=2025-07-01T00:00:00Z&created_at[lt]=2025-08-01T00:00:00Z';
  type Page = { data: { id: string }[]; next_cursor: string | null };
  const walk = async (next: string | null): Promise<string[]> => {
    const ids: string[] = [];
    for (let cursor = next; cursor !== null; ) {
      const page = (await get(`/v1/invoices?limit=100&${window}${cursor && `&cursor=${cursor}`}`)) as Page;
      ids.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    return ids;
  };

  it('comes page by page in the order of its ids, also when a test clock is made meanwhile', async () => {
    const all = await database.query<{ id: string }>(
      `select id from invoices where created_at >= '2025-07-01T00:00:00Z' and created_at < '2025-08-01T00:00:00Z' order by id desc`,
    );
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(500);
    expect(await walk('')).toEqual(ids);
    const first = (await get(`/v1/invoices?limit=100&${window}`)) as Page;
    await database.query(`insert into test_clocks values ('clk_01000000000000000000000009', now(), null, 'ready', null, '{}', now(), now())`);
    expect(await walk(first.next_cursor)).toEqual(ids.slice(100));
    expect(await walk('')).toEqual(ids);
    await database.query('delete from test_clocks');
  });

  it('has cursors of its own', async () => {
    const { next_cursor: cursor } = (await get(`/v1/invoices?${window}`)) as Page;
    const { port } = app.getHttpServer().address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/v1/invoices?cursor=${cursor}`, { headers: { authorization: `Bearer ${KEY}` } });
    expect(answer.status).toBe(422);
  });
});

describe.each(lists())('$list', ({ list, filters }) => {
  it('is asked for by each of its filters', () => {
    const about = new Set(questions.filter((one) => one.list === list).map((one) => one.about));
    const missing = filters.map(({ name }) => name).filter((name) => !about.has(name));
    if (!CATALOGUES.includes(list)) expect(missing).toEqual([]);
  });

  it('knows those of its filters that only narrow', () => {
    expect(filters.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(NARROWING[list] ?? {})));
  });

  it('reads no more for a page than the page and one life, however large the book', async () => {
    if (CATALOGUES.includes(list)) return;
    const grown: string[] = [];
    for (const question of questions.filter((one) => one.list === list && one.grows === null)) {
      const plans = await plansOf(question);
      const read = plans.map(rowsRead).reduce((sum, rows) => sum + rows, 0);
      if (read > MOST_ROWS_READ) grown.push(`${question.path}: ${read} rows by ${plans.map((plan) => plan['Index Name'] ?? plan['Node Type']).join(', ')}`);
    }
    expect(grown).toEqual([]);
  });
});
