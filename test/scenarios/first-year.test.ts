import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open({ now: '2026-01-31T04:00:00Z' });
});
afterAll(() => world.close());

test('sold on 31 January, a subscription renews on the last days of the months, each once', async () => {
  const plan = await world.post('/v1/plans', { code: 'tea', name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'month' });
  const clock = await world.post('/v1/test_clocks', { now: '2026-01-31T04:00:00Z' });
  const customer = await world.post('/v1/customers', { email: 'li@example.com', name: 'Li', test_clock: clock.id });
  const sold = await world.post('/v1/subscriptions', {
    customer: customer.id,
    plan: plan.code,
    terminal_type: 'WEB',
    success_url: 'https://shop.example/yes',
    failure_url: 'https://shop.example/no',
  });
  expect(sold).toMatchObject({ status: 'incomplete', checkout: { status: 'ready' }, source: { status: 'pending' } });
  expect(await world.news(sold.id)).toEqual(['subscription.created', 'invoice.finalized', 'charge.created', 'charge.pending']);

  await world.pay(sold.id);
  expect(await world.news(sold.id)).toEqual(['charge.captured', 'source.captured', 'invoice.paid', 'subscription.activated']);
  expect(await world.get(`/v1/subscriptions/${sold.id}`)).toMatchObject({
    status: 'active',
    period_no: 1,
    current_period: { start: '2026-01-31T04:00:00.000Z', end: '2026-02-28T04:00:00.000Z' },
    source: { status: 'active' },
    checkout: { status: 'done', url: null },
    access_reason: 'paid',
  });

  for (const [told, day] of [['2026-02-23', '2026-02-28'], ['2026-03-26', '2026-03-31'], ['2026-04-25', '2026-04-30'], ['2026-05-26', '2026-05-31']]) {
    await world.advance(clock.id, `${told}T03:59:59Z`);
    expect(await world.news(sold.id)).toEqual([]);
    await world.advance(clock.id, `${told}T04:00:00Z`);
    expect(await world.news(sold.id)).toEqual(['subscription.renewal_upcoming']);
    await world.advance(clock.id, `${day}T03:59:59Z`);
    expect(await world.news(sold.id)).toEqual([]);
    await world.advance(clock.id, `${day}T04:00:00Z`);
    expect(await world.news(sold.id)).toEqual([
      'invoice.finalized',
      'charge.created',
      'charge.pending',
      'charge.captured',
      'invoice.paid',
      'subscription.renewed',
    ]);
  }
  const book = await world.book();
  expect(book).toHaveLength(5);
  expect(new Set(book.map((entry) => entry.reference)).size).toBe(5);
});
