import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Wake } from '../../src/platform/batching/wake.js';
import { DatabaseClock } from '../../src/platform/clock/clock.js';
import { createDataSource } from '../../src/platform/database/data.source.js';
import { Database } from '../../src/platform/database/database.js';
import { isOutage } from '../../src/platform/database/outage.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const PATIENCE_MS = 300;

/** What PostgreSQL says when an operator, or a shutdown, ends a connection. */
const TERMINATION = errorResponse('SFATAL', 'C57P01', 'Mterminating connection due to administrator command');
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

function errorResponse(...fields: string[]): Buffer {
  const body = Buffer.from(`${fields.map((field) => `${field}\0`).join('')}\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** A network in front of PostgreSQL that can swallow everything without telling anybody. */
class SilentNetwork {
  private readonly links: Socket[] = [];
  private silent = new Set<Socket>();
  private terminating = false;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async before(url: string): Promise<SilentNetwork> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const through = new URL(url);
    through.port = String((server.address() as AddressInfo).port);
    const network = new SilentNetwork(server, through.toString());
    server.on('connection', (client) => network.join(client, connect(Number(port), hostname)));
    return network;
  }

  /** What is connected now hears nothing any more; what connects later does. */
  fallSilent(): void {
    this.silent = new Set(this.links);
  }

  /** Whoever connects from now on is terminated in the very moment in which he is welcomed. */
  terminateOnArrival(): void {
    this.terminating = true;
  }

  close(): void {
    for (const socket of this.links) socket.destroy();
    this.server.close();
  }

  private join(client: Socket, server: Socket): void {
    for (const [from, to] of [[client, server], [server, client]] as const) {
      this.links.push(from);
      from.on('data', (bytes: Buffer) => {
        if (this.terminating && from === server && bytes.includes(READY)) to.end(Buffer.concat([bytes, TERMINATION]));
        else if (!this.silent.has(from)) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  }
}

let database: TestDatabase;
let network: SilentNetwork;
let db: Database;
beforeEach(async () => {
  database = await createTestDatabase();
  network = await SilentNetwork.before(database.url);
  const dataSource = createDataSource({ url: network.url, pool: 2, entities: [], patience: PATIENCE_MS, onError: () => undefined });
  db = new Database(await dataSource.initialize(), new DatabaseClock(), new Wake());
});
afterEach(async () => {
  await db.dataSource.destroy();
  network.close();
  await database.drop();
});

const failureOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error);

test('a connection that has silently gone holds nobody up for longer than our patience, and is never used again', async () => {
  await Promise.all([db.query('select pg_sleep(0.05)', []), db.query('select pg_sleep(0.05)', [])]);
  network.fallSilent();
  const errors = await Promise.all([failureOf(db.query('select 1', [])), failureOf(db.transaction((tx) => tx.query('select 1', [])))]);
  for (const error of errors) expect(isOutage(error), String(error)).toBe(true);
  expect(await Promise.all([1, 2, 3].map((n) => db.query(`select ${n} as n`, [])))).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
});

test('it goes in the middle of a transaction: the work fails once, as an outage, without waiting for a rollback', async () => {
  const started = performance.now();
  const error = await failureOf(
    db.transaction(async (tx) => {
      await tx.query('select 1', []);
      network.fallSilent();
      await tx.query('select 2', []);
    }),
  );
  expect(isOutage(error), String(error)).toBe(true);
  expect(performance.now() - started).toBeLessThan(PATIENCE_MS * 2);
  expect(await db.transaction((tx) => tx.query('select 3 as n', []))).toEqual([{ n: 3 }]);
});

test('one that is terminated in the moment in which it is made is an outage to whoever asked for it, and the end of nothing else', async () => {
  const busy = db.query('select pg_sleep(0.2)', []);
  network.terminateOnArrival();
  const error = await failureOf(db.query('select 1', []));
  expect(isOutage(error), String(error)).toBe(true);
  await busy;
});
