import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inHalves } from '../../src/platform/batching/halving.js';
import { isOutage } from '../../src/platform/database/outage.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

async function failure(sql: string): Promise<unknown> {
  const error = await world.database.transaction((tx) => tx.query(sql)).then(
    () => null,
    (reason: unknown) => reason,
  );
  // A connection that has just died may be handed out once more.
  await expect.poll(() => world.database.query('select 1').catch(() => null)).not.toBeNull();
  return error;
}

describe('the database is away', () => {
  test('its backend is terminated in the middle of a transaction', async () => {
    expect(isOutage(await failure('select pg_terminate_backend(pg_backend_pid())'))).toBe(true);
  });

  test.each(['08006', '53300', '57P01', '57P02', '57P03', '25006', '40001', '40P01', '55P03'])('it says so itself: %s', async (state) => {
    expect(isOutage(await failure(`do $$ begin raise exception 'away' using errcode = '${state}'; end $$`))).toBe(true);
  });

  test('nobody listens, or whoever listened hangs up', async () => {
    const server = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as { port: number };
    const error = () => new Promise((resolve) => connect(port, '127.0.0.1').on('error', resolve));
    expect(isOutage(await error())).toBe(true);
    await new Promise((closed) => server.close(closed));
    expect(isOutage(await error())).toBe(true);
  });
});

test.each([`select 1 / 0`, `select 'x'::int`, `insert into invoices (id) values ('x')`, `do $$ begin raise check_violation; end $$`])(
  'it is there, and the row is to blame: %s',
  async (sql) => {
    expect(isOutage(await failure(sql))).toBe(false);
  },
);

test('a set that failed because the database was away is given back whole, and nobody is set aside', async () => {
  const aside: number[] = [];
  const error = await failure('select pg_terminate_backend(pg_backend_pid())');
  const work = inHalves(
    [1, 2, 3],
    () => Promise.reject(error as Error),
    async (n) => void aside.push(n),
  );
  await expect(work).rejects.toBe(error);
  expect(aside).toEqual([]);
});
