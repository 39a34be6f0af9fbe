import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { arm, chargesOf, DAY, HOUR, lastCharge, liveToRenewal, MINUTE, sell, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';

type Json = Record<string, any>;

let world: World;
let subscription: string;
let charge: string;

async function open(config: Record<string, string> = {}): Promise<void> {
  world = await World.open({ config });
  subscription = await sell(world);
  charge = (await lastCharge(world, subscription)).id;
}
afterEach(() => world.close());

const refund = (body: object = {}) => world.call('post', `/v1/charges/${charge}/refunds`).send(body);
const refunded = async (): Promise<number> => (await world.get(`/v1/charges/${charge}`)).amount_refunded;
const refunds = (): Promise<Json[]> => world.list(`/v1/refunds?charge=${charge}`);

/** What the gateway gave back of everything that it ever captured. */
async function givenBack(): Promise<number[]> {
  return (await world.book()).flatMap((entry) => entry.refunds.map(({ amount }: { amount: number }) => amount));
}

describe('a refund that somebody asks for', () => {
  beforeEach(() => open());

  test('of the whole charge: promised at once, told when the money went back', async () => {
    const answer = await refund({ reason: 'the tea was cold' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      object: 'refund', charge, subscription, amount: 3900, status: 'created', reason: 'the tea was cold', cause: 'request',
    });
    expect(await world.news(subscription)).toEqual(['refund.created']);
    await world.settle();
    expect(await world.news(subscription)).toEqual(['refund.succeeded', 'charge.refunded']);
    expect(await world.get(`/v1/refunds/${answer.body.id}`)).toMatchObject({
      status: 'succeeded', gateway_action_id: expect.stringMatching(/^act_/),
    });
    expect(await refunded()).toBe(3900);
    expect(await givenBack()).toEqual([3900]);
    expect((await refund()).body).toMatchObject({ status: 409, code: 'charge_refunded' });
  });

  test('in parts, down to the last fen and not one further', async () => {
    for (const amount of [1000, 1, 2899]) expect((await refund({ amount })).status).toBe(201);
    const beyond = await refund({ amount: 1 });
    expect(beyond.body).toMatchObject({ code: 'charge_refunded' });
    await world.settle();
    expect(await givenBack()).toEqual([1000, 1, 2899]);
    expect(await refunded()).toBe(3900);
  });

  test('of more than is left, open ones counted: refused, nothing stored', async () => {
    await refund({ amount: 3000 });
    const beyond = await refund({ amount: 901 });
    expect(beyond.status).toBe(422);
    expect(beyond.body).toMatchObject({ code: 'refund_exceeds_charge', errors: [{ path: 'amount' }] });
    expect(await refunds()).toHaveLength(1);
  });

  test('twenty at once for more than there is: as many as fit', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => refund({ amount: 1300 })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 201, 201, ...Array.from({ length: 17 }, () => 409)]);
    await world.settle();
    expect(await givenBack()).toEqual([1300, 1300, 1300]);
  });

  test('that the gateway declines is undone: its amount can be asked for again', async () => {
    await arm(world, 'refund_declined', { match: {}, times: 1 });
    await refund({ amount: 3900 });
    await world.settle();
    expect(await world.news(subscription)).toEqual(['refund.created', 'refund.declined']);
    expect((await refunds())[0]).toMatchObject({ status: 'declined', response_code: '20006' });
    expect(await refunded()).toBe(0);
    expect((await refund()).status).toBe(201);
    await world.settle();
    expect(await givenBack()).toEqual([3900]);
  });

  test('that the gateway does not allow any more is declined, not tried for ever', async () => {
    await arm(world, 'refund_window_closed', { match: {}, times: 1 });
    await refund();
    await world.settle();
    expect((await refunds())[0]).toMatchObject({ status: 'declined', response_code: 'action_not_allowed' });
    expect(await givenBack()).toEqual([]);
  });

  test('of a charge that was not captured is a conflict; of none, not found; of nothing, bad input', async () => {
    await arm(world, 'pending_forever', { match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    const { id } = await lastCharge(world, subscription);
    expect((await world.call('post', `/v1/charges/${id}/refunds`).send({})).body).toMatchObject({ code: 'charge_not_captured' });
    expect((await world.call('post', '/v1/charges/chg_00000000000000000000000000/refunds').send({})).status).toBe(404);
    for (const amount of [0, -1, 1.5, '100', null]) {
      expect((await refund({ amount })).body).toMatchObject({ status: 422, errors: [{ path: 'amount' }] });
    }
    expect(await world.list('/v1/refunds')).toEqual([]);
  });
});

describe('the gateway plays tricks with a refund', () => {
  beforeEach(() => open());

  const lies: [string, Json][] = [
    ['response_lost', {}],
    ['server_error_committed', { status: 502, body: 'html' }],
    ['internal_error', { committed: true }],
    ['truncated_body', {}],
    ['key_conflict', {}],
    ['reset_before_commit', {}],
    ['server_error', { status: 503, body: 'html' }],
  ];
  test.each(lies)('%s: it is looked up, and given back exactly once', async (type, params) => {
    await arm(world, type, { match: { operation: 'refund' }, params, times: 1 });
    await refund({ amount: 1500 });
    await world.pass(2 * HOUR, 10 * MINUTE);
    expect(await givenBack()).toEqual([1500]);
    expect((await refunds()).map(({ status }) => status)).toEqual(['succeeded']);
    expect(await world.news(subscription)).toEqual(['refund.created', 'refund.succeeded', 'charge.refunded']);
  });

  test('an open refund is not shown among the actions: what the balance holds back is not asked for again', async () => {
    await world.control('PATCH', '/settings', { pending_refund_action: 'hidden' });
    await arm(world, 'server_error_committed', { match: { operation: 'refund' }, times: 1 });
    await arm(world, 'refund_slow', { match: {}, params: { seconds: 2 * 86_400 } });
    await refund({ amount: 1500 });
    await world.pass(3 * DAY, 3 * HOUR);
    expect(await givenBack()).toEqual([1500]);
  });

  test('the webhook is lost: a look-up finds the result', async () => {
    await arm(world, 'webhook_lost', { match: {} });
    await refund();
    await world.pass(HOUR, 5 * MINUTE);
    expect((await refunds())[0]).toMatchObject({ status: 'succeeded' });
  });

  test('credentials refused: nothing is declined, the refund waits and goes out', async () => {
    await arm(world, 'unauthorized', { match: { operation: 'refund' }, times: 1 });
    await refund();
    await world.pass(HOUR, 5 * MINUTE);
    expect((await refunds()).map(({ status }) => status)).toEqual(['succeeded']);
    expect(await givenBack()).toEqual([3900]);
  });

  test('the provider takes a captured payment back: booked as returned, told, never silent', async () => {
    await arm(world, 'payment_returned', { match: { kind: 'stored' }, params: { seconds: 3600 } });
    await liveToRenewal(world, subscription);
    charge = (await lastCharge(world, subscription)).id;
    await world.pass(2 * HOUR, 30 * MINUTE);
    expect(await refunds()).toMatchObject([{ cause: 'returned', status: 'succeeded', amount: 3900 }]);
    expect(await refunded()).toBe(3900);
  });
});

test('the provider takes a payment back while our own refund of it is on its way: one went back, the other is declined', async () => {
  await open();
  await arm(world, 'payment_returned', { match: { kind: 'stored' }, params: { seconds: 3600 } });
  await liveToRenewal(world, subscription);
  charge = (await lastCharge(world, subscription)).id;
  await arm(world, 'server_error', { match: { operation: 'refund' } });
  await refund();
  await world.pass(2 * HOUR, 30 * MINUTE);
  await world.control('DELETE', '/faults');
  expect((await refund()).body).toMatchObject({ status: 409, code: 'charge_refunded' });
  await world.pass(DAY, HOUR);
  expect((await refunds()).map(({ cause, status }) => [cause, status])).toEqual([['returned', 'succeeded'], ['request', 'declined']]);
  expect(await refunded()).toBe(3900);
  expect(await world.list('/v1/parked')).toEqual([]);
});

describe('money that pays for nothing', () => {
  /** A renewal whose first attempt is declined, whose retry is captured, and whose first then turns out captured too. */
  async function doubleCapture(): Promise<void> {
    await arm(world, 'decline', { match: { kind: 'stored' }, times: 1 });
    await arm(world, 'late_capture', { match: { kind: 'stored' }, params: { seconds: 3 * 86_400 }, times: 1 });
    await liveToRenewal(world, subscription);
    await world.pass(4 * DAY, 6 * HOUR);
    const [, first, second] = await chargesOf(world, subscription);
    expect([first, second]).toMatchObject([{ status: 'captured', surplus: true }, { status: 'captured', surplus: false }]);
    charge = first?.id as string;
  }

  test('goes back to the wallet, once, and is announced', async () => {
    await open();
    await doubleCapture();
    expect(await refunds()).toMatchObject([{ cause: 'surplus', status: 'succeeded', amount: 3900 }]);
    const news = await world.news(subscription);
    expect(news.filter((type) => /surplus|refund/.test(type))).toEqual([
      'charge.surplus', 'refund.created', 'refund.succeeded', 'charge.refunded',
    ]);
    expect(await givenBack()).toEqual([3900]);
    expect((await refund()).body).toMatchObject({ code: 'charge_refunded' });
  });

  test('becomes the customer’s balance where the policy says so, and pays for the next period', async () => {
    await open({ SURPLUS_POLICY: 'credit' });
    await doubleCapture();
    const { customer } = await world.get(`/v1/subscriptions/${subscription}`);
    expect((await world.get(`/v1/customers/${customer}`)).balances).toEqual([{ currency: 'CNY', amount: 3900 }]);
    expect((await refund()).body).toMatchObject({ code: 'charge_refunded' });
    await liveToRenewal(world, subscription);
    expect((await world.list(`/v1/invoices?subscription=${subscription}`))[0]).toMatchObject({
      status: 'paid', balance_applied: 3900, amount_paid: 0,
    });
    expect(await givenBack()).toEqual([]);
  });
});

describe('a cancel with a refund', () => {
  beforeEach(() => open());
  const cancel = (body: object) => world.call('post', `/v1/subscriptions/${subscription}/cancel`).send(body);

  test('gives back what the current period cost', async () => {
    await liveToRenewal(world, subscription);
    charge = (await lastCharge(world, subscription)).id;
    await world.news(subscription);
    expect((await cancel({ at: 'now', refund: 'full', reason: 'moving' })).status).toBe(200);
    await world.settle();
    expect(await world.news(subscription)).toEqual([
      'subscription.canceled', 'refund.created', 'refund.succeeded', 'charge.refunded',
    ]);
    expect(await refunds()).toMatchObject([{ cause: 'cancel', amount: 3900, reason: 'moving' }]);
    expect(await givenBack()).toEqual([3900]);
  });

  test('while its charge is on its way: what is captured afterwards pays the invoice and goes back', async () => {
    await arm(world, 'pending_long', { match: { kind: 'stored' }, params: { seconds: 3600 } });
    await liveToRenewal(world, subscription);
    charge = (await lastCharge(world, subscription)).id;
    await cancel({ at: 'now', refund: 'full' });
    await world.pass(2 * HOUR, 20 * MINUTE);
    expect(await world.get(`/v1/charges/${charge}`)).toMatchObject({ status: 'captured', surplus: false });
    expect(await refunds()).toMatchObject([{ cause: 'cancel', status: 'succeeded', amount: 3900 }]);
    expect((await world.get(`/v1/subscriptions/${subscription}`)).status).toBe('canceled');
  });

  test('at the end of the period makes no sense and is refused', async () => {
    expect((await cancel({ at: 'period_end', refund: 'full' })).body).toMatchObject({ status: 422, errors: [{ path: 'refund' }] });
    expect((await cancel({ at: 'now', refund: 'prorated' })).body).toMatchObject({ status: 422, errors: [{ path: 'refund' }] });
  });
});

test('money of a sign-up that has expired goes back in full, and revives nothing', async () => {
  await open({ SURPLUS_POLICY: 'credit' });
  await arm(world, 'setup_abandoned', { match: { kind: 'redirect' } });
  await arm(world, 'late_capture', { match: { kind: 'redirect' }, params: { seconds: 30 * 3600 } });
  const late = await signUp(world);
  await world.pass(32 * HOUR, HOUR);
  charge = (await lastCharge(world, late.id)).id;
  expect(await world.get(`/v1/charges/${charge}`)).toMatchObject({ status: 'captured', surplus: true, amount_refunded: 3900 });
  expect(await world.get(`/v1/subscriptions/${late.id}`)).toMatchObject({
    status: 'incomplete_expired', source: { status: 'superseded' },
  });
  expect(await givenBack()).toEqual([3900]);
});
