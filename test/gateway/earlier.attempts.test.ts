import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { arm, chargesOf, DAY, expectEachPaidOnce, HOUR, liveToRenewal, MINUTE, sell } from './shop.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  // What a resume changes would be told anew before it is charged, which takes longer than these stories.
  subscription = await sell(world, { renewal_notice: 'off' });
});
afterEach(() => world.close());

/** A renewal that is told as declined, and whose money comes an hour later without a word. */
async function declinedAndCapturedInSilence(): Promise<void> {
  const faults = [await arm(world, 'decline', { match: { kind: 'stored' } }), await arm(world, 'late_capture', { params: { seconds: 3_600 } })];
  await liveToRenewal(world, subscription);
  expect(await chargesOf(world, subscription)).toMatchObject([{ status: 'captured' }, { status: 'declined' }]);
  for (const fault of faults) await world.control('DELETE', `/faults/${fault}`);
  const silence = await arm(world, 'webhook_lost');
  await world.pass(2 * HOUR, HOUR);
  await world.control('DELETE', `/faults/${silence}`);
  expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'past_due' });
}

test('before a later attempt is sent, the earlier ones are looked at: the money has come meanwhile', async () => {
  await declinedAndCapturedInSilence();
  await world.pass(DAY, HOUR);
  expect(await chargesOf(world, subscription)).toMatchObject([{ status: 'captured' }, { status: 'captured' }, { status: 'withdrawn', sends: 0 }]);
  expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'active' });
  await expectEachPaidOnce(world, subscription, 2);
});

test('a look that fails lets nothing pass: the later attempt waits until the earlier ones could be looked at', async () => {
  await declinedAndCapturedInSilence();
  const deafness = await arm(world, 'reads_failing', { match: { operation: 'list' } });
  await world.pass(DAY, HOUR);
  expect(await chargesOf(world, subscription)).toMatchObject([{ status: 'captured' }, { status: 'declined' }, { status: 'created', sends: 0 }]);
  await world.control('DELETE', `/faults/${deafness}`);
  await world.pass(10 * MINUTE, MINUTE);
  expect((await chargesOf(world, subscription)).at(-1)).toMatchObject({ status: 'withdrawn', sends: 0 });
  await expectEachPaidOnce(world, subscription, 2);
});

test('while a charge is in flight its invoice is not charged again, although the ladder begins anew', async () => {
  const empty = await arm(world, 'decline', { match: { kind: 'stored' } });
  await liveToRenewal(world, subscription);
  await world.pass(8 * DAY, 12 * HOUR);
  await world.control('DELETE', `/faults/${empty}`);
  await arm(world, 'pending_long', { params: { seconds: 3 * 86_400 }, times: 1 });
  await world.pass(DAY + HOUR);
  const retry = (await chargesOf(world, subscription)).at(-1);
  expect(retry).toMatchObject({ status: 'pending', period_no: 2, attempt: 4 });
  // The next period is owed as well, so that a resume finds something to collect: the oldest invoice first.
  expect(await world.list(`/v1/invoices?subscription=${subscription}&status=open`)).toHaveLength(2);
  await world.post(`/v1/subscriptions/${subscription}/pause`);
  await world.post(`/v1/subscriptions/${subscription}/resume`, { confirm_charge: true });
  await world.pass(2 * DAY, 12 * HOUR);
  expect(await chargesOf(world, subscription)).toHaveLength(5);
  await world.pass(3 * DAY, 12 * HOUR);
  await expectEachPaidOnce(world, subscription, 4);
});
