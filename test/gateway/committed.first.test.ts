import { afterEach, beforeEach, expect, test } from 'vitest';
import { Sender } from '../../src/payments/sender.js';
import { World } from '../support/world.js';
import { arm, chargesOf, expectEachPaidOnce, liveToRenewal, MINUTE, sell } from './shop.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
});
afterEach(() => world.close());

/** From here on no transaction that takes a charge for sending can be committed, as on a disk that is full. */
async function refuseCommits(): Promise<() => Promise<unknown>> {
  await world.database.query(`create function refuse_commit() returns trigger language plpgsql as $$
    begin raise exception 'the disk is full' using errcode = '53100'; end $$`);
  await world.database.query(`create constraint trigger refuse_commit after insert or update on charges deferrable initially deferred
    for each row when (new.status = 'sending') execute function refuse_commit()`);
  return () => world.database.query('drop trigger refuse_commit on charges');
}

/** How many payments the gateway was asked for. */
const asked = (): number => Object.values(world.sandbox.gateway.requests.payment ?? {}).reduce((sum, n) => sum + n, 0);

/** Lets whoever is due try, until the database refuses it. */
async function refused(work: Promise<void>): Promise<void> {
  await expect(work).rejects.toThrow('the disk is full');
  // What was sent without a commit arrives all the same.
  await world.app.get(Sender).idle();
}

test('a charge that is taken for sending as it is born: a commit that fails keeps every byte at home', async () => {
  const before = asked();
  expect(before).toBeGreaterThan(0);
  const mend = await refuseCommits();
  await refused(liveToRenewal(world, subscription));
  expect(asked()).toBe(before);
  expect(await chargesOf(world, subscription)).toHaveLength(1);
  await mend();
  await world.pass(MINUTE);
  await expectEachPaidOnce(world, subscription, 2);
});

test('a charge that had to wait: a commit that fails keeps every byte at home', async () => {
  const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const before = asked();
  const mend = await refuseCommits();
  await refused(world.pass(MINUTE));
  expect(asked()).toBe(before);
  expect((await chargesOf(world, subscription)).at(-1)).toMatchObject({ status: 'created', sends: 1 });
  await mend();
  await world.pass(MINUTE);
  await expectEachPaidOnce(world, subscription, 2);
});
