import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InstallationSecret } from '../../src/platform/crypto/secret.js';
import { PayLink } from '../../src/messages/pay.link.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { type Life, plan, sell, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

type Json = Record<string, any>;

const DAY = 86_400_000;
const START = '2026-03-10T02:00:00Z';
const RENEWAL = '2026-04-10T02:00:00Z';

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open({ config: { PUBLIC_URL: 'https://pay.tea.example/' } });
  code = (await plan(world, { name: '<Tea> & "club"', renewal_notice: 'off' })).code;
});
afterAll(() => world.close());

const get = (path: string) => request(world.app.getHttpServer()).get(path);
const press = (path: string) => request(world.app.getHttpServer()).post(path);

/** Somebody whose renewal failed, and the link that he got. */
async function debtor(options: { customer?: object } = {}): Promise<{ life: Life; path: string }> {
  const life = await sellAndPay(world, code, START, options);
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 1 });
  await world.advance(life.clock, RENEWAL);
  return { life, path: await linkOf(life) };
}

async function linkOf(life: Life): Promise<string> {
  const [message] = await world.list(`/v1/messages?subscription=${life.subscription}&limit=1`);
  const [, path] = /https:\/\/pay\.tea\.example(\/pay\/\S+)/.exec(message?.text ?? '') ?? [];
  expect(path, message?.text).toBeDefined();
  return path as string;
}

const charges = (life: Life): Promise<Json[]> => world.list(`/v1/charges?subscription=${life.subscription}`);

test('looking at the page does nothing; its button leads to the wallet, and the money brings all back', async () => {
  const { life, path } = await debtor();
  const before = await charges(life);
  for (let i = 0; i < 3; i += 1) {
    const page = await get(path);
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.text).toContain('<html lang="zh-CN">');
    expect(page.text).toContain('&lt;Tea&gt; &amp; &quot;club&quot;');
    expect(page.text).toContain('¥39.00');
    expect(page.text).toContain('付款后订阅照常继续。');
    expect(page.text.match(/<form method="post"><button type="submit">用支付宝付款<\/button><\/form>/g)).toHaveLength(1);
    expect(page.text).not.toMatch(/<script|src=|href=/);
  }
  expect(await charges(life)).toEqual(before);

  const sent = await press(path);
  expect(sent.status).toBe(303);
  const { checkout } = await subscriptionOf(world, life);
  expect(checkout).toMatchObject({ status: 'ready', url: sent.headers['location'] });
  const again = await press(path);
  expect(again.headers['location'], 'one that is open is handed out again').toBe(sent.headers['location']);
  const [redirect, ...rest] = await charges(life);
  expect(redirect).toMatchObject({ kind: 'checkout', status: 'pending', amount: 3900 });
  expect(rest).toEqual(before);

  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active' });
  const after = await get(path);
  expect([after.status, after.text.includes('无需付款'), after.text.includes('<form')]).toEqual([200, true, false]);
  expect((await press(path)).status, 'a page that was open all the while').toBe(200);
  expect(await charges(life)).toHaveLength(before.length + 1);
});

test('while the wallet is being charged the page says so, and starts nothing', async () => {
  const { life, path } = await debtor({ customer: { locale: 'en' } });
  await wallet(world, life, { outcome: 'pending' });
  await world.post(`/v1/test_clocks/${life.clock}/advance`, { to: '2026-04-11T02:00:00Z' });
  await world.settle();
  const before = await charges(life);
  expect(before[0]).toMatchObject({ kind: 'retry', status: 'pending' });
  for (const page of [await get(path), await press(path)]) {
    expect([page.status, page.headers['retry-after']]).toEqual([200, '30']);
    expect(page.text).toContain('A payment is under way');
    expect(page.text).not.toContain('<form');
  }
  expect(await charges(life)).toEqual(before);
});

test('who pays while his subscription is paused is told that it stays so, and it does', async () => {
  await world.post('/v1/dunning_policies', { code: 'pausing', retries: [{ after: '1d' }], final_action: 'pause' });
  const { code: pausing } = await plan(world, { dunning_policy: 'pausing', renewal_notice: 'off' });
  const life = await sellAndPay(world, pausing, START, { customer: { locale: 'en' } });
  await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 2 });
  await world.advance(life.clock, '2026-04-12T02:00:00Z');
  const [message] = await world.list(`/v1/messages?subscription=${life.subscription}&limit=1`);
  expect(message?.text).toContain('stays paused until it is resumed');
  const path = await linkOf(life);
  expect((await get(path)).text).toContain('Your subscription stays paused until it is resumed.');
  expect((await press(path)).status).toBe(303);
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'paused' });
  expect((await get(path)).text).toContain('Nothing to pay');
});

test('a subscription that has ended asks for nothing any more', async () => {
  const { life, path } = await debtor({ customer: { locale: 'en' } });
  await world.post(`/v1/subscriptions/${life.subscription}/cancel`, { at: 'now' });
  for (const page of [await get(path), await press(path)]) {
    expect(page.status).toBe(200);
    expect(page.text).toContain('This subscription has ended');
  }
});

test('the link of a free trial takes the first payment once it is due', async () => {
  const trial = await plan(world, { trial_days: 10, renewal_notice: 'off' });
  const life = await sell(world, trial.code, START, { customer: { locale: 'en' } });
  await world.advance(life.clock, '2026-03-20T02:00:00Z');
  const path = await linkOf(life);
  expect((await get(path)).text).toContain('CN¥39.00');
  expect((await press(path)).status).toBe(303);
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active' });
});

test('the link of a free trial may be paid before the trial ends, and is not asked for again', async () => {
  const trial = await plan(world, { trial_days: 10, setup_fee: 100, renewal_notice: 'off' });
  const life = await sell(world, trial.code, START, { customer: { locale: 'en' } });
  await world.advance(life.clock, '2026-03-17T02:00:00Z');
  const path = await linkOf(life);
  expect((await get(path)).text).toContain('CN¥40.00');
  expect((await press(path)).status).toBe(303);
  expect((await press(path)).status, 'one that is open is handed out again').toBe(303);
  expect(await charges(life)).toHaveLength(1);
  await world.pay(life.subscription);
  expect((await get(path)).text).toContain('Nothing to pay');
  expect((await press(path)).text).toContain('Nothing to pay');
  await world.advance(life.clock, '2026-03-25T02:00:00Z');
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active', period_no: 1 });
  expect(await charges(life)).toHaveLength(1);
  const messages = await world.list(`/v1/messages?subscription=${life.subscription}`);
  expect(messages.map(({ name }) => name).toReversed()).toEqual(['trial_ending', 'receipt']);
});

test('whoever owes nothing is asked for nothing, also while he changes his wallet elsewhere', async () => {
  const { life, path } = await debtor({ customer: { locale: 'en' } });
  await press(path);
  await world.pay(life.subscription);
  await world.post(`/v1/subscriptions/${life.subscription}/checkout`, { terminal_type: 'WEB', ...URLS });
  const before = await charges(life);
  expect((await get(path)).text).not.toContain('<form');
  expect((await press(path)).status).toBe(200);
  expect(await charges(life)).toEqual(before);
});

test('a gateway that does not answer: please try again, and then it does', async () => {
  const { life, path } = await debtor({ customer: { locale: 'en' } });
  await world.control('POST', '/faults', { type: 'server_error', params: {}, match: {}, times: 1 });
  const page = await press(path);
  expect([page.status, page.headers['retry-after']]).toEqual([503, '10']);
  expect(page.text).toContain('One moment, please');
  await world.pass(60 * 60_000, 5 * 60_000);
  expect((await press(path)).status).toBe(303);
  await world.pay(life.subscription);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active' });
});

test('nobody but us can make a link, and none lasts for ever', async () => {
  const { path } = await debtor();
  const last = path.at(-1) === 'a' ? 'b' : 'a';
  const [tail, until, seal] = path.slice('/pay/'.length).split('-') as [string, string, string];
  const forged = [`${path.slice(0, -1)}${last}`, `/pay/${tail}-${until}`, `/pay/${tail}-zzzzzzz-${seal}`, `/pay/${'0'.repeat(26)}-${until}-${seal}`, '/pay/x', '/pay/%00'];
  for (const bad of forged) {
    for (const page of [await get(bad).set('accept-language', 'zh-HK,zh;q=0.9'), await press(bad).set('accept-language', 'zh')]) {
      expect([bad, page.status]).toEqual([bad, 404]);
      expect(page.text).toContain('链接无效');
    }
  }
  expect((await get('/pay/x').set('accept-language', 'fr')).text).toContain('We do not know this link');
  await world.pass(30 * DAY - 3_600_000, 5 * DAY);
  expect((await get(path)).status).toBe(200);
  await world.pass(3_600_000);
  for (const page of [await get(path), await press(path)]) {
    expect(page.status).toBe(410);
    expect(page.text).toContain('链接已过期');
  }
});

test('a link is good as long as its message gives its reader time', async () => {
  await world.post('/v1/dunning_policies', { code: 'of two months', retries: [{ after: '62d' }], final_action: 'unpaid' });
  const { code: patient } = await plan(world, { dunning_policy: 'of two months', interval: 'year', renewal_notice: 'off' });
  const life = await sellAndPay(world, patient, START, { customer: { locale: 'en' } });
  await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
  await world.advance(life.clock, '2027-03-10T02:00:00Z');
  const [message] = await world.list(`/v1/messages?subscription=${life.subscription}&limit=1`);
  expect(message).toMatchObject({ name: 'reauthorise', data: { pay_by: '2027-05-11T02:00:00.000Z', final_action: 'unpaid' } });
  const path = await linkOf(life);
  await world.pass(62 * DAY, 31 * DAY);
  expect((await get(path)).status).toBe(200);
  await world.pass(DAY);
  expect((await get(path)).status).toBe(410);
});

test('a link survives a change of the installation secret', () => {
  const link = (...secrets: [string, ...string[]]) => new PayLink(new InstallationSecret(secrets), loadConfig({}));
  const subscription = 'sub_01h455vb4pex5vsknk084sn02q';
  const sent = { subscription, data: { plan_name: 'Tea', time_zone: 'Asia/Shanghai', currency: 'CNY', date: START }, created_at: new Date(START), recorded_at: new Date(START) };
  const old = link('the old secret of tests').url(sent).split('/').at(-1) as string;
  expect(link('a new secret of tests', 'the old secret of tests').read(old)).toEqual({ subscription, until: new Date('2026-04-09T02:00:00Z') });
  expect(link('a new secret of tests').read(old)).toBeNull();
});

test('who presses without end is asked to wait', async () => {
  const { life, path } = await debtor({ customer: { locale: 'en' } });
  const before = (await charges(life)).length;
  const answers: number[] = [];
  for (let i = 0; i < 12; i += 1) answers.push((await press(path)).status);
  expect(answers).toEqual([...Array.from({ length: 10 }, () => 303), 429, 429]);
  expect((await press(path)).headers['retry-after']).toBe('60');
  expect(await charges(life)).toHaveLength(before + 1);
});
