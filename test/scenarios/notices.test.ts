import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargesOf as rowsOf, DAY, HOUR, NOTICE, sell as sellWeekly } from '../gateway/shop.js';
import { type Life, plan, sellAndPay, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');
/** Days after the first renewal, before it if negative. */
const day = (days: number, seconds = 0): string => new Date(RENEWAL + days * DAY + seconds * 1000).toISOString();

const TOLD = 'subscription.renewal_upcoming';
const CHARGED = ['charge.created', 'charge.pending', 'charge.captured', 'invoice.paid', 'subscription.renewed'];

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world)).code;
});
afterAll(() => world.close());

/** The notices that were given, oldest first: when, of the period that begins when, of how much, and when it is to be charged. */
async function notices({ subscription }: Pick<Life, 'subscription'>): Promise<unknown[]> {
  const events = (await world.list(`/v1/events?subject=${subscription}&type=${TOLD}`)).toReversed();
  return events.map(({ created_at, data: { object } }) => {
    const { period, amount, charge_at } = object as Record<string, any>;
    return [created_at, period?.start, amount, charge_at];
  });
}

/** When the stored wallet was charged, oldest first: [period, kind, when]. */
async function charges({ subscription }: Pick<Life, 'subscription'>): Promise<unknown[]> {
  const rows = await rowsOf(world, subscription);
  return rows.filter(({ kind }) => kind !== 'initial').map(({ period_no, kind, created_at }) => [period_no, kind, created_at.toISOString()]);
}

const periodsOf = async ({ subscription }: Life) =>
  (await world.list(`/v1/invoices?subscription=${subscription}`)).toReversed().map(({ period_no, status, period }) => [period_no, status, period?.start]);

const act = (life: Life, action: string, body: object = {}) => world.post(`/v1/subscriptions/${life.subscription}/${action}`, body);

test('a renewal is told five days before, with its amount and date, and charged then', async () => {
  const life = await sellAndPay(world, code, START, { terms: { quantity: 2 } });
  await world.advance(life.clock, day(-5, -1));
  expect(await world.news(life.subscription)).toEqual([]);
  await world.advance(life.clock, day(-5));
  const [event] = await world.list(`/v1/events?subject=${life.subscription}&type=${TOLD}`);
  expect(event).toMatchObject({
    created_at: day(-5),
    data: {
      object: {
        object: 'subscription', id: life.subscription, customer: life.customer, status: 'active', next_charge_at: day(0),
        currency: 'CNY', amount: 7800, charge_at: day(0), period: { start: day(0), end: '2026-05-10T02:00:00.000Z' },
      },
    },
  });
  expect(await world.news(life.subscription)).toEqual([TOLD]);
  // The message to the customer is stored with it.
  expect(await world.list(`/v1/messages?subscription=${life.subscription}&name=renewal_upcoming`)).toMatchObject([{ event: event?.id, customer: life.customer }]);
  await world.advance(life.clock, day(0));
  expect(await world.news(life.subscription)).toEqual(['invoice.finalized', ...CHARGED]);
});

test('an engine that was down over the notice tells it late: the charge moves, the period does not', async () => {
  const weekly = await sellWeekly(world);
  const { current_period: first } = await world.get(`/v1/subscriptions/${weekly}`);
  const end = Date.parse(first?.end ?? '');
  // A week's notice is due two days after it began; the engine is back two days before it ends.
  world.clock.moveTo(end - 2 * DAY);
  await world.settle();
  const at = new Date(end - 2 * DAY + NOTICE).toISOString();
  expect(await notices({ subscription: weekly })).toEqual([[new Date(end - 2 * DAY).toISOString(), first?.end, 3900, at]]);
  expect(await world.get(`/v1/subscriptions/${weekly}`)).toMatchObject({ next_charge_at: at });
  await world.pass(end - world.clock.at);
  expect(await world.list(`/v1/invoices?subscription=${weekly}&status=open`)).toMatchObject([{ period_no: 2, period: { start: first?.end }, next_attempt_at: at }]);
  expect(await world.get(`/v1/subscriptions/${weekly}`)).toMatchObject({ status: 'active', period_no: 2, next_charge_at: at, access_reason: 'pending' });
  await world.pass(NOTICE - 2 * DAY - HOUR, HOUR);
  expect(await charges({ subscription: weekly })).toEqual([]);
  await world.pass(HOUR);
  expect(await charges({ subscription: weekly })).toEqual([[2, 'recurring', at]]);
  expect(await world.get(`/v1/subscriptions/${weekly}`)).toMatchObject({
    access_reason: 'paid', current_period: { start: first?.end, end: new Date(end + 7 * DAY).toISOString() },
  });
});

test('in real time a notice has an hour to spare, so that a sweep never moves a charge', async () => {
  const weekly = await sellWeekly(world);
  const { current_period: first } = await world.get(`/v1/subscriptions/${weekly}`);
  await world.pass(2 * DAY - HOUR - 1000);
  expect(await notices({ subscription: weekly })).toEqual([]);
  await world.pass(40 * 60_000);
  expect(await notices({ subscription: weekly })).toMatchObject([[expect.any(String), first?.end, 3900, first?.end]]);
});

test('a plan that says off is charged without notice, and so is a customer of a country that does not ask', async () => {
  const off = await plan(world, { renewal_notice: 'off' });
  const american = { customer: { country: 'US' } };
  for (const life of [await sellAndPay(world, off.code, START), await sellAndPay(world, code, START, american)]) {
    await world.advance(life.clock, day(0));
    expect(await world.news(life.subscription)).toEqual(['invoice.finalized', ...CHARGED]);
  }
});

test('where periods are shorter than the lead, the sign-up is the notice; so it is where the trial is', async () => {
  const daily = await plan(world, { interval: 'day', interval_count: 4 });
  const life = await sellAndPay(world, daily.code, START);
  await world.advance(life.clock, '2026-03-18T02:00:00Z');
  expect(await world.news(life.subscription)).toEqual(['invoice.finalized', ...CHARGED, 'invoice.finalized', ...CHARGED]);
  const trial = await plan(world, { trial_days: 4, trial_amount: 1000 });
  const trying = await sellAndPay(world, trial.code, START);
  await world.advance(trying.clock, '2026-03-14T02:00:00Z');
  expect(await world.news(trying.subscription)).toEqual(['subscription.trial_will_end', 'invoice.finalized', ...CHARGED]);
  // The month after it is long enough.
  await world.advance(trying.clock, '2026-04-09T02:00:00Z');
  expect(await world.news(trying.subscription)).toEqual([TOLD]);
});

test('where plan or country begin to ask for notice in the middle of a period, it is given in time', async () => {
  const off = await plan(world, { renewal_notice: 'off' });
  const byPlan = await sellAndPay(world, off.code, START);
  await world.advance(byPlan.clock, day(-9));
  await world.call('patch', `/v1/plans/${off.code}`).send({ renewal_notice: 'required' }).expect(200);
  const byCountry = await sellAndPay(world, code, START, { customer: { country: 'US' } });
  await world.advance(byCountry.clock, day(-9));
  await world.call('patch', `/v1/customers/${byCountry.customer}`).send({ country: 'CN' }).expect(200);
  for (const life of [byPlan, byCountry]) {
    await world.advance(life.clock, day(0));
    expect(await notices(life)).toEqual([[day(-5), day(0), 3900, day(0)]]);
    expect(await charges(life)).toEqual([[2, 'recurring', day(0)]]);
  }
  // And where one of them ceases to ask, none is given any more.
  await world.call('patch', `/v1/plans/${off.code}`).send({ renewal_notice: 'off' }).expect(200);
  await world.advance(byPlan.clock, '2026-05-10T02:00:00Z');
  expect(await notices(byPlan)).toHaveLength(1);
  expect(await charges(byPlan)).toHaveLength(2);
});

test('a cancel at the period’s end needs none; undone too late, the notice is late and the charge waits for it', async () => {
  const life = await sellAndPay(world, code, START);
  await act(life, 'cancel', { at: 'period_end' });
  await world.advance(life.clock, day(-2));
  expect(await world.news(life.subscription)).toEqual(['subscription.updated']);
  expect(await act(life, 'uncancel')).toMatchObject({ next_charge_at: day(3) });
  await world.advance(life.clock, day(0));
  expect(await world.news(life.subscription)).toEqual(['subscription.updated', TOLD, 'invoice.finalized']);
  await world.advance(life.clock, day(3, -1));
  expect(await world.news(life.subscription)).toEqual([]);
  await world.advance(life.clock, day(3));
  expect(await world.news(life.subscription)).toEqual(CHARGED);
  expect(await notices(life)).toEqual([[day(-2), day(0), 3900, day(3)]]);
  expect((await periodsOf(life)).at(-1)).toEqual([2, 'paid', day(0)]);
});

test('a pause takes the notice back; resumed within the period it is given again', async () => {
  const life = await sellAndPay(world, code, START);
  await world.advance(life.clock, day(-4));
  await act(life, 'pause');
  await world.advance(life.clock, day(-1));
  await act(life, 'resume');
  await world.advance(life.clock, day(4));
  expect(await notices(life)).toEqual([[day(-5), day(0), 3900, day(0)], [day(-1), day(0), 3900, day(4)]]);
  expect(await charges(life)).toEqual([[2, 'recurring', day(4)]]);
  expect((await periodsOf(life)).at(-1)).toEqual([2, 'paid', day(0)]);
});

test('a pause that ends by itself is told before it ends; one that is ended by hand confirms its charge', async () => {
  const life = await sellAndPay(world, code, START);
  expect(await act(life, 'pause', { resumes_at: day(20) })).toMatchObject({ next_charge_at: day(20) });
  await world.advance(life.clock, day(20));
  expect(await notices(life)).toEqual([[day(15), day(20), 3900, day(20)]]);
  expect(await charges(life)).toEqual([[2, 'recurring', day(20)]]);
  const byHand = await sellAndPay(world, code, START);
  await act(byHand, 'pause');
  await world.advance(byHand.clock, day(10));
  await act(byHand, 'resume', { confirm_charge: true });
  await world.settle();
  expect(await notices(byHand)).toEqual([]);
  expect(await charges(byHand)).toEqual([[2, 'recurring', day(10)]]);
});

test('a try that failed is repeated without another notice', async () => {
  const life = await sellAndPay(world, code, START);
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 3 });
  await world.advance(life.clock, day(9));
  expect(await charges(life)).toEqual([[2, 'recurring', day(0)], [2, 'retry', day(1)], [2, 'retry', day(4)], [2, 'retry', day(9)]]);
  expect(await notices(life)).toHaveLength(1);
});

test('an operator does not charge before the notice is old enough either; the customer himself may pay', async () => {
  const life = await sellAndPay(world, code, START);
  await act(life, 'cancel', { at: 'period_end' });
  await world.advance(life.clock, day(-1));
  await act(life, 'uncancel');
  await world.advance(life.clock, day(0));
  const [owed] = await world.list(`/v1/invoices?subscription=${life.subscription}&status=open`);
  const refused = await world.call('post', `/v1/invoices/${owed?.id}/pay`).send({});
  expect([refused.status, refused.body.code]).toEqual([409, 'renewal_notice_pending']);
  await act(life, 'checkout', { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
  expect(await world.get(`/v1/subscriptions/${life.subscription}`)).toMatchObject({ status: 'active', access_reason: 'paid', next_charge_at: '2026-05-10T02:00:00.000Z' });
  await world.advance(life.clock, day(10));
  expect(await charges(life)).toEqual([[2, 'checkout', day(0)]]);
});

test('of a renewal that was paid in advance nobody is told; of the one after it he is', async () => {
  const life = await sellAndPay(world, code, START);
  await act(life, 'checkout', { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
  const path = `/v1/subscriptions/${life.subscription}/upcoming_invoice`;
  expect(await world.get(path)).toMatchObject({ period_no: 3, period: { start: '2026-05-10T02:00:00.000Z' }, charge_at: '2026-05-10T02:00:00.000Z' });
  await world.advance(life.clock, '2026-05-10T02:00:00Z');
  expect(await notices(life)).toEqual([['2026-05-05T02:00:00.000Z', '2026-05-10T02:00:00.000Z', 3900, '2026-05-10T02:00:00.000Z']]);
  expect((await charges(life)).at(-1)).toEqual([3, 'recurring', '2026-05-10T02:00:00.000Z']);
});

test('on one test clock notices, renewals and charges come in the order of their instants', async () => {
  const life = await sellAndPay(world, code, START);
  const weekly = await plan(world, { interval: 'week' });
  const { id: neighbour } = await world.post('/v1/subscriptions', {
    customer: life.customer, plan: weekly.code, terminal_type: 'WEB', ...URLS,
  });
  await world.pay(neighbour);
  await world.advance(life.clock, day(0));
  const told = await world.database.query<{ type: string; created_at: Date }>(
    `select type, created_at from events where subject = any($1) and type = any($2) order by id`,
    [[life.subscription, neighbour], [TOLD, 'invoice.finalized']],
  );
  const instants = told.map(({ created_at: at }) => at.getTime());
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  const weeks = [7, 14, 21, 28].map((n) => new Date(Date.parse(START) + n * DAY).toISOString());
  expect(await charges({ subscription: neighbour })).toEqual(weeks.map((at, i) => [i + 2, 'recurring', at]));
  expect((await notices({ subscription: neighbour })).map((notice) => (notice as string[])[3])).toEqual([...weeks, new Date(Date.parse(START) + 35 * DAY).toISOString()]);
  expect(await charges(life)).toEqual([[2, 'recurring', day(0)]]);
});

test('the upcoming invoice says what the next renewal will charge, and stores nothing', async () => {
  const life = await sellAndPay(world, code, START);
  const path = `/v1/subscriptions/${life.subscription}/upcoming_invoice`;
  const before = await world.list(`/v1/invoices?subscription=${life.subscription}`);
  expect(await world.get(path)).toEqual({
    object: 'upcoming_invoice', customer: life.customer, subscription: life.subscription, currency: 'CNY', period_no: 2,
    period: { start: day(0), end: '2026-05-10T02:00:00.000Z' },
    lines: [{
      type: 'recurring', description: 'Tea club', quantity: 1, unit_amount: 3900, amount: 3900,
      period: { start: day(0), end: '2026-05-10T02:00:00.000Z' },
    }],
    subtotal: 3900, discount: 0, tax: 0, total: 3900, balance_applied: 0, amount_due: 3900, charge_at: day(0),
  });
  expect(await world.list(`/v1/invoices?subscription=${life.subscription}`)).toEqual(before);
  expect(await world.news(life.subscription)).toEqual([]);
  await act(life, 'cancel', { at: 'period_end' });
  const none = await world.call('get', path);
  expect([none.status, none.body.code, none.body.detail]).toEqual([404, 'upcoming_invoice_not_found', 'Nothing will be charged: it ends with its period.']);
  const unknown = await world.call('get', '/v1/subscriptions/sub_unknown/upcoming_invoice');
  expect([unknown.status, unknown.body.code]).toEqual([404, 'subscription_not_found']);
});
