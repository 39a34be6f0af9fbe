import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargesOf, DAY, HOUR, liveToRenewal, NOTICE, signUp } from '../gateway/shop.js';
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
  return { id, starts: [1, 2, 3, 4].map((k) => new Date(Date.parse(first?.start ?? '') + k * WEEK).toISOString()) };
}

/** Nobody is alive for that long; then the engine is back. */
const outage = (milliseconds: number) => world.pass(milliseconds);

const invoicesOf = async (subscription: string) =>
  (await world.list(`/v1/invoices?subscription=${subscription}`)).toReversed().slice(1).map(({ period_no, period, status, void_reason, amount_due }) => ({
    period_no, start: period?.start, status, void_reason, amount_due,
  }));

const TOLD = 'subscription.renewal_upcoming';
const BILLED = ['invoice.finalized', 'charge.created', 'charge.pending'];
const PAID = ['charge.captured', 'invoice.paid', 'subscription.renewed'];

test('after an outage of three periods a plan bills them all, in order, and charges them when their late notices allow', async () => {
  const { id, starts } = await sell({ catch_up: 'all' });
  await outage(4 * WEEK + DAY);
  const billed = starts.map((start, i) => ({ period_no: i + 2, start, void_reason: null }));
  expect(await invoicesOf(id)).toEqual(billed.map((invoice) => ({ ...invoice, status: 'open', amount_due: 3900 })));
  const written = [TOLD, 'invoice.finalized'];
  const late = ['invoice.finalized', TOLD];
  expect(await world.news(id)).toEqual([...written, ...late, ...late, ...late]);
  const charged = new Date(world.clock.at + NOTICE).toISOString();
  expect(await world.get(`/v1/subscriptions/${id}`)).toMatchObject({ status: 'active', period_no: 5, next_charge_at: charged, access_reason: 'pending' });

  await world.pass(NOTICE - HOUR, HOUR);
  expect(await world.news(id), 'the week after is told in its time').toEqual([TOLD]);
  await world.pass(HOUR, HOUR / 2);
  expect(await invoicesOf(id)).toEqual(billed.map((invoice) => ({ ...invoice, status: 'paid', amount_due: 0 })));
  expect((await chargesOf(world, id)).map(({ period_no, status }) => [period_no, status])).toEqual(
    [1, 2, 3, 4, 5].map((period) => [period, 'captured']),
  );
  expect((await world.news(id)).filter((type) => type === 'subscription.renewed')).toHaveLength(4);
});

test('a plan that needs no notice is charged at once when the engine is back', async () => {
  const { id } = await sell({ catch_up: 'all', renewal_notice: 'off' });
  await outage(4 * WEEK + DAY);
  expect((await chargesOf(world, id)).map(({ period_no, status }) => [period_no, status])).toEqual(
    [1, 2, 3, 4, 5].map((period) => [period, 'captured']),
  );
  expect(await world.news(id)).not.toContain(TOLD);
});

test('a plan that catches up with the latest bills only that one, and keeps the skipped ones on record as void', async () => {
  const { id, starts } = await sell({ catch_up: 'latest' });
  await outage(4 * WEEK + DAY);
  const skipped = { status: 'void', void_reason: 'period_skipped', amount_due: 0 };
  const latest = { period_no: 5, start: starts[3], void_reason: null };
  const past = [2, 3, 4].map((period_no, i) => ({ period_no, start: starts[i], ...skipped }));
  expect(await invoicesOf(id)).toEqual([...past, { ...latest, status: 'open', amount_due: 3900 }]);
  const skip = ['invoice.finalized', 'invoice.voided'];
  expect(await world.news(id), 'of what is skipped nobody is told').toEqual([...skip, ...skip, ...skip, 'invoice.finalized', TOLD]);
  const numbers = await world.list(`/v1/invoices?subscription=${id}&void_reason=period_skipped`);
  expect(numbers.map((invoice) => invoice.number)).toEqual(numbers.map(() => expect.stringMatching(/^2026-\d{6}$/)));

  await world.pass(NOTICE, HOUR);
  expect(await invoicesOf(id)).toEqual([...past, { ...latest, status: 'paid', amount_due: 0 }]);
  expect((await chargesOf(world, id)).map((charge) => charge.period_no)).toEqual([1, 5]);
  expect(await world.news(id)).toEqual([TOLD, 'charge.created', 'charge.pending', ...PAID]);
  expect(await world.get(`/v1/subscriptions/${id}`)).toMatchObject({
    status: 'active', period_no: 5, current_period: { start: starts[3] }, access_reason: 'paid',
  });

  // From then on it lives as ever.
  await liveToRenewal(world, id);
  expect(await world.news(id)).toEqual([...BILLED, ...PAID]);
});

test('an engine that is merely late skips nothing', async () => {
  const { id } = await sell({ catch_up: 'latest' });
  await outage(2 * WEEK - 1000);
  expect(await world.news(id)).toEqual([TOLD, 'invoice.finalized', TOLD]);
  await world.pass(NOTICE - HOUR, HOUR);
  // Then the third period begins; the fourth is told two days later.
  expect(await world.news(id)).toEqual(['invoice.finalized', TOLD]);
  await world.pass(HOUR, HOUR / 2);
  expect((await chargesOf(world, id)).map(({ period_no, status }) => [period_no, status])).toEqual([[1, 'captured'], [2, 'captured'], [3, 'captured']]);
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
