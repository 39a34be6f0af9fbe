import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Charge } from '../../src/domain/charge.js';
import { SettlementDoor } from '../../src/payments/settlement.door.js';
import { World } from '../support/world.js';
import { KEY } from '../sandbox/support.js';
import { arm, bytesOf, chargesOf, expectEachPaidOnce, HOUR, lastCharge, liveToRenewal, MINUTE, SECOND, sell } from './shop.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
});
afterEach(() => world.close());

/** A renewal whose worker took the lease and was never heard of again. */
async function abandonWhileSending(): Promise<Charge> {
  // The gateway takes nothing for a moment, so that the charge waits; then a worker claims it and dies.
  const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const { id } = await lastCharge(world, subscription);
  const now = new Date(world.clock.at);
  await world.database.query(
    `update charges set status = 'sending', sends = sends + 1, lease_token = lease_token + 1, lease_until = $2::timestamptz + interval '120 s',
            last_sent_at = $2, next_check_at = $2::timestamptz + interval '120 s', checks = 0 where id = $1`,
    [id, now],
  );
  return lastCharge(world, subscription);
}

async function send(charge: Charge): Promise<Response> {
  return fetch(`${world.sandbox.url}/payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'cko-idempotency-key': charge.idempotency_key },
    body: await bytesOf(world, charge),
  });
}

test('it died before the first byte: nobody touches the charge within the lease, and it is sent again half an hour later', async () => {
  const left = await abandonWhileSending();
  await world.pass(119 * SECOND);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'sending', lease_token: left.lease_token });
  await world.pass(2 * SECOND);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: left.sends });
  await world.pass(27 * MINUTE, MINUTE);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: left.sends });
  await world.pass(5 * MINUTE, MINUTE);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: left.sends + 1, idempotency_key: left.idempotency_key });
  await expectEachPaidOnce(world, subscription, 2);
});

test('it died after the last byte: a look-up finds the payment, nothing is sent again', async () => {
  await arm(world, 'webhook_lost');
  const left = await abandonWhileSending();
  expect((await send(left)).status).toBe(202);
  await world.pass(2 * MINUTE);
  await world.pass(10 * SECOND, 5 * SECOND);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: left.sends });
  await expectEachPaidOnce(world, subscription, 2);
});

test('it was only asleep: what it says under its old lease counts for nothing', async () => {
  const left = await abandonWhileSending();
  await world.pass(HOUR, MINUTE);
  const before = await chargesOf(world, subscription);
  expect(before.at(-1)).toMatchObject({ status: 'captured' });
  const old = { charge: left.id, request_id: 'req-old', claimed: left };
  const door = world.app.get(SettlementDoor);
  await Promise.all([
    door.settle({ ...old, kind: 'refused', codes: ['source_id_unknown'] }),
    door.settle({ ...old, kind: 'not_taken', reason: 'rate_limited' }),
    door.settle({ ...old, kind: 'unknown', reason: 'reset' }),
  ]);
  expect(await chargesOf(world, subscription)).toEqual(before);
  await expectEachPaidOnce(world, subscription, 2);
});
