import { expect, test } from 'vitest';
import { PATIENCE, redirectBody, startWorld, storedBody } from './support.js';

test('the same key gives the same status and body, and charges once', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  const first = await world.call('POST', '/payments', { body, key: 'k1' });
  await world.live(10);
  expect((await world.details(first.body.id)).status).toBe('Captured');
  const again = await world.call('POST', '/payments', { body, key: 'k1' });
  expect([again.status, again.text]).toEqual([first.status, first.text]);
  expect(again.body.status).toBe('Pending');
  expect(again.headers['cko-request-id']).not.toBe(first.headers['cko-request-id']);
  expect((await world.book()).CNY.captured).toBe(1100 + 4900);
});

test('a key lives for 24 hours, then it charges again', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  const first = await world.call('POST', '/payments', { body, key: 'k1' });
  await world.live(24 * 3600 - 1);
  expect((await world.call('POST', '/payments', { body, key: 'k1' })).body.id).toBe(first.body.id);
  await world.live(1);
  expect((await world.call('POST', '/payments', { body, key: 'k1' })).body.id).not.toBe(first.body.id);
});

test('only successes are stored: a refused key is free again', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  expect((await world.call('POST', '/payments', { body: { ...body, amount: 0 }, key: 'k1' })).status).toBe(422);
  expect((await world.call('POST', '/payments', { body, key: 'k1' })).status).toBe(202);
});

test('a declined 201 is a success and is replayed', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  await world.arm('declined_synchronously', {}, { times: 1 });
  const first = await world.call('POST', '/payments', { body, key: 'k1' });
  const again = await world.call('POST', '/payments', { body, key: 'k1' });
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.text).toBe(first.text);
});

test('keys are kept per path', async () => {
  const world = await startWorld();
  const source = await world.source();
  const [one, two] = [await world.charge(source), await world.charge(source)];
  await world.live(10);
  const refund = (id: string): ReturnType<typeof world.call> => world.call('POST', `/payments/${id}/refunds`, { body: { amount: 100 }, key: 'k1' });
  const [first, again, other] = [await refund(one.body.id), await refund(one.body.id), await refund(two.body.id)];
  expect(again.body.action_id).toBe(first.body.action_id);
  expect(other.body.action_id).not.toBe(first.body.action_id);
});

test('another body under the same key: replayed, or refused by setting', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  const first = await world.call('POST', '/payments', { body, key: 'k1' });
  const other = { ...body, amount: 5000 };
  expect((await world.call('POST', '/payments', { body: other, key: 'k1' })).body.id).toBe(first.body.id);
  await world.settings({ key_reuse: 'refuse' });
  expect((await world.call('POST', '/payments', { body: other, key: 'k1' })).status).toBe(422);
  expect((await world.call('POST', '/payments', { body, key: 'k1' })).status).toBe(202);
});

test.each([[409, 'request_conflict'], [429, 'too_many_requests']])('while a key is in flight it answers %i', async (status, errorType) => {
  const world = await startWorld({ settings: { key_conflict_status: status } });
  const body = redirectBody('Recurring');
  await world.arm('hang_then_accept', { seconds: 60 }, { times: 1 });
  const first = world.call('POST', '/payments', { body, key: 'k1' });
  await expect.poll(async () => (await world.control('GET', '/idle')).body.requests_in_hand, PATIENCE).toBe(1);
  expect(await world.call('POST', '/payments', { body, key: 'k1' })).toMatchObject({ status, body: { error_type: errorType } });
  await world.live(60);
  const accepted = await first;
  expect((await world.call('POST', '/payments', { body, key: 'k1' })).text).toBe(accepted.text);
});
