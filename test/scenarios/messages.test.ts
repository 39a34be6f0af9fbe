import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Life, plan, sell, sellAndPay, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

type Json = Record<string, any>;

const DAY = 86_400_000;
const START = '2026-03-10T02:00:00Z';
const RENEWAL = Date.parse('2026-04-10T02:00:00Z');
const after = (days: number, seconds = 0) => new Date(RENEWAL + days * DAY + seconds * 1000).toISOString();

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world, { renewal_notice: 'off' })).code;
});
afterAll(() => world.close());

const seen = new Map<string, number>();

/** Everything the customer was written since the last time it was asked for, oldest first. */
async function mail(life: Life): Promise<Json[]> {
  const all = (await world.list(`/v1/messages?subscription=${life.subscription}&limit=100`)).toReversed();
  const news = all.slice(seen.get(life.subscription) ?? 0);
  seen.set(life.subscription, all.length);
  return news;
}
const names = async (life: Life) => (await mail(life)).map((message) => message.name);

test('a quiet life is a receipt at the sign-up and one at each renewal, and word of its end', async () => {
  const life = await sell(world, code, START);
  expect(await names(life)).toEqual([]);
  await world.pay(life.subscription);
  const [receipt, ...more] = await mail(life);
  expect(more).toEqual([]);
  const [invoice] = await world.list(`/v1/invoices?subscription=${life.subscription}`);
  expect(receipt).toMatchObject({
    object: 'message', name: 'receipt', customer: life.customer, subscription: life.subscription, invoice: invoice?.id, locale: 'zh-CN',
    recipient: life.email, status: 'kept', attempts: 0, next_attempt_at: null, sent_at: null, error: null, created_at: '2026-03-10T02:00:00.000Z',
    subject: '付款成功：Tea club ¥39.00',
  });
  expect(receipt?.text).toBe(`Li Na，您好！

我们已收到您为“Tea club”支付的 ¥39.00（支付宝），感谢您的支持。

服务周期：2026年3月10日 至 2026年4月10日
付款日期：2026年3月10日
账单编号：${invoice?.number}
下次扣款：2026年4月10日

您无需再做任何操作。
`);
  for (const month of ['04', '05', '06']) {
    await world.advance(life.clock, `2026-${month}-10T01:59:59Z`);
    expect(await names(life)).toEqual([]);
    await world.advance(life.clock, `2026-${month}-10T02:00:00Z`);
    expect(await names(life)).toEqual(['receipt']);
  }
  await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'period_end' });
  expect(await names(life), 'it goes on until its end').toEqual([]);
  await world.advance(life.clock, '2026-08-01T00:00:00Z');
  const [end, ...nothing] = await mail(life);
  expect(nothing).toEqual([]);
  expect(end).toMatchObject({ name: 'canceled', subject: '您的订阅已终止：Tea club', data: { date: '2026-07-10T02:00:00.000Z' } });
  expect(end?.text).not.toContain('费用');
});

test('an empty wallet: a notice with the next try for each failure, and the end says why', async () => {
  const life = await sellAndPay(world, code, START, { customer: { locale: 'en' } });
  await mail(life);
  await wallet(world, life, { outcome: 'decline', response_code: '20051' });
  for (const [day, next] of [[0, '11 April 2026'], [1, '14 April 2026'], [4, '19 April 2026'], [9, '26 April 2026']] as const) {
    await world.advance(life.clock, after(day));
    const [notice, ...more] = await mail(life);
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ name: 'payment_failed', subject: 'Your payment of CN¥39.00 for Tea club did not go through' });
    expect(notice?.text).toContain(`We will try again on ${next}.`);
    expect(notice?.text).toMatch(/\n\nhttp:\/\/localhost:\d+\/pay\/[0-9a-z-]+\n$/);
  }
  await world.advance(life.clock, after(16));
  const [end, ...more] = await mail(life);
  expect(more).toEqual([]);
  expect(end).toMatchObject({ name: 'canceled' });
  expect(end?.text).toContain('ended on 26 April 2026, because we could not collect CN¥39.00.');
  await world.advance(life.clock, after(100));
  expect(await names(life)).toEqual([]);
});

test('money that comes back in time: one message says that it was paid and that all is well', async () => {
  const life = await sellAndPay(world, code, START);
  await mail(life);
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 2 });
  await world.advance(life.clock, after(5));
  expect(await names(life)).toEqual(['payment_failed', 'payment_failed', 'recovered']);
  await world.advance(life.clock, '2026-05-10T02:00:00Z');
  expect(await names(life)).toEqual(['receipt']);
});

test('a revoked mandate: one message asks to sign anew, one thanks for it', async () => {
  const life = await sellAndPay(world, code, START);
  await mail(life);
  await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
  await world.advance(life.clock, after(10));
  const [asked, ...more] = await mail(life);
  expect(more).toEqual([]);
  expect(asked).toMatchObject({ name: 'reauthorise', data: { amount: 3900, pay_by: '2026-04-26T02:00:00.000Z', payable: true } });
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
  const [thanks, ...nothing] = await mail(life);
  expect(nothing).toEqual([]);
  expect(thanks).toMatchObject({ name: 'recovered', data: { amount: 3900 } });
});

test('a free trial: word before it ends and when it has ended, then the receipt', async () => {
  const trial = await plan(world, { trial_days: 10, renewal_notice: 'off' });
  const life = await sell(world, trial.code, START, { customer: { locale: 'en' } });
  expect(await names(life)).toEqual([]);
  await world.advance(life.clock, '2026-03-17T02:00:00Z');
  const [before, ...more] = await mail(life);
  expect(more).toEqual([]);
  expect(before).toMatchObject({ name: 'trial_ending', subject: 'Your trial of Tea club ends on 20 March 2026', data: { amount: 3900, payable: true } });
  await world.advance(life.clock, '2026-03-20T02:00:00Z');
  const [over, ...nothing] = await mail(life);
  expect(nothing).toEqual([]);
  expect(over).toMatchObject({ name: 'trial_ending', subject: 'Your trial of Tea club has ended', data: { pay_by: '2026-03-21T02:00:00.000Z' } });
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  await world.pay(life.subscription);
  expect(await names(life)).toEqual(['receipt']);
});

test('a paid trial: the wallet is held, so that nobody is asked for it', async () => {
  const trial = await plan(world, { trial_days: 10, trial_amount: 100, renewal_notice: 'off' });
  const life = await sellAndPay(world, trial.code, START, { customer: { locale: 'en' } });
  expect(await names(life)).toEqual(['receipt']);
  await world.advance(life.clock, '2026-03-17T02:00:00Z');
  const [before, ...more] = await mail(life);
  expect(more).toEqual([]);
  expect(before?.text).toContain('On that day we will charge CN¥39.00 to your Alipay wallet');
  expect(before?.text).not.toContain('/pay/');
  await world.advance(life.clock, '2026-03-20T02:00:00Z');
  expect(await names(life)).toEqual(['receipt']);
});

test('who has no address is written nothing, nor is who never paid', async () => {
  const silent = await sellAndPay(world, code, START, { customer: { email: null } });
  await world.advance(silent.clock, '2026-05-10T02:00:00Z');
  expect(await names(silent)).toEqual([]);
  const visitor = await sell(world, code, START);
  await world.advance(visitor.clock, '2026-03-12T02:00:00Z');
  expect(await names(visitor)).toEqual([]);
  const doubter = await sell(world, code, START);
  await world.post(`/v1/subscriptions/${doubter.subscription}/cancel`, { at: 'now' });
  expect(await names(doubter)).toEqual([]);
});

test('a customer of a test clock takes his messages along', async () => {
  const life = await sellAndPay(world, code, START);
  expect(await names(life)).toEqual(['receipt']);
  await world.call('delete', `/v1/test_clocks/${life.clock}`).expect(204);
  expect(await world.list(`/v1/messages?customer=${life.customer}`)).toEqual([]);
});
