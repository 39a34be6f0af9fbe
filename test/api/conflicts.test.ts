import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { refused, send, TEA, WEB } from './outsider.js';

const DAY = 86_400_000;

let world: World;
beforeAll(async () => {
  world = await World.open({ now: '2026-03-01T00:00:00Z' });
  await world.post('/v1/plans', TEA);
});
afterAll(() => world.close());

async function sell(more: object = {}, who: object = {}): Promise<string> {
  const customer = await world.post('/v1/customers', who);
  return (await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...WEB, ...more })).id;
}

async function running(): Promise<string> {
  const id = await sell();
  await world.pay(id);
  return id;
}

const act = (id: string, action: string) => `/v1/subscriptions/${id}/${action}`;

describe('plans', () => {
  test('a code is taken once', async () => {
    await refused(world, 'post', '/v1/plans', { body: TEA }, { status: 409, code: 'plan_code_taken' });
  });

  test('of many at once that want a code one gets it', async () => {
    const body = { ...TEA, code: 'wanted' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(world, 'post', '/v1/plans', { body })));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
  });

  test('one that is not sold any more is not sold', async () => {
    await world.post('/v1/plans', { ...TEA, code: 'gone', active: false });
    const { id } = await world.post('/v1/customers', {});
    await refused(world, 'post', '/v1/subscriptions', { body: { customer: id, plan: 'gone', ...WEB } }, { status: 409, code: 'plan_inactive' });
  });
});

describe('a subscription’s state decides what can be done to it', () => {
  const DONE: [action: string, body: object][] = [
    ['checkout', WEB],
    ['cancel', { at: 'now' }],
    ['cancel', { at: 'period_end' }],
    ['uncancel', {}],
    ['pause', {}],
    ['resume', {}],
  ];

  test.each(DONE)('canceled: no %s %o', async (action, body) => {
    const id = await running();
    await world.post(act(id, 'cancel'), { at: 'now', reason: 'moved away' });
    await refused(world, 'post', act(id, action), { body }, { status: 409, code: 'subscription_canceled' });
  });

  test.each(DONE)('expired: no %s %o', async (action, body) => {
    const clock = await world.post('/v1/test_clocks', { now: '2026-01-01T00:00:00Z' });
    const id = await sell({}, { test_clock: clock.id });
    await world.advance(clock.id, '2026-01-02T00:00:00Z');
    await refused(world, 'post', act(id, action), { body }, { status: 409, code: 'subscription_expired' });
  });

  test('running: nothing to undo or to resume', async () => {
    const id = await running();
    await refused(world, 'post', act(id, 'uncancel'), {}, { status: 409, code: 'subscription_not_canceling' });
    await refused(world, 'post', act(id, 'resume'), {}, { status: 409, code: 'subscription_not_paused' });
  });

  test('paused: not twice', async () => {
    const id = await running();
    await world.post(act(id, 'pause'), {});
    await refused(world, 'post', act(id, 'pause'), {}, { status: 409, code: 'subscription_paused' });
  });

  test.each([
    ['incomplete', {}],
    ['trialing', { trial_days: 7 }],
  ])('%s: not paused', async (status, more) => {
    const id = await sell(more);
    await refused(world, 'post', act(id, 'pause'), {}, { status: 409, code: `subscription_${status}` });
  });
});

describe('what is allowed answers with the subscription', () => {
  test('cancel at the period’s end, and its undoing; doing it twice changes nothing', async () => {
    const id = await running();
    const canceling = await world.post(act(id, 'cancel'), { at: 'period_end', reason: 'too much tea' });
    expect(canceling).toMatchObject({ id, status: 'active', cancel_at_period_end: true, canceled_at: null, next_charge_at: null });
    expect(await world.post(act(id, 'cancel'), { at: 'period_end' })).toMatchObject({ cancel_reason: 'too much tea' });
    expect(await world.post(act(id, 'uncancel'))).toMatchObject({ cancel_at_period_end: false, next_charge_at: canceling['current_period'].end });
  });

  test('cancel now', async () => {
    const id = await running();
    const canceled = await world.post(act(id, 'cancel'), { at: 'now' });
    expect(canceled).toMatchObject({ status: 'canceled', canceled_at: expect.any(String), next_charge_at: null });
  });

  test('pause and resume within the paid period', async () => {
    const id = await running();
    const before = await world.get(`/v1/subscriptions/${id}`);
    const resumes = new Date(world.clock.at + 5 * DAY).toISOString();
    expect(await world.post(act(id, 'pause'), { resumes_at: resumes })).toMatchObject({ status: 'paused', resumes_at: resumes, paused_at: expect.any(String) });
    const resumed = await world.post(act(id, 'resume'));
    expect(resumed).toEqual({ ...before, updated_at: resumed['updated_at'] });
  });

  test('checkout of an open sign-up gives the same link again', async () => {
    const id = await sell();
    const before = await world.get(`/v1/subscriptions/${id}`);
    expect(await world.post(act(id, 'checkout'), { ...WEB, terminal_type: 'APP', os_type: 'IOS' })).toMatchObject({ checkout: before['checkout'] });
    expect(await world.list(`/v1/charges?subscription=${id}`)).toHaveLength(1);
  });
});

test('while the wallet is being charged there is no checkout, and the clock waits for it', async () => {
  const clock = await world.post('/v1/test_clocks', { now: '2026-01-31T04:00:00Z' });
  const id = await sell({}, { email: 'slow@example.com', test_clock: clock.id });
  await world.pay(id);
  await world.control('POST', '/wallets/slow@example.com/behaviour', { outcome: 'pending', times: 1 });
  const to = '2026-03-01T04:00:00Z';
  const advancing = await send(world, 'post', `/v1/test_clocks/${clock.id}/advance`, { body: { to } });
  expect([advancing.status, advancing.body]).toEqual([202, expect.objectContaining({ id: clock.id, object: 'test_clock', status: 'advancing' })]);
  await world.settle();

  const [charge] = await world.list(`/v1/charges?subscription=${id}&kind=recurring`);
  expect(charge).toMatchObject({ status: 'pending' });
  expect(await world.get(`/v1/test_clocks/${clock.id}`)).toMatchObject({ status: 'advancing', now: '2026-02-28T04:00:00.000Z', waiting_on: [charge?.['id']] });
  const busy = await refused(world, 'post', act(id, 'checkout'), { body: WEB }, { status: 409, code: 'charge_in_progress' });
  expect(busy.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  await refused(world, 'post', `/v1/test_clocks/${clock.id}/advance`, { body: { to } }, { status: 409, code: 'test_clock_advancing' });

  await world.control('POST', `/payments/${charge?.['gateway_payment_id']}/approve`);
  const reconciled = await world.post(`/v1/charges/${charge?.['id']}/reconcile`);
  expect(reconciled).toMatchObject({ id: charge?.['id'], status: 'captured' });
  await world.settle();
  expect(await world.get(`/v1/test_clocks/${clock.id}`)).toMatchObject({ status: 'ready', now: '2026-03-01T04:00:00.000Z', waiting_on: [] });
});

describe('test clocks', () => {
  test('never go back', async () => {
    const { id } = await world.post('/v1/test_clocks', { now: '2026-03-01T00:00:00Z' });
    const back = { body: { to: '2026-02-28T23:59:59.999Z' } };
    await refused(world, 'post', `/v1/test_clocks/${id}/advance`, back, { status: 422, code: 'validation_failed', paths: ['to'] });
    expect(await world.get(`/v1/test_clocks/${id}`)).toMatchObject({ status: 'ready', now: '2026-03-01T00:00:00.000Z' });
  });

  test('may be told to stay, and take any offset', async () => {
    const { id, now } = await world.post('/v1/test_clocks', { now: '2026-03-01T08:00:00.5+08:00' });
    expect(now).toBe('2026-03-01T00:00:00.500Z');
    await world.advance(id, '2026-03-01T00:00:00.500Z');
    expect(await world.get(`/v1/test_clocks/${id}`)).toMatchObject({ status: 'ready', now });
  });

  test('take their customers with them when they are deleted', async () => {
    const { id } = await world.post('/v1/test_clocks', { now: '2026-03-01T00:00:00Z' });
    const customer = await world.post('/v1/customers', { test_clock: id });
    expect((await send(world, 'delete', `/v1/test_clocks/${id}`)).status).toBe(204);
    await refused(world, 'post', `/v1/test_clocks/${id}/advance`, { body: { to: '2027-01-01T00:00:00Z' } }, { status: 404, code: 'test_clock_not_found' });
    expect((await send(world, 'get', `/v1/customers/${customer.id}`)).body).toMatchObject({ code: 'customer_not_found' });
  });
});
