import { afterEach, beforeEach, expect, test } from 'vitest';
import { MailServer } from '../support/mail.server.js';
import { type Life, plan, sellAndPay, wallet } from '../support/story.js';
import { World } from '../support/world.js';
import { newId } from '../../src/platform/ids/ids.js';
import { Scheduler } from '../../src/scheduler/scheduler.js';

type Json = Record<string, any>;

const MINUTE = 60_000;
const START = '2026-03-10T02:00:00Z';

let post: MailServer;
let world: World;
let code: string;
beforeEach(async () => {
  post = await MailServer.open();
  world = await World.open({ config: { SMTP_URL: post.url, MAIL_FROM: '茶社 <hello@tea.example>' } });
  code = (await plan(world, { renewal_notice: 'off' })).code;
});
afterEach(async () => {
  await world.close();
  await post.stop();
});

const only = async (): Promise<Json> => {
  const all = await world.list('/v1/messages');
  expect(all).toHaveLength(1);
  return all[0] as Json;
};

test('a message goes out as it is shown, and says what it is', async () => {
  await sellAndPay(world, code, START);
  const message = await only();
  expect(message).toMatchObject({ status: 'sent', attempts: 1, next_attempt_at: null, error: null, sent_at: expect.stringMatching(/^2026-03-01T/) });
  expect(post.mails).toHaveLength(1);
  const [mail] = post.mails;
  expect(mail).toMatchObject({ to: [message.recipient], text: message.text, html: message.html });
  expect(mail?.headers).toMatchObject({
    from: '茶社 <hello@tea.example>',
    to: message.recipient,
    subject: message.subject,
    'message-id': `<${message.id}@tea.example>`,
    'auto-submitted': 'auto-generated',
    'content-language': 'zh-CN',
  });
  expect(mail?.headers).not.toHaveProperty('list-unsubscribe');
  await world.pass(60 * MINUTE);
  expect(post.mails).toHaveLength(1);
});

test('the engine is restarted between the commit and the sending: it is sent, once', async () => {
  await post.stop();
  await sellAndPay(world, code, START);
  expect(await only()).toMatchObject({ status: 'pending', attempts: 0, sent_at: null });
  await world.restart();
  await post.start();
  await world.pass(10_000);
  expect(await only()).toMatchObject({ status: 'sent', attempts: 1 });
  expect(post.mails).toHaveLength(1);
});

test('who sends and dies before he has written it down: another sends the same message again, after the lease', async () => {
  await sellAndPay(world, code, START);
  const { id } = await only();
  await world.database.query(`alter table messages disable trigger message_guard`);
  await world.database.query(`update messages set status = 'pending', sent_at = null, next_attempt_at = $1`, [new Date(world.clock.at + 5 * MINUTE)]);
  await world.database.query(`alter table messages enable trigger message_guard`);
  await world.pass(5 * MINUTE - 1);
  expect(post.mails).toHaveLength(1);
  await world.pass(1);
  expect(await only()).toMatchObject({ status: 'sent', attempts: 2 });
  expect(post.mails.map((mail) => mail.headers['message-id'])).toEqual([`<${id}@tea.example>`, `<${id}@tea.example>`]);
  expect(post.mails[1]?.text).toBe(post.mails[0]?.text);
});

test('two engines at once send each message once', async () => {
  await post.stop();
  await sellAndPay(world, code, START);
  const { id } = await only();
  for (let i = 0; i < 40; i += 1) {
    await world.database.query(
      `insert into messages select (json_populate_record(m, json_build_object('id', $2::text))).* from messages m where id = $1`,
      [id, newId('msg')],
    );
  }
  await post.start();
  const other = await world.replica();
  world.clock.moveTo(world.clock.at + 10 * MINUTE);
  // Each has one message to see that the server is back, before it takes a set.
  await Promise.all([world.app.get(Scheduler).drain(), other.get(Scheduler).drain()]);
  await other.close();
  expect(post.mails).toHaveLength(41);
  expect(new Set(post.mails.map((mail) => mail.headers['message-id'])).size).toBe(41);
});

test('the mail server is away for an hour: nothing is lost, no try is used up, and nobody hammers at its door', async () => {
  await post.hangUp();
  const lives = [await sellAndPay(world, code, START), await sellAndPay(world, code, START)];
  await world.pass(60 * MINUTE, 30_000);
  const waiting = await world.list('/v1/messages');
  expect(waiting).toMatchObject([{ status: 'pending', attempts: 0, error: 'ECONNECTION' }, { status: 'pending', attempts: 0, error: 'ECONNECTION' }]);
  // One look each time: the message's, and one more to see whose fault it was.
  expect(post.knocks).toBeLessThan(50);
  await post.start();
  await world.pass(10 * MINUTE, MINUTE);
  expect(await world.list('/v1/messages')).toMatchObject([{ status: 'sent', attempts: 1 }, { status: 'sent', attempts: 1 }]);
  expect(post.mails.map((mail) => mail.to[0]).sort()).toEqual(lives.map((life) => life.email).sort());
});

test('an address that does not exist fails its message, visibly, and no other', async () => {
  post.recipient = (address) => (address === 'nobody@example.com' ? { code: 550, message: '5.1.1 <nobody@example.com> no such user' } : null);
  await sellAndPay(world, code, START);
  await sellAndPay(world, code, START, { customer: { email: 'nobody@example.com' } });
  expect(await world.list('/v1/messages?status=failed')).toMatchObject([{ recipient: 'nobody@example.com', attempts: 1, error: '550 5.1.1', next_attempt_at: null }]);
  expect(await world.list('/v1/messages?status=sent')).toHaveLength(1);
  await world.pass(120 * MINUTE, 30 * MINUTE);
  expect(post.mails).toHaveLength(1);
});

test('a mailbox that takes nothing for now is tried again, after longer and longer waits, and given up in the end', async () => {
  post.recipient = () => ({ code: 452, message: '4.2.2 mailbox full' });
  await sellAndPay(world, code, START);
  const tries: [number, number][] = [];
  const begin = world.clock.at;
  for (let minutes = 0; minutes < 3 * 24 * 60; minutes += 60) {
    await world.pass(60 * MINUTE);
    const { attempts } = await only();
    if (tries.at(-1)?.[1] !== attempts) tries.push([Math.round((world.clock.at - begin) / MINUTE), attempts]);
  }
  expect(await only()).toMatchObject({ status: 'failed', attempts: 11, error: '452 4.2.2' });
  expect(tries.map(([, attempts]) => attempts)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  const waits = tries.slice(1).map(([at], i) => at - (tries[i]?.[0] ?? 0));
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});

test('a message that breaks the server’s line whenever it comes stops only itself', async () => {
  post.recipient = (address) => (address === 'poison@example.com' ? { code: 421, message: 'bye' } : null);
  await sellAndPay(world, code, START, { customer: { email: 'poison@example.com' } });
  await sellAndPay(world, code, START);
  await world.pass(30 * MINUTE, MINUTE);
  expect(await world.list('/v1/messages?status=sent')).toHaveLength(1);
  expect((await world.list('/v1/messages?status=pending'))[0]).toMatchObject({ recipient: 'poison@example.com', attempts: 4, error: '421' });
});

test('a mail server that is taken away leaves messages that are kept and shown', async () => {
  await post.stop();
  await sellAndPay(world, code, START);
  expect(await only()).toMatchObject({ status: 'pending' });
  await world.restart({ SMTP_URL: undefined, MAIL_FROM: undefined });
  await world.pass(10 * MINUTE);
  expect(await only()).toMatchObject({ status: 'kept', attempts: 0, next_attempt_at: null });
});

test('nobody is written to in the hours that the policy keeps quiet, by his own clock', async () => {
  await world.post('/v1/dunning_policies', { code: 'gentle', retries: [{ after: '1d', notify: true }], quiet_hours: { from: '22:00', to: '08:00' } });
  const { code: gentle } = await plan(world, { dunning_policy: 'gentle', renewal_notice: 'off' });
  // 23:30 in Shanghai, and 16:30 in Paris.
  for (const time_zone of ['Asia/Shanghai', 'Europe/Paris']) await sellAndPay(world, gentle, '2026-03-10T15:30:00Z', { customer: { time_zone } });
  expect(post.mails).toHaveLength(1);
  const [waiting] = await world.list('/v1/messages?status=pending');
  expect(waiting).toMatchObject({ attempts: 0, data: { time_zone: 'Asia/Shanghai' } });
  expect(Date.parse(waiting?.next_attempt_at ?? '') - world.clock.at).toBeGreaterThan(8.4 * 60 * MINUTE);
  await world.pass(8.4 * 60 * MINUTE);
  expect(post.mails).toHaveLength(1);
  await world.pass(0.2 * 60 * MINUTE);
  expect(post.mails).toHaveLength(2);
});

test('a mailbox that takes nothing in the evening is not tried again in the night, nor is a server that comes back then', async () => {
  await world.post('/v1/dunning_policies', { code: 'gentle', retries: [{ after: '1d', notify: true }], quiet_hours: { from: '22:00', to: '08:00' } });
  const { code: gentle } = await plan(world, { dunning_policy: 'gentle', renewal_notice: 'off' });
  // 21:50 in Shanghai.
  const EVENING = '2026-03-10T13:50:00Z';
  post.recipient = () => ({ code: 452, message: '4.2.2 mailbox full' });
  await sellAndPay(world, gentle, EVENING);
  await world.pass(15 * MINUTE, MINUTE);
  post.recipient = () => null;
  expect(await only()).toMatchObject({ status: 'pending', attempts: 3 });
  await post.stop();
  await sellAndPay(world, gentle, EVENING);
  await world.pass(15 * MINUTE, MINUTE);
  await post.start();
  await world.pass(9 * 60 * MINUTE, 30 * MINUTE);
  expect(post.mails).toEqual([]);
  await world.pass(70 * MINUTE, 10 * MINUTE);
  expect(post.mails).toHaveLength(2);
  expect((await world.list('/v1/messages?status=sent')).map(({ attempts }) => attempts)).toEqual([1, 4]);
});

test('what the night held back reaches its reader in order, and without what was paid meanwhile', async () => {
  await world.post('/v1/dunning_policies', { code: 'gentle', retries: [{ after: '1h', notify: true }, { after: '8d', notify: true }], quiet_hours: { from: '22:00', to: '08:00' } });
  const { code: gentle } = await plan(world, { dunning_policy: 'gentle', renewal_notice: 'off' });
  // 23:30 in Shanghai.
  const lives = [];
  for (let i = 0; i < 3; i += 1) lives.push(await sellAndPay(world, gentle, '2026-03-10T15:30:00Z', { customer: { locale: 'en' } }));
  const [paid, owing] = lives as [Life, Life, Life];
  await wallet(world, paid, { outcome: 'decline', response_code: '20051', times: 1 });
  await wallet(world, owing, { outcome: 'decline', response_code: '20051', times: 2 });
  for (const life of lives) await world.advance(life.clock, '2026-04-10T15:30:00Z');
  await world.pass(60 * MINUTE, 30 * MINUTE);
  for (const life of lives) await world.advance(life.clock, '2026-04-10T16:30:00Z');
  expect(post.mails).toEqual([]);
  await world.pass(9 * 60 * MINUTE, 30 * MINUTE);
  const subjects = (life: Life) => post.mails.filter((mail) => mail.to[0] === life.email).map((mail) => mail.headers['subject']);
  const receipt = 'Your payment of CN¥39.00 for Tea club';
  const failure = `${receipt} did not go through`;
  expect(lives.map(subjects)).toEqual([[receipt, 'Thank you: your subscription to Tea club goes on'], [receipt, failure, failure], [receipt, receipt]]);
  expect(await world.list('/v1/messages?status=kept')).toMatchObject([{ name: 'payment_failed', customer: paid.customer, attempts: 0, error: null, next_attempt_at: null }]);
});
