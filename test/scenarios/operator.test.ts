import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectProblem, INVALID, nobody, send } from '../api/outsider.js';
import { type Life, plan, sell, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
const RENEWAL = '2026-04-10T02:00:00Z';
const NEXT = '2026-04-11T02:00:00.000Z';

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

async function pastDue(): Promise<Life & { invoice: string }> {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code: '20051' });
  await world.advance(life.clock, RENEWAL);
  await world.news(life.subscription);
  const [owed] = await world.list(`/v1/invoices?subscription=${life.subscription}&status=open`);
  return { ...life, invoice: owed?.id as string };
}

const act = (invoice: string, action: string) => send(world, 'post', `/v1/invoices/${invoice}/${action}`);
const conflict = async (invoice: string, action: string, problem: string) =>
  expectProblem(await act(invoice, action), { status: 409, code: problem }, action);

/** What the books hold of this customer, by account. */
const books = async (life: Life) =>
  Object.fromEntries(
    (
      await world.database.query<{ account: string; amount: number }>(
        `select e.account, sum(e.amount)::bigint as amount from ledger_entries e join ledger_transactions t using (source_key)
          where t.customer = $1 group by e.account having sum(e.amount) <> 0`,
        [life.customer],
      )
    ).map(({ account, amount }) => [account, amount]),
  );

test('an operator tries now: a failure moves nothing, a success recovers', async () => {
  const life = await pastDue();
  const response = await act(life.invoice, 'pay');
  expect([response.status, response.body]).toMatchObject([200, { id: life.invoice, status: 'open', next_attempt_at: NEXT }]);
  await conflict(life.invoice, 'pay', 'charge_in_progress');
  expect((await act(life.invoice, 'pay')).headers['retry-after']).toBe('30');
  await world.settle();
  expect(await world.news(life.subscription)).toEqual(['charge.created', 'charge.pending', 'charge.declined', 'invoice.payment_failed']);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'past_due', next_charge_at: NEXT });
  await wallet(world, life, { outcome: 'capture' });
  await act(life.invoice, 'pay');
  await world.settle();
  expect(await world.news(life.subscription)).toEqual([
    'charge.created', 'charge.pending', 'charge.captured', 'invoice.paid', 'subscription.renewed', 'subscription.recovered',
  ]);
  for (const action of ['pay', 'void', 'mark_uncollectible']) await conflict(life.invoice, action, 'invoice_paid');
  expect(await books(life)).toEqual({ gateway_clearing: 7800, revenue: -7800 });
});

test('while the customer may be paying by redirect, nothing else is done to his invoice', async () => {
  const life = await pastDue();
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  for (const action of ['pay', 'void', 'mark_uncollectible']) {
    await conflict(life.invoice, action, 'charge_in_progress');
    expect(Number((await act(life.invoice, action)).headers['retry-after'])).toBeGreaterThan(800);
  }
});

test('without a wallet that lives there is nothing to try', async () => {
  const life = await sellAndPay(world, code, START);
  await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
  await world.advance(life.clock, RENEWAL);
  const [owed] = await world.list(`/v1/invoices?subscription=${life.subscription}&status=open`);
  await conflict(String(owed?.id), 'pay', 'no_active_source');
});

test('voided, an invoice is not owed after all, and the books say so', async () => {
  const life = await pastDue();
  const response = await act(life.invoice, 'void');
  expect([response.status, response.body]).toMatchObject([200, { status: 'void', void_reason: 'operator', amount_due: 0, next_attempt_at: null }]);
  expect(await world.news(life.subscription)).toEqual(['invoice.voided', 'subscription.recovered']);
  expect(await books(life)).toEqual({ gateway_clearing: 3900, revenue: -3900 });
  for (const action of ['pay', 'void', 'mark_uncollectible']) await conflict(life.invoice, action, 'invoice_void');
  await wallet(world, life, { outcome: 'capture' });
  await world.advance(life.clock, '2026-05-10T02:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 3, access_reason: 'paid' });
});

test('given up, it is a bad debt', async () => {
  const life = await pastDue();
  expect((await act(life.invoice, 'mark_uncollectible')).body).toMatchObject({ status: 'uncollectible', amount_due: 3900 });
  expect(await world.news(life.subscription)).toEqual(['invoice.uncollectible', 'subscription.recovered']);
  expect(await books(life)).toEqual({ gateway_clearing: 3900, revenue: -7800, bad_debt: 3900 });
  for (const action of ['pay', 'void', 'mark_uncollectible']) await conflict(life.invoice, action, 'invoice_uncollectible');
});

test('the first invoice of a sign-up belongs to it', async () => {
  const life = await sell(world, code, START);
  const [first] = await world.list(`/v1/invoices?subscription=${life.subscription}`);
  await conflict(String(first?.id), 'void', 'subscription_incomplete');
  await conflict(String(first?.id), 'mark_uncollectible', 'invoice_not_due');
});

test('what is not there, and bodies that nobody asked for', async () => {
  for (const action of ['pay', 'void', 'mark_uncollectible']) {
    for (const id of [nobody('inv'), nobody('sub'), 'inv_', '%00']) {
      expectProblem(await act(id, action), { status: 404, code: 'invoice_not_found' });
    }
    const body = { amount: 100 };
    expectProblem(await send(world, 'post', `/v1/invoices/${nobody('inv')}/${action}`, { body }), { ...INVALID, paths: ['amount'] });
  }
});
