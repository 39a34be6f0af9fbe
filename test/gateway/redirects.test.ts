import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { arm, chargesOf, gatewayShows, HOUR, lastCharge, MINUTE, RETURN_URLS, SECOND, signUp } from './shop.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const REDIRECT = { match: { kind: 'redirect' } };

async function checkoutOf(subscription: string) {
  return (await world.get(`/v1/subscriptions/${subscription}`)).checkout as { status: string; url: string | null };
}

test('the answer to a redirect is lost: it is asked for once more with its key, and the customer pays through its link', async () => {
  await arm(world, 'response_lost', { ...REDIRECT, times: 1 });
  const { id } = await signUp(world);
  expect(await lastCharge(world, id)).toMatchObject({ status: 'unknown', sends: 1, redirect_url: null });
  await world.pass(10 * SECOND, 5 * SECOND);
  expect(await lastCharge(world, id)).toMatchObject({ status: 'pending', sends: 2, redirect_url: expect.stringContaining('/pay/sid_') });
  expect((await checkoutOf(id)).url).toContain('/pay/sid_');
  await world.pay(id);
  expect(await world.get(`/v1/subscriptions/${id}`)).toMatchObject({ status: 'active' });
  const charge = await lastCharge(world, id);
  expect(await gatewayShows(world, charge)).toEqual({ payments: 1, captures: [3900] });
});

test('the request for a redirect is lost: the second one is the first that the gateway sees', async () => {
  await arm(world, 'reset_before_commit', { ...REDIRECT, times: 1 });
  const { id } = await signUp(world);
  await world.pass(10 * SECOND, 5 * SECOND);
  expect(await lastCharge(world, id)).toMatchObject({ status: 'pending', sends: 2 });
  await world.pay(id);
  expect(await gatewayShows(world, await lastCharge(world, id))).toEqual({ payments: 1, captures: [3900] });
});

test('the answer is lost twice: it is looked up, never sent a third time', async () => {
  await arm(world, 'response_lost', { ...REDIRECT, times: 2 });
  const { id } = await signUp(world);
  await world.pass(5 * MINUTE, 5 * SECOND);
  const charge = await lastCharge(world, id);
  expect(charge).toMatchObject({ status: 'pending', sends: 2 });
  expect(await gatewayShows(world, charge)).toEqual({ payments: 1, captures: [] });
});

test('the answer is lost, and a capture is the first that is heard of a wallet that takes another one’s place', async () => {
  const { id } = await signUp(world);
  await world.pay(id);
  const before = (await world.get(`/v1/subscriptions/${id}`)).source;
  await arm(world, 'response_lost', { ...REDIRECT, times: 1 });
  await world.post(`/v1/subscriptions/${id}/checkout`, { terminal_type: 'WEB', ...RETURN_URLS });
  const { reference } = await lastCharge(world, id);
  const [payment] = [...world.sandbox.gateway.context.store.payments.rows.values()].filter(({ terms }) => terms.reference === reference);
  await world.control('POST', `/payments/${payment?.id}/approve`);
  await world.settle();
  expect(await lastCharge(world, id)).toMatchObject({ reference, status: 'captured', surplus: false, sends: 1 });
  const { source } = await world.get(`/v1/subscriptions/${id}`);
  expect(source).toMatchObject({ status: 'active' });
  expect(source?.id).not.toBe(before?.id);
  expect(await world.list('/v1/parked')).toEqual([]);
});

test('the customer closes the page: the redirect expires at the gateway, and nothing is charged', async () => {
  const { id } = await signUp(world);
  await world.pass(HOUR, MINUTE);
  const charges = await chargesOf(world, id);
  expect(charges).toMatchObject([{ status: 'expired', sends: 1 }]);
  expect(await world.book()).toEqual([]);
  expect(await world.get(`/v1/subscriptions/${id}`)).toMatchObject({ status: 'incomplete' });
});
