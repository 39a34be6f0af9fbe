import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargesOf, DAY, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';

const WEEK = 7 * DAY;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

async function sell(terms: object): Promise<{ id: string; starts: string[] }> {
  const { id } = await signUp(world, {}, terms);
  await world.pay(id);
  await world.news(id);
  const { current_period: first } = await world.get(`/v1/subscriptions/${id}`);
  return { id, starts: [1, 2, 3, 4].map((k) => new Date(Date.parse(first.start) + k * WEEK).toISOString()) };
}

/** Nobody is alive for that long; then the engine is back. */
const outage = (milliseconds: number) => world.pass(milliseconds);

const invoicesOf = async (subscription: string) =>
  (await world.list(`/v1/invoices?subscription=${subscription}`)).toReversed().slice(1).map(({ period_no, period, status, void_reason, amount_due }) => ({
    period_no, start: period.start, status, void_reason, amount_due,
  }));

const BILLED = ['invoice.finalized', 'charge.created', 'charge.pending'];
const PAID = ['charge.captured', 'invoice.paid', 'subscription.renewed'];

test('after an outage of three periods a plan bills them all, in order', async () => {
  const { id, starts } = await sell({ catch_up: 'all' });
  await outage(4 * WEEK + DAY);
  expect(await invoicesOf(id)).toEqual(
    starts.map((start, i) => ({ period_no: i + 2, start, status: 'paid', void_reason: null, amount_due: 0 })),
  );
  expect((await chargesOf(world, id)).map(({ period_no, status }) => [period_no, status])).toEqual(
    [1, 2, 3, 4, 5].map((period) => [period, 'captured']),
  );
  expect((await world.news(id)).filter((type) => type === 'subscription.renewed')).toHaveLength(4);
});

test('a plan that catches up with the latest bills only that one, and keeps the skipped ones on record as void', async () => {
  const { id, starts } = await sell({ catch_up: 'latest' });
  await outage(4 * WEEK + DAY);
  const skipped = { status: 'void', void_reason: 'period_skipped', amount_due: 0 };
  expect(await invoicesOf(id)).toEqual([
    { period_no: 2, start: starts[0], ...skipped },
    { period_no: 3, start: starts[1], ...skipped },
    { period_no: 4, start: starts[2], ...skipped },
    { period_no: 5, start: starts[3], status: 'paid', void_reason: null, amount_due: 0 },
  ]);
  expect((await chargesOf(world, id)).map((charge) => charge.period_no)).toEqual([1, 5]);
  const skip = ['invoice.finalized', 'invoice.voided'];
  expect(await world.news(id)).toEqual([...skip, ...skip, ...skip, ...BILLED, ...PAID]);
  expect(await world.get(`/v1/subscriptions/${id}`)).toMatchObject({
    status: 'active', period_no: 5, current_period: { start: starts[3] }, access_reason: 'paid',
  });
  const numbers = await world.list(`/v1/invoices?subscription=${id}&void_reason=period_skipped`);
  expect(numbers.map((invoice) => invoice.number)).toEqual(numbers.map(() => expect.stringMatching(/^2026-\d{6}$/)));

  // From then on it lives as ever.
  await world.pass(WEEK);
  expect(await world.news(id)).toEqual([...BILLED, ...PAID]);
});

test('an engine that is merely late skips nothing', async () => {
  const { id } = await sell({ catch_up: 'latest' });
  await outage(2 * WEEK - 1000);
  expect(await world.news(id)).toEqual([...BILLED, ...PAID]);
});

test('what the customer has in his favour is not spent on a period that is skipped', async () => {
  const { id } = await sell({ catch_up: 'latest' });
  const { customer } = await world.get(`/v1/subscriptions/${id}`);
  await world.database.transaction(async (tx) => {
    await tx.query(`insert into customer_balances values ($1, 'CNY', 5000)`, [customer]);
    await tx.query(`insert into ledger_transactions values ($1, 'gift', 'CNY', $2, null, $3, $3)`, [`gift:${customer}`, customer, tx.now]);
    await tx.query(`insert into ledger_entries values ($1, 'customer_balance', -5000), ($1, 'revenue', 5000)`, [`gift:${customer}`]);
  });
  await outage(3 * WEEK + DAY);
  expect(await world.list(`/v1/parked?row=${id}`)).toEqual([]);
  const invoices = await world.list(`/v1/invoices?subscription=${id}`);
  expect(invoices.map(({ status, balance_applied }) => [status, balance_applied])).toEqual([['paid', 3900], ['void', 3900], ['void', 3900], ['paid', 0]]);
  expect((await world.get(`/v1/customers/${customer}`)).balances).toEqual([{ currency: 'CNY', amount: 1100 }]);
});
