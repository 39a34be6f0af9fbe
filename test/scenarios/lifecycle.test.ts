import { afterAll, beforeAll, expect, test } from 'vitest';
import { plan, sell, sellAndPay, subscriptionOf, URLS } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

test('a sign-up that nobody pays ends after 24 hours and its invoice is voided', async () => {
  const life = await sell(world, code, START);
  await world.news(life.subscription);
  await world.advance(life.clock, '2026-03-11T01:59:59Z');
  expect(await world.news(life.subscription)).toEqual([]);
  await world.advance(life.clock, '2026-03-11T02:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['invoice.voided', 'subscription.expired']);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete_expired', access_reason: 'none' });
});

test('money that comes after the sign-up has expired is surplus and goes back, and the subscription stays ended', async () => {
  const life = await sell(world, code, START);
  await world.advance(life.clock, '2026-03-12T00:00:00Z');
  await world.news(life.subscription);
  await world.pay(life.subscription);
  expect(await world.news(life.subscription)).toEqual([
    'charge.captured', 'source.superseded', 'charge.surplus', 'refund.created', 'refund.succeeded', 'charge.refunded',
  ]);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete_expired', source: { status: 'superseded' } });
});

test('a customer who declined may try again, and the open redirect is handed out again', async () => {
  const life = await sell(world, code, START);
  await world.control('POST', `/payments/${await world.redirectPayment(life.subscription)}/decline`);
  await world.settle();
  expect((await subscriptionOf(world, life)).checkout).toEqual({ status: 'failed', url: null, expires_at: null });
  const request = { terminal_type: 'WEB' as const, ...URLS };
  const again = await world.post(`/v1/subscriptions/${life.subscription}/checkout`, request);
  const oncemore = await world.post(`/v1/subscriptions/${life.subscription}/checkout`, request);
  expect(oncemore.checkout.url).toBe(again.checkout.url);
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 1 });
});

test('canceled at the period’s end, it runs to its end and is never charged again', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'period_end', reason: 'moving away' });
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', cancel_at_period_end: true, next_charge_at: null });
  await world.post(`/v1/subscriptions/${life.subscription}/uncancel`);
  await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'period_end' });
  expect(await world.news(life.subscription)).toEqual(Array(3).fill('subscription.updated'));
  await world.advance(life.clock, '2026-07-01T00:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['subscription.canceled']);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'canceled', canceled_at: '2026-04-10T02:00:00.000Z' });
});

test('canceled now, it ends now', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'now' });
  expect(await world.news(life.subscription)).toEqual(['subscription.canceled']);
  await world.advance(life.clock, '2026-07-01T00:00:00Z');
  expect(await world.news(life.subscription)).toEqual([]);
});

test('paused and resumed inside the paid period, it goes on as if nothing had been', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/pause`);
  await world.advance(life.clock, '2026-03-20T00:00:00Z');
  await world.post(`/v1/subscriptions/${life.subscription}/resume`);
  expect(await world.news(life.subscription)).toEqual(['subscription.paused', 'subscription.resumed']);
  await world.advance(life.clock, '2026-04-10T02:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 2 });
});

test('resumed after the paid period, a new period begins at once on a new anchor, charged to the wallet', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/pause`);
  await world.advance(life.clock, '2026-05-20T08:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['subscription.paused']);
  await world.post(`/v1/subscriptions/${life.subscription}/resume`, { confirm_charge: true });
  await world.settle();
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'active', period_no: 2, billing_anchor: '2026-05-20T08:00:00.000Z',
    current_period: { start: '2026-05-20T08:00:00.000Z', end: '2026-06-20T08:00:00.000Z' },
  });
  await world.advance(life.clock, '2026-06-20T08:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ period_no: 3, access_reason: 'paid' });
});

test('resumed after the paid period without consent to charge, the customer pays first', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/pause`);
  await world.advance(life.clock, '2026-05-20T08:00:00Z');
  const waiting = await world.post(`/v1/subscriptions/${life.subscription}/resume`);
  expect(waiting).toMatchObject({ status: 'paused', checkout: { status: 'ready' } });
  await world.advance(life.clock, '2026-05-20T09:00:00Z');
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'active', period_no: 2, current_period: { start: '2026-05-20T09:00:00.000Z', end: '2026-06-20T09:00:00.000Z' },
  });
});

test('a pause with an end resumes by itself', async () => {
  const life = await sellAndPay(world, code, START);
  await world.post(`/v1/subscriptions/${life.subscription}/pause`, { resumes_at: '2026-06-01T00:00:00Z' });
  await world.advance(life.clock, '2026-06-01T00:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 2, access_reason: 'paid' });
});

test('a paid trial takes the setup fee with it and turns into the first period on its end', async () => {
  const trial = await plan(world, { trial_days: 7, trial_amount: 1000, setup_fee: 500 });
  const life = await sellAndPay(world, trial.code, START);
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'trialing', period_no: 0, access_reason: 'trial', trial_end: '2026-03-17T02:00:00.000Z',
    next_charge_at: '2026-03-17T02:00:00.000Z',
  });
  await world.advance(life.clock, '2026-03-12T02:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['subscription.renewal_upcoming']);
  await world.advance(life.clock, '2026-03-14T02:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['subscription.trial_will_end']);
  await world.advance(life.clock, '2026-03-17T02:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'active', period_no: 1, billing_anchor: '2026-03-17T02:00:00.000Z',
  });
  const invoices = await world.list(`/v1/invoices?subscription=${life.subscription}`);
  expect(invoices.map((i) => [i.period_no, i.total])).toEqual([[1, 3900], [0, 1500]]);
});

test('a free trial asks for the wallet at its end; paid within a day, the period starts at the trial’s end', async () => {
  const trial = await plan(world, { trial_days: 10 });
  const life = await sell(world, trial.code, START);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'trialing', checkout: { status: 'none' }, next_charge_at: null });
  await world.advance(life.clock, '2026-03-20T08:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'incomplete' });
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({
    status: 'active', period_no: 1, current_period: { start: '2026-03-20T02:00:00.000Z', end: '2026-04-20T02:00:00.000Z' },
  });
});
