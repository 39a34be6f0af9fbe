import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { expectProblem, INVALID, nobody, send, TEA, WEB } from './outsider.js';

type Json = Record<string, any>;

let world: World;
let sold: Json;
let clock: Json;
beforeAll(async () => {
  world = await World.open({ now: '2026-03-01T00:00:00Z' });
  await world.post('/v1/plans', TEA);
  clock = await world.post('/v1/test_clocks', { now: '2026-01-31T04:00:00Z' });
  const customer = await world.post('/v1/customers', { email: 'li@example.com', test_clock: clock['id'] });
  sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...WEB });
  // A neighbour, whose life is none of its business.
  await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...WEB });
  await world.pay(sold['id']);
  await world.advance(clock['id'], '2026-02-28T04:00:00Z');
  const [charge] = await world.list(`/v1/charges?subscription=${sold['id']}&status=captured`);
  await world.post(`/v1/charges/${charge?.['id']}/refunds`, { amount: 100 });
  await world.settle();
});
afterAll(() => world.close());

const path = () => `/v1/subscriptions/${sold['id']}/timeline`;

/** Every entry, walked in pages of `limit`. */
async function walk(limit: number, query = ''): Promise<Json[]> {
  const walked: Json[] = [];
  for (let cursor = ''; ; ) {
    const page = await world.get(`${path()}?limit=${limit}${query}${cursor}`);
    walked.push(...(page['data'] as Json[]));
    expect(page['has_more']).toBe(page['next_cursor'] !== null);
    if (!page['has_more']) return walked;
    expect(page['data']).toHaveLength(limit);
    cursor = `&cursor=${page['next_cursor']}`;
  }
}

test('tells everything that happened, oldest first, as events tell it', async () => {
  const told = await walk(100);
  expect(told.map((event) => event['sequence'])).toEqual(told.map((_, i) => i + 1));
  expect(told).toEqual((await world.list(`/v1/events?subject=${sold['id']}&limit=100`)).toReversed());
  const types = told.map((event) => event['type']);
  expect(types[0]).toBe('subscription.created');
  const order = [
    'subscription.created', 'source.captured', 'subscription.activated', 'subscription.renewal_upcoming', 'subscription.renewed',
    'refund.created', 'refund.succeeded',
  ];
  expect(types.filter((type) => order.includes(type))).toEqual(order);
});

test('comes in pages, and goes on where it was while more happens', async () => {
  const whole = await walk(100);
  expect(await walk(1)).toEqual(whole);
  expect(await walk(3)).toEqual(whole);
  const first = await world.get(`${path()}?limit=${whole.length - 1}`);
  await world.call('patch', `/v1/subscriptions/${sold['id']}`).send({ metadata: { a: '1' } }).expect(200);
  const rest = await world.get(`${path()}?cursor=${first['next_cursor']}`);
  expect(rest['data'].map((event: Json) => event['type'])).toEqual([whole.at(-1)?.['type'], 'subscription.updated']);
  expect(rest).toMatchObject({ has_more: false, next_cursor: null });
});

test('is narrowed by type and date', async () => {
  const whole = await walk(100);
  expect(await walk(2, '&type=charge.*')).toEqual(whole.filter((event) => event['type'].startsWith('charge.')));
  expect(await walk(1, '&type=invoice.paid')).toEqual(whole.filter((event) => event['type'] === 'invoice.paid'));
  const since = '2026-02-23T04:00:00.000Z';
  expect(await walk(2, `&created_at[gte]=${since}`)).toEqual(whole.filter((event) => event['created_at'] >= since));
  expect(await walk(2, `&created_at[lt]=${since}`)).toEqual(whole.filter((event) => event['created_at'] < since));
});

describe('refuses', () => {
  test.each([
    ['limit=0', 'limit'],
    ['cursor=abc', 'cursor'],
    [`cursor=${Buffer.from(nobody('sub')).toString('base64url')}`, 'cursor'],
    ['subject=x', 'subject'],
    ['type=tea.*', 'type'],
    ['created_at[gte]=yesterday', 'created_at[gte]'],
  ])('%s', async (query, named) => {
    expectProblem(await send(world, 'get', `${path()}?${query}`), { ...INVALID, paths: [named] });
  });

  test('a subscription that nobody has', async () => {
    expectProblem(await send(world, 'get', `/v1/subscriptions/${nobody('sub')}/timeline`), { status: 404, code: 'subscription_not_found' });
  });
});
