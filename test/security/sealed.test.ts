import { afterEach, expect, test } from 'vitest';
import type { Source } from '../../src/domain/source.js';
import { arm, chargesOf, DAY, expectEachPaidOnce, gatewayShows, lastCharge, liveToRenewal, RETURN_URLS, sell } from '../gateway/shop.js';
import { withClient } from '../support/postgres.js';
import { Merchant } from '../support/merchant.js';
import { plan, sellAndPay, sell as sellOnClock } from '../support/story.js';
import { World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const urlOf = (one: World): string => (one.database.dataSource.options as { url: string }).url;

/** Every row of every table, as text; a JSON value is in it as it stands, bytes as hex. */
function dump(): Promise<string[]> {
  return withClient(urlOf(world), async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(30);
    const texts = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      texts.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return texts;
  });
}

test('25 sealed at rest: after whole lives no table holds a wallet’s name at the gateway, in clear, as hex or as base64', async () => {
  world = await World.open({ config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  const merchant = await Merchant.open(world);
  const { secret } = await merchant.endpoint();
  const { code } = await plan(world, { renewal_notice: 'off' });
  const life = await sellAndPay(world, code, '2026-03-10T02:00:00Z');
  await world.advance(life.clock, '2026-04-10T02:00:00Z');
  const [renewal] = await world.list(`/v1/charges?subscription=${life.subscription}&kind=recurring`);
  await world.post(`/v1/charges/${renewal?.id}/refunds`, { amount: 100 });
  // A wallet that is changed, and the answer to a request that names one, kept for its repeats.
  await world.call('post', `/v1/subscriptions/${life.subscription}/checkout`).set('idempotency-key', 'changes').send({ terminal_type: 'WEB', ...RETURN_URLS }).expect(200);
  await world.pay(life.subscription);
  await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
  await world.advance(life.clock, '2026-06-11T02:00:00Z');
  // One whose money comes too late, and goes back.
  const late = await sellOnClock(world, code, '2026-03-10T02:00:00Z');
  const payment = await world.redirectPayment(late.subscription);
  await world.post(`/v1/subscriptions/${late.subscription}/cancel`, { at: 'now' });
  await world.control('POST', `/payments/${payment}/approve`);
  await merchant.live(DAY);

  const names = [...world.sandbox.gateway.context.store.sources.rows.keys()];
  expect(names.length).toBeGreaterThanOrEqual(3);
  const told = JSON.stringify(merchant.receiver.taken);
  expect(names.some((name) => told.includes(name)), 'merchants are told of wallets by the gateway’s names').toBe(true);
  const rows = await dump();
  expect(rows.length).toBeGreaterThan(100);
  for (const hidden of [...names, secret]) {
    const [hex, base64] = [Buffer.from(hidden).toString('hex'), Buffer.from(hidden).toString('base64').replace(/=+$/, '').slice(0, -1)];
    expect(rows.filter((row) => [hidden, hex, base64].some((shape) => row.includes(shape)))).toEqual([]);
  }
  expect(rows.filter((row) => /(?<!p)src_[a-z0-9]{8}/i.test(row))).toEqual([]);
  await merchant.close();
});

/** Lays the sealed name of each wallet into the row of the other. */
async function swap(...subscriptions: [string, string]): Promise<void> {
  const rows = await world.database.query<Source>('select * from sources where subscription = any($1)', [subscriptions]);
  expect(rows).toHaveLength(2);
  for (const [i, { gateway_source_id: sealed }] of rows.entries()) {
    await world.database.query('update sources set gateway_source_id = $2 where id = $1', [rows[1 - i]?.id, sealed]);
  }
}

test('25 sealed at rest: a name laid into another wallet’s row opens nowhere; what was to be charged is not sent, and parked', async () => {
  world = await World.open();
  const [one, other] = [await sell(world), await sell(world)];
  const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
  await liveToRenewal(world, other);
  await world.control('DELETE', `/faults/${fault}`);
  const waiting = [await lastCharge(world, one), await lastCharge(world, other)];
  expect(waiting).toMatchObject([{ status: 'created', period_no: 2 }, { status: 'created', period_no: 2 }]);

  await swap(one, other);
  await world.pass(600_000);
  for (const charge of waiting) {
    expect(await world.list(`/v1/parked?kind=charge&row=${charge.id}`)).toMatchObject([{ error: `the name of wallet ${charge.source} does not open` }]);
    expect(await world.get(`/v1/charges/${charge.id}`)).toMatchObject({ status: 'created', source: null });
    expect((await gatewayShows(world, charge)).payments).toBe(0);
  }
  expect(await world.get(`/v1/subscriptions/${one}`)).toMatchObject({ status: 'active', source: null });

  await swap(one, other);
  for (const { id } of await world.list('/v1/parked')) await world.post(`/v1/parked/${id}/release`);
  await world.pass(600_000);
  for (const subscription of [one, other]) await expectEachPaidOnce(world, subscription, 2);

  // No charge is even made of it.
  await swap(one, other);
  await liveToRenewal(world, other);
  for (const subscription of [one, other]) {
    expect(await chargesOf(world, subscription)).toHaveLength(2);
    expect(await world.list(`/v1/parked?kind=subscription&row=${subscription}`)).toMatchObject([{ error: expect.stringMatching(/^the name of wallet psrc_\w+ does not open$/) }]);
  }
});

test('25 sealed at rest: a charge whose stored body was changed is not sent', async () => {
  world = await World.open();
  const subscription = await sell(world);
  const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const charge = await lastCharge(world, subscription);
  // Whoever owns the tables can put their guards aside.
  await world.database.transaction(async (tx) => {
    await tx.query('set local session_replication_role = replica');
    await tx.query(`update charges set body = replace(body, '"amount":3900', '"amount":390000') where id = $1`, [charge.id]);
  });
  await world.pass(600_000);
  expect(await world.list(`/v1/parked?row=${charge.id}`)).toMatchObject([{ error: 'what would be sent is not what was frozen' }]);
  expect((await gatewayShows(world, charge)).payments).toBe(0);
});
