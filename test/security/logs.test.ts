import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Inbox } from '../../src/inbox/inbox.js';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { send } from '../api/outsider.js';
import { MailServer } from '../support/mail.server.js';
import { Merchant } from '../support/merchant.js';
import { plan, sellAndPay, wallet } from '../support/story.js';
import { API_KEY, World } from '../support/world.js';

const EMAIL = 'li.na.of.the.logs@tea-lovers.example';
const PERSON = { email: EMAIL, name: 'Li Na Zhang', phone: '+86 138 0013 8000', external_id: 'passport-E12345678', metadata: { address: '88 Nanjing Road' } };
const SECRETS = {
  ZHOUQI_SECRET: 'the-installation-secret-of-the-logs',
  METRICS_TOKEN: 'the-metrics-token-of-the-logs',
  CKO_WEBHOOK_KEY: 'the-signature-key-of-the-logs',
  CKO_WEBHOOK_AUTHORIZATION: 'the-static-header-of-the-logs',
};

const lines: string[] = [];
/** Everything that must not be found. */
const hidden = new Set<string>([...Object.values(SECRETS), ...Object.values(PERSON).filter((value) => typeof value === 'string'), PERSON.metadata.address, API_KEY]);
let world: World;
let post: MailServer;
let merchant: Merchant;
beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
  }
  post = await MailServer.open();
  const smtp = post.url.replace('smtp://', 'smtp://mailer:the-mail-password-of-the-logs@');
  hidden.add('the-mail-password-of-the-logs');
  world = await World.open({
    config: { ...SECRETS, SMTP_URL: smtp, MAIL_FROM: 'hello@tea.example', WEBHOOKS_ALLOW_PRIVATE: 'true', LOG_LEVEL: 'trace' },
    sandbox: { webhook_key: SECRETS.CKO_WEBHOOK_KEY, webhook_authorization: SECRETS.CKO_WEBHOOK_AUTHORIZATION },
  });
  merchant = await Merchant.open(world);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await merchant.close();
  await world.close();
  await post.stop();
});

/** A whole life: sold, renewed, declined, paid by link, its wallet revoked; told by webhook and by e-mail. */
async function live(): Promise<void> {
  const { secret } = await merchant.endpoint();
  hidden.add(secret);
  const { code } = await plan(world, { renewal_notice: 'off' });
  const life = { ...(await sellAndPay(world, code, '2026-03-10T02:00:00Z', { customer: PERSON })), email: EMAIL };
  await wallet(world, life, { outcome: 'decline', response_code: '20051' });
  await world.advance(life.clock, '2026-04-10T02:00:00Z');
  await post.hangUp();
  await wallet(world, life, { outcome: 'decline', response_code: '200R1' });
  await world.advance(life.clock, '2026-04-13T02:00:00Z');
  for (const { text } of await world.list('/v1/messages')) {
    const token = /\/pay\/(\S+)/.exec(text)?.[1];
    if (token === undefined) continue;
    hidden.add(token);
    for (const path of [`/pay/${token}`, `/PAY/${token}?x=${EMAIL}`, `/pay//${token}`]) {
      await send(world, 'get', path, { key: null });
      await send(world, 'post', path, { key: null });
    }
  }
  for (const { source } of await world.list('/v1/subscriptions')) if (source) hidden.add(source.id);
  for (const { redirect_url: url } of await world.database.query<{ redirect_url: string | null }>('select redirect_url from charges')) if (url) hidden.add(url);
  merchant.receiver.answer = () => 500;
  await world.call('patch', `/v1/customers/${life.customer}`).send({ name: 'Wang Wei Fang' }).expect(200);
  hidden.add('Wang Wei Fang');
  await merchant.live(60_000);
  merchant.receiver.answer = () => 200;
  await world.pass(3_600_000);
  await post.start();
  await world.pass(3_600_000);
}

/** Requests that carry what is personal or secret where they should not. */
async function misplace(): Promise<void> {
  const { secret } = await world.post('/v1/api_keys', { name: 'shop', scopes: ['read'] });
  const source = [...hidden].find((text) => text.startsWith('src_')) as string;
  hidden.add(secret).add('zq_a_key_that_nobody_has');
  await send(world, 'get', '/v1/plans', { key: 'zq_a_key_that_nobody_has' });
  for (const text of [EMAIL, PERSON.name, PERSON.phone, PERSON.external_id, secret, source]) {
    const inUrl = encodeURIComponent(text);
    hidden.add(inUrl);
    for (const path of [`/v1/customers/${inUrl}`, `/v1/customers?email=${inUrl}`, `/v1/${inUrl}`, `/v1/customers?${inUrl}`, `/${inUrl}/%`]) {
      // The caller's own id of a request is his to choose; it only must not be a secret.
      await send(world, 'get', path, { headers: { 'x-request-id': /@|^(zq|src)_/.test(text) ? text : 'mine' } });
    }
    await send(world, 'post', '/v1/customers', { body: { [text]: text, email: text } });
    await send(world, 'post', '/v1/customers', { body: `{"email":"${text}` });
    await send(world, 'post', '/v1/customers', { body: {}, headers: { 'idempotency-key': text } });
  }
}

/** Everything that the engine did not expect, with somebody's data in it. */
async function fail(): Promise<void> {
  const query = (sql: string) => world.database.query(sql);
  await query(`alter table customers add constraint nobody check (name <> '${PERSON.name}') not valid`);
  expect((await send(world, 'post', '/v1/customers', { body: PERSON })).status, 'the failing row stands in the details').toBe(500);
  await query('alter table customers drop constraint nobody');
  await query(`create function refuse_customer() returns trigger language plpgsql as 'begin perform new.phone::int; return new; end'`);
  await query('create trigger refuse before insert on customers for each row execute function refuse_customer()');
  expect((await send(world, 'post', '/v1/customers', { body: PERSON })).status, 'the phone stands in the message').toBe(500);
  await query('drop trigger refuse on customers');
  const event = { id: `evt_${'a'.repeat(26)}`, type: 'payment_captured', data: { id: `pay_${'a'.repeat(26)}`, customer: PERSON, source: { id: 'src_of_the_webhook_of_logs' } } };
  hidden.add('src_of_the_webhook_of_logs');
  const deliver = (body: string, key: string, authorization: string) => {
    const signature = createHmac('sha256', key).update(body).digest('hex');
    hidden.add(signature);
    return send(world, 'post', '/webhooks/checkout', { key: null, body, headers: { 'cko-signature': signature, authorization } });
  };
  expect((await deliver(JSON.stringify(event), 'another-key', SECRETS.CKO_WEBHOOK_AUTHORIZATION)).status).toBe(401);
  expect((await deliver(`not JSON, ${EMAIL}`, SECRETS.CKO_WEBHOOK_KEY, SECRETS.CKO_WEBHOOK_AUTHORIZATION)).status).toBe(200);
  await query('alter table gateway_events rename to away');
  expect((await deliver(JSON.stringify(event), SECRETS.CKO_WEBHOOK_KEY, SECRETS.CKO_WEBHOOK_AUTHORIZATION)).status).toBe(503);
  await expect(world.app.get(Inbox).run()).rejects.toThrow(/gateway_events/);
  await query('alter table away rename to gateway_events');
  await send(world, 'get', '/metrics', { key: SECRETS.METRICS_TOKEN });
  await world.app.get(Scheduler).drain();
}

test('28 log redaction: a whole life, and everything that goes wrong in it, leaves no secret and nothing personal in the log', async () => {
  await live();
  await misplace();
  await fail();

  const log = lines.join('');
  // What an operator needs is there …
  for (const needed of ['"route":"/v1/customers/:id"', '"route":"none"', '"status":500', '"msg":"request failed"', '"constraint":"nobody"', '"code":"22P02"', 'a webhook could not be stored', 'the mail server is out of reach']) {
    expect(log, needed).toContain(needed);
  }
  expect([...hidden].filter((text) => /^(src|whsec|zq)_/.test(text)).length).toBeGreaterThanOrEqual(6);
  // … and nothing else.
  for (const text of hidden) expect(lines.filter((line) => line.includes(text)), text).toEqual([]);
  expect(lines.filter((line) => /Nanjing|138 ?0013|Li Na|cko-signature|authorization/i.test(line))).toEqual([]);
});
