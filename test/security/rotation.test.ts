import { afterEach, expect, test } from 'vitest';
import { InstallationSecret } from '../../src/platform/crypto/secret.js';
import { accountOf, reseal } from '../../src/rotation/reseal.js';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { DAY, expectEachPaidOnce, sell } from '../gateway/shop.js';
import { Merchant } from '../support/merchant.js';
import { World } from '../support/world.js';

const OLD = 'the-secret-of-yesterday';
const NEW = 'the-secret-of-today';
const WEEK = 7 * DAY;

let world: World;
afterEach(() => world.close());

const urlOf = (one: World): string => (one.database.dataSource.options as { url: string }).url;
const resealed = (...values: [string, ...string[]]) => reseal(urlOf(world), new InstallationSecret(values), 2);

const sourceOf = async (subscription: string) => (await world.get(`/v1/subscriptions/${subscription}`)).source?.id as string;

test('26 rotation: billing goes on while the secret is replaced and everything is sealed anew; then the old one is dropped', async () => {
  world = await World.open({ config: { ZHOUQI_SECRET: OLD, WEBHOOKS_ALLOW_PRIVATE: 'true' }, leastPrivilege: true });
  const merchant = await Merchant.open(world);
  await merchant.endpoint({ events: ['subscription.renewed', 'charge.captured'] });
  const lives: string[] = [];
  for (let i = 0; i < 8; i += 1) lives.push(await sell(world, { renewal_notice: 'off' }));
  const [first] = lives as [string];
  const before = await sourceOf(first);

  // First every engine learns to read the new one, then it is written with.
  const late = await world.replica({ ZHOUQI_SECRET: [OLD, NEW] });
  await world.restart({ ZHOUQI_SECRET: [NEW, OLD] });
  expect(await world.list(`/v1/subscriptions?source=${before}`), 'found by what the old one has stored').toMatchObject([{ id: first }]);
  lives.push(await sell(world, { renewal_notice: 'off' }));

  // All of them renew while both engines work and the rows are sealed anew beneath them.
  const work = world.pass(WEEK);
  const [done] = await Promise.all([resealed(NEW, OLD), work, late.get(Scheduler).drain()]);
  await late.close();
  await world.settle();
  expect(done.unreadable).toEqual([]);
  expect(done.columns).toEqual([
    { name: 'sources.gateway_source_id', resealed: 8 },
    { name: 'webhook_endpoints.secret', resealed: 1 },
    { name: 'webhook_endpoints.previous_secret', resealed: 0 },
  ]);
  expect(accountOf(done)).toContain('A replaced secret may be dropped now');
  const again = await resealed(NEW, OLD);
  expect(again.columns.map((column) => column.resealed)).toEqual([0, 0, 0]);

  await world.restart({ ZHOUQI_SECRET: [NEW] });
  merchant.receiver.taken.length = 0;
  await world.pass(WEEK);
  for (const subscription of lives) await expectEachPaidOnce(world, subscription, 3);
  expect(await sourceOf(first)).toBe(before);
  expect(await world.list(`/v1/subscriptions?source=${before}`)).toMatchObject([{ id: first }]);
  expect(await world.list(`/v1/charges?source=${before}`)).toHaveLength(3);
  expect(await world.list('/v1/parked')).toEqual([]);
  expect(merchant.receiver.types()).toEqual(expect.arrayContaining(['charge.captured', 'subscription.renewed']));
  await merchant.close();
});

test('26 rotation: what is not sealed anew keeps the old secret, and is named; a run that broke off is gone on with', async () => {
  world = await World.open({ config: { ZHOUQI_SECRET: OLD } });
  const lives = [await sell(world), await sell(world), await sell(world)];
  const [broken] = await world.database.query<{ id: string }>('select id from sources where subscription = $1', [lives[1]]);
  await world.database.query(`update sources set gateway_source_id = gateway_source_id || 'x' where id = $1`, [broken?.id]);
  await world.call('post', '/v1/customers').set('idempotency-key', 'kept').send({}).expect(201);

  const blind = await resealed(NEW);
  expect([blind.columns[0]?.resealed, blind.unreadable.length]).toEqual([0, 3]);
  const done = await resealed(NEW, OLD);
  expect(done.columns[0]?.resealed).toBe(2);
  expect(done.unreadable).toEqual([`sources.gateway_source_id ${broken?.id}`]);
  expect(accountOf(done)).toMatch(/keep the replaced secrets/);
  expect(done.answersUntil, 'an answer goes by itself').toEqual(new Date(world.clock.at + DAY));
  await world.database.query('update sources set gateway_source_id = left(gateway_source_id, -1) where id = $1', [broken?.id]);
  const mended = await resealed(NEW, OLD);
  expect([mended.columns[0]?.resealed, mended.unreadable]).toEqual([1, []]);
  expect(accountOf(mended)).toContain(`may be dropped from ${mended.answersUntil?.toISOString()} on`);
});
