import { afterAll, beforeAll, expect, test } from 'vitest';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `insert into webhook_deliveries (id, endpoint, event, event_type, subject, sequence, status, attempts, queued_at, next_attempt_at, lease_token, created_at, updated_at)
     select webhook_delivery_id(endpoint, event), endpoint, event, 'customer.updated', subject, sequence, 'pending', 0, now(), now(), 0, now(), now()
       from (values ('whk_1', 'evnt_1', 'cust_1', 1), ('whk_1', 'evnt_2', 'cust_1', 2), ('whk_1', 'evnt_3', 'cust_2', 1), ('whk_2', 'evnt_1', 'cust_1', 1))
         as v(endpoint, event, subject, sequence)`,
  );
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const set = (what: string, endpoint: string, event: string) =>
  client.query(`update webhook_deliveries set ${what} where endpoint = $1 and event = $2`, [endpoint, event]);
const lease = (endpoint: string, event: string) => set(`lease_until = now() + interval '1 minute'`, endpoint, event);

test('of an endpoint and a subject one delivery is in flight; others are as free as ever', async () => {
  await lease('whk_1', 'evnt_1');
  await expect(lease('whk_1', 'evnt_2')).rejects.toMatchObject({ constraint: 'webhook_deliveries_in_flight' });
  await lease('whk_1', 'evnt_3');
  await lease('whk_2', 'evnt_1');
  await set('lease_until = null', 'whk_1', 'evnt_1');
  await lease('whk_1', 'evnt_2');
});

test('there is one delivery of an event to an endpoint, whoever queues it', async () => {
  const twice = client.query(`insert into webhook_deliveries select (r).* from (select d as r from webhook_deliveries d where endpoint = 'whk_2') one`);
  await expect(twice).rejects.toMatchObject({ constraint: 'webhook_deliveries_pkey' });
  const { rows } = await client.query('select distinct id from webhook_deliveries');
  expect(rows).toHaveLength(4);
});

test.each([
  ['waits for nothing', 'next_attempt_at = null'],
  ['was taken, and waits', `status = 'delivered', delivered_at = now()`],
  ['was taken at no time', `status = 'delivered', next_attempt_at = null`],
  ['was given up in flight', `status = 'parked', next_attempt_at = null, lease_until = now()`],
  ['is nowhere', `status = 'lost'`],
])('none %s', async (_, what) => {
  await expect(set(what, 'whk_1', 'evnt_1')).rejects.toMatchObject({ code: '23514' });
});
