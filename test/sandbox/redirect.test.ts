import { describe, expect, test } from 'vitest';
import { withSession } from '../../sandbox/wallet/pay-pages.js';
import { moneyText } from '../../sandbox/wallet/money-text.js';
import { send, startWorld, type Answer, type World } from './support.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function open(world: World, changes: object = {}): Promise<{ id: string; sid: string; page: string; source: string }> {
  const { body } = await world.setUp(changes);
  const page = body._links.redirect.href as string;
  return { id: body.id, sid: page.split('/').pop()!, page, source: body.source.id };
}

const choose = (page: string, choice: string): Promise<Answer> => send(page, 'POST', FORM, `choice=${choice}`);

test('paying leads to success_url, and the money follows some seconds later', async () => {
  const world = await startWorld({ settings: { redirect_capture_delay_ms: [6000, 6000] } });
  const { id, sid, page } = await open(world);
  const answer = await choose(page, 'approve');
  expect(answer).toMatchObject({ status: 302, headers: { location: `https://shop.example/ok?cko-session-id=${sid}` } });
  await world.live(5.9);
  expect((await world.details(sid)).status).toBe('Pending');
  await world.live(0.2);
  expect((await world.details(sid)).status).toBe('Captured');
  await world.live(1);
  expect(world.receiver.types(id)).toEqual(['payment_pending', 'payment_capture_pending', 'payment_captured']);
});

test.each([['decline', 'Declined', 'payment_declined'], ['cancel', 'Canceled', 'payment_canceled']])('%s leads to failure_url and the payment is %s', async (choice, status, event) => {
  const world = await startWorld();
  const { id, sid, page, source } = await open(world);
  expect((await choose(page, choice)).headers['location']).toBe(`https://shop.example/failed?cko-session-id=${sid}`);
  expect((await world.details(id)).status).toBe(status);
  await world.live(1);
  expect(world.receiver.types(id)).toContain(event);
  expect((await world.charge(source)).body.error_codes).toEqual(['source_id_unknown']);
  expect(await world.book()).toEqual({});
});

test('walking away changes nothing; fifteen minutes of silence expire the payment', async () => {
  const world = await startWorld();
  const { id, page } = await open(world);
  expect((await choose(page, 'leave')).text).toContain('Nothing'.toLowerCase());
  await world.live(899);
  expect((await world.details(id)).status).toBe('Pending');
  await world.live(2);
  expect((await world.details(id)).status).toBe('Expired');
  expect(world.receiver.types(id)).toContain('payment_expired');
  const late = await choose(page, 'approve');
  expect(late.headers['location']).toContain('https://shop.example/failed');
  await world.live(60);
  expect(await world.book()).toEqual({});
});

test('silence may also be told as a decline', async () => {
  const world = await startWorld({ settings: { redirect_lapse: 'declined' } });
  const { id } = await open(world);
  await world.live(901);
  expect(await world.details(id)).toMatchObject({ status: 'Declined', processing: { failure_code: '20068' } });
});

test('an approval just before the expiry keeps its course', async () => {
  const world = await startWorld({ settings: { redirect_capture_delay_ms: [6000, 6000] } });
  const { id, page } = await open(world);
  await world.live(899);
  await choose(page, 'approve');
  await world.live(10);
  expect((await world.details(id)).status).toBe('Captured');
});

test('pressing twice pays once, and a decided page says so', async () => {
  const world = await startWorld();
  const { id, page } = await open(world);
  await choose(page, 'approve');
  expect((await send(page, 'GET', {})).text).toContain('Being processed');
  expect((await choose(page, 'cancel')).headers['location']).toContain('/ok?');
  await world.live(10);
  await choose(page, 'approve');
  expect((await send(page, 'GET', {})).text).toContain('Paid');
  expect((await world.details(id)).status).toBe('Captured');
  expect((await world.book()).CNY.captured_count).toBe(1);
});

test('the wallet may decline what the customer approves', async () => {
  const world = await startWorld();
  await world.control('POST', '/wallets/li@example.com/behaviour', { outcome: 'decline', response_code: '20051', times: 1 });
  const { id, page } = await open(world);
  expect((await choose(page, 'approve')).headers['location']).toContain('/failed?');
  expect((await world.details(id)).processing.failure_code).toBe('20051');
});

describe('the pay page', () => {
  test.each([['WEB', undefined, 'Scan with Alipay'], ['WAP', 'ANDROID', 'Pay now'], ['APP', 'IOS', 'Opening the Alipay app']])('on %s', async (terminal, os, words) => {
    const world = await startWorld();
    const { page } = await open(world, { processing: { terminal_type: terminal, os_type: os }, amount: 123456, reference: 'ORDER-7' });
    const { status, text, headers } = await send(page, 'GET', {});
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const expected of ['<html lang="zh-CN">', 'name="viewport"', 'AlipayCN', 'Alipay+', 'CN¥ 1,234.56', 'ORDER-7', words, 'value="approve"', 'value="decline"', 'value="cancel"', 'value="leave"']) expect(text).toContain(expected);
    expect(text).not.toContain('<script');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('escapes what the merchant wrote', async () => {
    const world = await startWorld();
    const { page } = await open(world, { reference: `"><script>alert('x')</script>&`, description: '<img src=x>' });
    const { text } = await send(page, 'GET', {});
    expect(text).toContain('&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;');
    expect(text).toContain('&lt;img src=x&gt;');
    expect(text).not.toMatch(/<script|<img/);
  });

  test('of nobody is 404', async () => {
    const world = await startWorld();
    const { id } = await open(world);
    for (const sid of [`sid_${'a'.repeat(26)}`, id, 'x']) expect((await send(`${world.sandbox.url}/pay/${sid}`, 'GET', {})).status).toBe(404);
  });
});

test.each([
  ['https://x.test/a', 'https://x.test/a?cko-session-id=sid_1'],
  ['https://x.test/a?b=c%20d&e', 'https://x.test/a?b=c%20d&e&cko-session-id=sid_1'],
  ['https://x.test/a?', 'https://x.test/a?cko-session-id=sid_1'],
  ['https://x.test/a?b=1#part?2', 'https://x.test/a?b=1&cko-session-id=sid_1#part?2'],
  ['https://x.test/付款', 'https://x.test/%E4%BB%98%E6%AC%BE?cko-session-id=sid_1'],
  ['shop://pay', 'shop://pay?cko-session-id=sid_1'],
  ['https://x.test/a\r\nSet-Cookie:x', 'https://x.test/a%0D%0ASet-Cookie:x?cko-session-id=sid_1'],
])('the session is added to %s', (url, expected) => expect(withSession(url, 'sid_1')).toBe(expected));

test.each([[4900, 'CNY', 'CN¥ 49.00'], [5, 'CNY', 'CN¥ 0.05'], [1234567, 'EUR', '€ 12,345.67'], [500, 'JPY', '¥ 500'], [12345, 'KWD', 'KWD 12.345'], [9999999999, 'USD', '$ 99,999,999.99']])('%i %s is written %s', (amount, currency, text) => expect(moneyText(amount, currency)).toBe(text));
