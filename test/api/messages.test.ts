import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Life, plan, sellAndPay, wallet } from '../support/story.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, refused, send } from './outsider.js';

type Json = Record<string, any>;

const START = '2026-03-10T02:00:00Z';

let world: World;
let code: string;
beforeAll(async () => {
  world = await World.open();
  code = (await plan(world, { renewal_notice: 'off' })).code;
});
afterAll(() => world.close());

const latest = async (life: Life): Promise<Json> => (await world.list(`/v1/messages?customer=${life.customer}&limit=1`))[0] as Json;
const put = (path: string, body: object) => send(world, 'put', `/v1/message_templates/${path}`, { body });

describe('in which language', () => {
  test.each([
    ['his own', { locale: 'en', country: 'CN' }, 'en'],
    ['his own, wherever he is', { locale: 'zh-CN', country: 'DE' }, 'zh-CN'],
    ['his country’s', { country: 'CN' }, 'zh-CN'],
    ['his country’s, where it is another', { country: 'HK' }, 'en'],
    ['the installation’s', {}, 'zh-CN'],
  ])('%s', async (_, customer, locale) => {
    expect(await latest(await sellAndPay(world, code, START, { customer }))).toMatchObject({ locale });
  });

  test('what it says was true when it happened, whatever became of the customer since', async () => {
    const life = await sellAndPay(world, code, '2026-03-10T20:00:00Z', { customer: { locale: 'en', time_zone: 'Asia/Shanghai' } });
    const message = await latest(life);
    expect(message.text).toContain('Paid on: 11 March 2026');
    await world.call('patch', `/v1/customers/${life.customer}`).send({ name: 'Wang', email: 'wang@example.com', locale: 'zh-CN', time_zone: 'Europe/Paris' }).expect(200);
    expect(await world.get(`/v1/messages/${message.id}`)).toEqual(message);
    await world.advance(life.clock, '2026-04-10T20:00:00Z');
    expect(await latest(life)).toMatchObject({ recipient: 'wang@example.com', locale: 'zh-CN', data: { customer_name: 'Wang', time_zone: 'Europe/Paris' } });
  });
});

test('amounts are written as their readers write them', async () => {
  const subjects: Record<string, string[]> = {};
  for (const [currency, amount] of [['CNY', 3900], ['JPY', 3900], ['CLP', 39000], ['KWD', 12340]] as const) {
    const { code: own } = await plan(world, { currency, amount, renewal_notice: 'off' });
    for (const locale of ['zh-CN', 'en']) {
      const { subject } = await latest(await sellAndPay(world, own, START, { customer: { locale } }));
      (subjects[currency] ??= []).push(subject);
    }
  }
  expect(subjects).toEqual({
    CNY: ['付款成功：Tea club ¥39.00', 'Your payment of CN¥39.00 for Tea club'],
    JPY: ['付款成功：Tea club JP¥3,900', 'Your payment of ¥3,900 for Tea club'],
    CLP: ['付款成功：Tea club CLP 39,000', 'Your payment of CLP 39,000 for Tea club'],
    KWD: ['付款成功：Tea club KWD 12.340', 'Your payment of KWD 12.340 for Tea club'],
  });
});

test('what came from outside stays text: no markup, no header, no second placeholder', async () => {
  const { code: own } = await plan(world, { name: '<b>&"Tea"</b> {{link}}', renewal_notice: 'off' });
  const life = await sellAndPay(world, own, START, { customer: { locale: 'en', name: '<img src=x onerror=alert(1)>' } });
  const { subject, text, html } = await latest(life);
  expect(subject).toBe('Your payment of CN¥39.00 for <b>&"Tea"</b> {{link}}');
  expect(text).toContain('Hello <img src=x onerror=alert(1)>,');
  expect(html).toContain('Hello &lt;img src=x onerror=alert(1)&gt;,');
  expect(html).not.toMatch(/<img|<b>|<a /);
});

describe('templates', () => {
  test('there is one for every message and language, with what it may refer to', async () => {
    const all = await world.list('/v1/message_templates');
    expect(all.map(({ id }) => id)).toEqual(
      ['receipt', 'renewal_upcoming', 'payment_failed', 'reauthorise', 'recovered', 'canceled', 'trial_ending'].flatMap((name) => [`${name}/zh-CN`, `${name}/en`]),
    );
    for (const template of all) {
      expect(template).toMatchObject({ object: 'message_template', active: true, built_in: true, html: null, placeholders: expect.arrayContaining(['plan_name']) });
      expect(await world.get(`/v1/message_templates/${template['id']}`)).toEqual(template);
      // What is built in keeps its own rules, and may be put back as it came.
      const { subject, text } = template;
      expect((await put(template['id'], { subject, text })).status).toBe(200);
      expect((await send(world, 'delete', `/v1/message_templates/${template['id']}`)).status).toBe(204);
    }
    expect(await world.list('/v1/message_templates')).toEqual(all);
    expectProblem(await send(world, 'get', '/v1/message_templates?colour=red'), { ...INVALID, paths: ['colour'] });
  });

  test('the merchant’s own words take the place of ours, until he takes them back', async () => {
    const life = await sellAndPay(world, code, START, { customer: { locale: 'en', name: 'Li & Na' } });
    const ours = await latest(life);
    const mine = { subject: 'Thanks, {{customer_name}}', text: 'You paid {{amount}}.\r\n{{#next_date}}Again on {{next_date}}.{{/next_date}}{{^next_date}}Never again.{{/next_date}}', html: '<p>{{customer_name}} paid {{amount}}</p>' };
    const answer = await put('receipt/en', mine);
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ ...mine, id: 'receipt/en', built_in: false, updated_at: expect.any(String) })]);
    const expected = { subject: 'Thanks, Li & Na', text: 'You paid CN¥39.00.\nAgain on 10 April 2026.\n', html: '<p>Li &amp; Na paid CN¥39.00</p>' };
    expect(await latest(life), 'nobody has sent it yet').toMatchObject(expected);
    expect(await latest(await sellAndPay(world, code, START, { customer: { locale: 'zh-CN' } }))).toMatchObject({ subject: '付款成功：Tea club ¥39.00' });
    expect((await put('receipt/en', { subject: 'Hello', text: 'Hello' })).body).toMatchObject({ html: null });
    expect((await latest(life)).html).toContain('<p style="margin:0 0 16px">Hello</p>');
    expect((await send(world, 'delete', '/v1/message_templates/receipt/en')).status).toBe(204);
    expect(await latest(life)).toEqual(ours);
  });

  test.each([
    ['receipt/en', { subject: 'Pay {{link}}', text: 'a' }, 'subject', '{{link}}'],
    ['canceled/zh-CN', { subject: 'a', text: 'a {{next_date}}' }, 'text', '{{next_date}}'],
    ['trial_ending/en', { subject: 'a', text: 'a', html: '<a href="{{url}}">' }, 'html', '{{url}}'],
    ['receipt/en', { subject: 'a', text: '{{#amount}}a' }, 'text', '{{#amount}}'],
  ])('%s: a placeholder that it does not know is refused, and named', async (path, body, field, named) => {
    const response = await refused(world, 'put', `/v1/message_templates/${path}`, { body }, { ...INVALID, paths: [field] });
    expect(response.body.errors).toEqual([{ path: field, message: expect.stringContaining(named) }]);
  });

  test.each<['get' | 'put' | 'delete', string]>([
    ['get', 'receipt/fr'], ['get', 'hello/en'], ['put', 'receipt/de'], ['put', 'hello/en'], ['delete', 'hello/en'], ['delete', 'receipt/EN'],
    ['put', '__proto__/en'], ['get', 'constructor/en'],
  ])('%s %s is not found', async (method, path) => {
    const body = method === 'put' ? { body: { subject: 'a', text: 'a' } } : {};
    expectProblem(await send(world, method, `/v1/message_templates/${path}`, body), { status: 404, code: 'message_template_not_found' });
  });
});

describe('a message that is switched off', () => {
  test('is not made, until it is switched on again', async () => {
    const off = await put('receipt', { active: false });
    expect([off.status, off.body.data]).toEqual([200, [
      expect.objectContaining({ id: 'receipt/zh-CN', active: false }), expect.objectContaining({ id: 'receipt/en', active: false }),
    ]]);
    expect((await put('receipt', { active: false })).status).toBe(200);
    const life = await sellAndPay(world, code, START);
    expect(await world.list(`/v1/messages?customer=${life.customer}`)).toEqual([]);
    expect((await put('receipt', { active: true })).body.data[0]).toMatchObject({ active: true });
    await world.advance(life.clock, '2026-04-10T02:00:00Z');
    expect(await world.list(`/v1/messages?customer=${life.customer}`)).toMatchObject([{ name: 'receipt' }]);
    expectProblem(await put('hello', { active: false }), { status: 404, code: 'message_template_not_found' });
  });

  test('stands in for no other: what it would have said, the other says', async () => {
    await put('recovered', { active: false });
    await put('reauthorise', { active: false });
    const life = await sellAndPay(world, code, START);
    await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 1 });
    await world.advance(life.clock, '2026-04-12T02:00:00Z');
    await world.control('POST', `/wallets/${life.email}/revoke`, { response_code: '200R1' });
    await world.advance(life.clock, '2026-05-10T02:00:00Z');
    const names = (await world.list(`/v1/messages?customer=${life.customer}`)).map(({ name }) => name);
    expect(names.toReversed()).toEqual(['receipt', 'payment_failed', 'receipt', 'payment_failed']);
    await put('recovered', { active: true });
    await put('reauthorise', { active: true });
  });
});
