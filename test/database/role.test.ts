import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantTo, RIGHTS } from '../../src/platform/database/grants.js';
import { runMigrations } from '../../src/platform/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createEngineRole } from '../support/engine.role.js';
import { MailServer } from '../support/mail.server.js';
import { Merchant } from '../support/merchant.js';
import { withClient } from '../support/postgres.js';
import { plan, sellAndPay, subscriptionOf, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const NOT_ALLOWED = '42501';

test('33 least privilege: the engine lives through a first year as a role that may do nothing more than it needs', async () => {
  const post = await MailServer.open();
  const world = await World.open({
    leastPrivilege: true, now: '2026-01-31T04:00:00Z',
    config: { SMTP_URL: post.url, MAIL_FROM: 'hello@tea.example', WEBHOOKS_ALLOW_PRIVATE: 'true' },
  });
  const merchant = await Merchant.open(world);
  try {
    const [role] = await world.database.query<{ name: string; owns: boolean }>(
      `select current_user as name, pg_has_role(current_user, tableowner, 'member') as owns from pg_tables where tablename = 'charges'`,
    );
    expect(role).toEqual({ name: expect.stringMatching(/role_/), owns: false });
    const { id: endpoint } = await merchant.endpoint();
    const { code } = await plan(world, { dunning_policy: 'default' });
    const life = await sellAndPay(world, code, '2026-01-31T04:00:00Z');
    await world.advance(life.clock, '2026-06-30T03:59:59Z');
    await wallet(world, life, { outcome: 'decline', response_code: '20051' });
    await world.advance(life.clock, '2026-06-30T04:00:00Z');
    await wallet(world, life, { outcome: 'capture' });
    await world.advance(life.clock, '2027-01-31T04:00:00Z');
    expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 13 });
    const charges = await world.list(`/v1/charges?subscription=${life.subscription}&status=captured&limit=100`);
    expect(charges).toHaveLength(13);
    await world.post(`/v1/charges/${charges[0]?.['id']}/refunds`, { amount: 100 });
    await world.settle();
    await world.post(`/v1/subscriptions/${life.subscription}/pause`);
    await world.post(`/v1/subscriptions/${life.subscription}/resume`);
    await world.settle();
    await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'now' });
    await merchant.live(60_000);
    await world.post(`/v1/plans/${code}/versions`, { amount: 4900 });
    await world.call('put', '/v1/message_templates/receipt/en').send({ subject: 'Thanks', text: 'Thanks' }).expect(200);
    await world.call('delete', '/v1/message_templates/receipt/en').expect(204);
    const { id: key } = await world.post('/v1/api_keys', { name: 'shop', scopes: ['read'] });
    await world.call('delete', `/v1/api_keys/${key}`).expect(204);
    const { id: nobody } = await world.post('/v1/customers', {});
    await world.call('delete', `/v1/customers/${nobody}`).expect(204);
    await world.call('delete', `/v1/webhook_endpoints/${endpoint}`).expect(204);
    await world.call('delete', `/v1/test_clocks/${life.clock}`).expect(204);
    // Long enough for everything that is swept away after its time.
    await world.pass(40 * 86_400_000, 10 * 86_400_000);
    await world.get('/v1/reports/reconciliation');
    expect(merchant.receiver.types()).toContain('subscription.renewed');
    expect(post.mails.length).toBeGreaterThan(12);
    expect(await world.list('/v1/parked')).toEqual([]);
    await world.restart();
    expect(await world.book()).toHaveLength(13);
  } finally {
    await merchant.close();
    await world.close();
    await post.stop();
  }
});

describe('33 least privilege', () => {
  let database: TestDatabase;
  let role: Awaited<ReturnType<typeof createEngineRole>>;
  beforeAll(async () => {
    database = await createTestDatabase();
    role = await createEngineRole(database.url);
  });
  afterAll(async () => {
    await database.drop();
    await role.drop();
  });
  const refusal = (sql: string) => withClient(role.url, (client) => client.query(sql).then(() => null, (error: { code: string }) => error.code));

  test('every table has been thought about, once', async () => {
    const tables = await withClient(database.url, (client) => client.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public'`));
    expect(Object.values(RIGHTS).flat().toSorted()).toEqual(tables.rows.map(({ name }) => name).toSorted());
  });

  test.each([
    'create table mine (id int)', 'create function mine() returns int language sql as $$ select 1 $$', 'create schema mine',
    'drop table charges', 'alter table charges add column mine int', 'alter table ledger_entries disable trigger all', 'drop trigger charge_guard on charges',
    'create index mine on charges (id)', 'drop index charges_one_open', 'truncate events', 'truncate charges', 'truncate idempotency_keys',
    'delete from charges', 'delete from invoices', 'delete from refunds', 'delete from subscriptions', 'delete from sources', 'delete from plans', 'delete from gateway_events',
    'delete from api_keys', 'delete from customer_balances', 'delete from engine_state', 'delete from migrations',
    'update ledger_entries set amount = 0', 'delete from ledger_entries', 'update ledger_transactions set kind = kind', 'delete from ledger_transactions',
    'update events set data = data', 'delete from events', 'update audit_log set method = method', 'delete from audit_log', 'update message_wordings set text = text',
    'update plan_versions set amount = 1', 'delete from plan_versions', `insert into migrations (timestamp, name) values (1, 'x')`, 'update migrations set name = name',
    'set session_replication_role = replica', `copy charges to program 'true'`, `copy charges from '/etc/passwd'`, `select pg_read_file('/etc/passwd')`,
    'alter system set fsync = off', 'create role mine superuser', 'alter role current_user superuser', 'checkpoint',
  ])('%s is refused', async (sql) => {
    expect(await refusal(sql)).toBe(NOT_ALLOWED);
  });

  test('its engine starts where nothing is to be migrated, and says plainly where something is', async () => {
    expect(await runMigrations(role.url)).toEqual([]);
    await withClient(database.url, (client) => client.query(`delete from migrations where name like 'Access%'`));
    await expect(runMigrations(role.url)).rejects.toThrow(/run "migrate" as the owner/);
  });

  test('nothing is granted to who would not be bound by it, or is not there', async () => {
    const [{ owner }] = (await withClient(database.url, (client) => client.query<{ owner: string }>('select current_user as owner'))).rows as [{ owner: string }];
    await expect(grantTo(database.url, owner)).rejects.toThrow(/no grant would bind it/);
    await expect(grantTo(database.url, 'nobody"; drop table charges')).rejects.toThrow(/There is no role/);
    expect(await refusal('select 1 from charges'), 'as before').toBeNull();
  });

  test('what it had before is taken from it', async () => {
    await withClient(database.url, (client) => client.query(`grant all on all tables in schema public to ${role.name}; grant create on schema public to ${role.name}`));
    expect(await refusal('truncate message_switches')).toBeNull();
    await grantTo(database.url, role.name);
    expect(await refusal('truncate message_switches')).toBe(NOT_ALLOWED);
    expect(await refusal('create table mine (id int)')).toBe(NOT_ALLOWED);
  });
});
