import { afterAll, beforeAll, expect, test } from 'vitest';
import { arm, chargesOf, expectEachPaidOnce, HOUR, MINUTE, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test.each([
  'webhook_lost', 'webhook_duplicated', 'webhook_parallel', 'webhook_other_event_id', 'webhook_out_of_order', 'webhook_bad_signature',
  'webhook_unsigned', 'webhook_modified', 'webhook_other_key', 'webhook_unknown_type', 'webhook_extra_fields', 'webhook_other_timestamp',
  'webhook_missing_fields', 'webhook_foreign_payment', 'webhook_amount_mismatch', 'webhook_currency_mismatch', 'webhook_ack_ignored', 'clock_skew',
])('%s: the customer pays once, and each thing is told once', async (type) => {
  const fault = await arm(world, type);
  const { id } = await signUp(world);
  await world.pay(id);
  await world.pass(HOUR, 15 * MINUTE);
  await world.control('DELETE', `/faults/${fault}`);
  expect(await world.news(id)).toEqual([
    'subscription.created', 'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'invoice.paid', 'subscription.activated',
  ]);
  await expectEachPaidOnce(world, id, 1);
  expect(await chargesOf(world, id)).toMatchObject([{ status: 'captured', sends: 1 }]);
});
