import { expect, test } from 'vitest';
import { startWorld, type Answer, type World } from './support.js';

const refund = (world: World, id: string, body?: object, key?: string): Promise<Answer> => world.call('POST', `/payments/${id}/refunds`, { body, key });

test('a full refund is accepted, announced, then done', async () => {
  const world = await startWorld();
  const id = await world.captured();
  const accepted = await refund(world, id, { reference: 'RF-1' });
  expect(accepted).toMatchObject({ status: 202, body: { action_id: expect.stringMatching(/^act_[a-z2-7]{26}$/), reference: 'RF-1', _links: { payment: { href: `${world.sandbox.url}/payments/${id}` } } } });
  expect(await world.details(id)).toMatchObject({ status: 'Captured', balances: { total_refunded: 0, available_to_refund: 0 } });
  expect((await world.call('GET', `/payments/${id}/actions`)).body[0]).toEqual({ id: accepted.body.action_id, type: 'Refund', processed_on: expect.any(String), amount: 4900, reference: 'RF-1', metadata: {} });
  await world.live(20);
  expect(await world.details(id)).toMatchObject({ status: 'Refunded', balances: { total_captured: 4900, total_refunded: 4900, available_to_refund: 0 } });
  const pending = world.receiver.of('payment_refund_pending')[0]!.body.data;
  expect(Object.keys(pending)).toEqual(['id', 'action_id', 'amount', 'currency', 'processed_on']);
  expect(world.receiver.of('payment_refunded')[0]!.body).toMatchObject({ created_on: expect.any(String), data: { id, action_id: accepted.body.action_id, reference: 'RF-1', amount: 4900, balances: { total_refunded: 4900 } } });
  expect((await world.book()).CNY).toEqual({ captured: 6000, captured_count: 2, refunded: 4900, refunded_count: 1, returned: 0, returned_count: 0, net: 1100 });
});

test('partial refunds add up; open ones are reserved; what is left is the default', async () => {
  const world = await startWorld();
  const id = await world.captured();
  await refund(world, id, { amount: 1000 });
  expect((await refund(world, id, { amount: 3901 })).body.error_codes).toEqual(['amount_exceeds_balance']);
  await world.live(20);
  expect((await world.details(id)).status).toBe('Partially Refunded');
  expect((await refund(world, id)).status).toBe(202);
  await world.live(20);
  expect(await world.details(id)).toMatchObject({ status: 'Refunded', balances: { total_refunded: 4900 } });
  expect((await refund(world, id, { amount: 1 })).status).toBe(422);
});

test.each([[{ amount: -1 }, 'amount_invalid'], [{ amount: 1.5 }, 'amount_invalid'], [{ amount: '5' }, 'amount_invalid'], [{ reference: 'x'.repeat(81) }, 'reference_invalid']])('refused: %j', async (body, code) => {
  const world = await startWorld();
  expect(await refund(world, await world.captured(), body)).toMatchObject({ status: 422, body: { error_codes: [code] } });
});

test('only captured payments, only within a year', async () => {
  const world = await startWorld();
  const source = await world.source();
  const { body: pending } = await world.charge(source);
  expect(await refund(world, pending.id)).toMatchObject({ status: 403, body: { error_type: 'action_not_allowed' } });
  expect((await refund(world, `pay_${'a'.repeat(26)}`)).status).toBe(404);
  await world.live(365 * 86_400);
  expect((await refund(world, pending.id, { amount: 1 })).status).toBe(202);
  await world.live(10);
  expect((await refund(world, pending.id, { amount: 1 })).status).toBe(403);
});

test('a declined refund gives its reservation back', async () => {
  const world = await startWorld();
  const id = await world.captured();
  await world.arm('refund_declined', { response_code: '50003' }, { times: 1 });
  const { body } = await refund(world, id, { amount: 4900 });
  await world.live(20);
  expect(await world.details(id)).toMatchObject({ status: 'Captured', balances: { total_refunded: 0, available_to_refund: 4900 } });
  expect((await world.call('GET', `/payments/${id}/actions`)).body[0]).toMatchObject({ id: body.action_id, approved: false, response_code: '50003' });
  expect(world.receiver.of('payment_refund_declined')[0]!.body.data).toMatchObject({ action_id: body.action_id, response_code: '50003' });
  expect((await world.book()).CNY.refunded).toBe(0);
});

test('the answer to an excess and the sight of open refunds are settings', async () => {
  const world = await startWorld({ settings: { refund_excess_status: 403, pending_refund_action: 'hidden' } });
  const id = await world.captured();
  expect((await refund(world, id, { amount: 4901 })).status).toBe(403);
  await refund(world, id, { amount: 100 });
  expect((await world.call('GET', `/payments/${id}/actions`)).body.map(({ type }: any) => type)).toEqual(['Capture', 'Authorization']);
  await world.live(20);
  expect((await world.call('GET', `/payments/${id}/actions`)).body[0].type).toBe('Refund');
});

test('the same key is the same refund', async () => {
  const world = await startWorld();
  const id = await world.captured();
  const [first, again] = [await refund(world, id, { amount: 100 }, 'r1'), await refund(world, id, { amount: 100 }, 'r1')];
  expect(again.body.action_id).toBe(first.body.action_id);
  await world.live(20);
  expect((await world.details(id)).balances.total_refunded).toBe(100);
});
