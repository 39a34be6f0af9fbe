import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { plan, sell, sellAndPay, subscriptionOf, URLS } from '../support/story.js';
import { World } from '../support/world.js';

const HOUR = 3_600_000;
let world: World;
beforeAll(async () => {
  world = await World.open({ now: '2026-03-10T02:00:00Z' });
});
afterAll(() => world.close());

test('two engines that sweep the same due subscriptions at once bill each of them once', async () => {
  const { code } = await plan(world, { interval: 'day' });
  const subscriptions: string[] = [];
  for (let i = 0; i < 30; i += 1) {
    const customer = await world.post('/v1/customers', { email: `real-${i}@example.com` });
    const sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: code, terminal_type: 'WEB', ...URLS });
    await world.control('POST', `/payments/${await world.redirectPayment(sold.id)}/approve`);
    subscriptions.push(sold.id);
  }
  await world.settle();
  const other = await world.replica();
  for (let day = 0; day < 3; day += 1) {
    await world.pass(23 * HOUR);
    world.clock.moveTo(world.clock.at + HOUR);
    await Promise.all([world.app, other].map((app) => app.get(Scheduler).drain()));
    await world.settle();
  }
  await other.close();
  const book = (await world.book()).filter((entry) => entry.customer_email.startsWith('real-'));
  expect(book).toHaveLength(30 * 4);
  for (const id of subscriptions) {
    const invoices = await world.list(`/v1/invoices?subscription=${id}`);
    expect(invoices.map((invoice) => [invoice.period_no, invoice.status])).toEqual([
      [4, 'paid'], [3, 'paid'], [2, 'paid'], [1, 'paid'],
    ]);
  }
});

test('a test clock that was on its way when the engine ended arrives after the restart', async () => {
  const { code } = await plan(world);
  const life = await sellAndPay(world, code, '2026-01-31T04:00:00Z');
  await world.post(`/v1/test_clocks/${life.clock}/advance`, { to: '2027-01-31T04:00:00Z' });
  // A few timers run, then the engine ends in the middle of the year.
  for (let i = 0; i < 4; i += 1) await world.app.get(Scheduler).drain();
  await world.restart();
  expect(await world.get(`/v1/test_clocks/${life.clock}`)).toMatchObject({ status: 'advancing' });
  await world.settle();
  expect(await world.get(`/v1/test_clocks/${life.clock}`)).toMatchObject({ status: 'ready', now: '2027-01-31T04:00:00.000Z' });
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 13 });
  expect((await world.book()).filter((entry) => entry.customer_email === life.email)).toHaveLength(13);
});

test('everything due at one instant of a test clock is one set', async () => {
  const { code } = await plan(world);
  const clock = await world.post('/v1/test_clocks', { now: '2026-01-31T04:00:00Z' });
  for (let i = 0; i < 5; i += 1) {
    const customer = await world.post('/v1/customers', { email: `set-${i}@example.com`, test_clock: clock.id });
    const sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: code, terminal_type: 'WEB', ...URLS });
    await world.pay(sold.id);
  }
  await world.advance(clock.id, '2026-02-28T04:00:00Z');
  const numbers = await world.database.query<{ number: string; created_at: Date }>(
    `select number, i.created_at from invoices i join customers c on c.id = i.customer
      where c.test_clock = $1 and period_no = 2 order by number`,
    [clock.id],
  );
  const sequence = numbers.map(({ number }) => Number(number.slice(5)));
  expect(sequence).toEqual([0, 1, 2, 3, 4].map((i) => (sequence[0] as number) + i));
});

test('deleting a test clock takes its customers along and leaves the books', async () => {
  const { code } = await plan(world);
  const life = await sell(world, code, '2026-01-31T04:00:00Z');
  const booked = await world.database.query('select 1 from ledger_transactions where customer = $1', [life.customer]);
  expect((await world.call('delete', `/v1/test_clocks/${life.clock}`)).status).toBe(204);
  for (const path of [`test_clocks/${life.clock}`, `customers/${life.customer}`, `subscriptions/${life.subscription}`]) {
    expect((await world.call('get', `/v1/${path}`)).status).toBe(404);
  }
  expect(await world.database.query('select 1 from ledger_transactions where customer = $1', [life.customer])).toEqual(booked);
  await world.settle();
});
