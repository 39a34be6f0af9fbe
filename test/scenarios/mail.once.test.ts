import { afterEach, beforeEach, expect, test } from 'vitest';
import { MailServer } from '../support/mail.server.js';
import { type Life, plan, sellAndPay, subscriptionOf } from '../support/story.js';
import { World } from '../support/world.js';
import { MessageSender } from '../../src/messages/message.sender.js';

const MINUTE = 60_000;
const START = '2026-03-10T02:00:00Z';
const BUSY = { code: 450, message: '4.2.0 try later' };
const UNKNOWN = { code: 550, message: '5.1.1 no such user' };

let post: MailServer;
let world: World;
beforeEach(async () => {
  post = await MailServer.open();
  world = await World.open({ config: { SMTP_URL: post.url, MAIL_FROM: 'hello@tea.example' } });
});
afterEach(async () => {
  await world.close();
  await post.stop();
});

const sold = async (): Promise<Life> => sellAndPay(world, (await plan(world, { renewal_notice: 'off' })).code, START);
const messages = () => world.list('/v1/messages');

type Said = typeof UNKNOWN | null;

/** The server keeps whoever comes next waiting, until the test answers. */
function holdNext(): { asked: Promise<void>; answer: (said: Said) => void } {
  let answer!: (said: Said) => void;
  const answered = new Promise<Said>((done) => (answer = done));
  const asked = new Promise<void>((done) => {
    post.recipient = () => {
      post.recipient = () => null;
      done();
      return answered;
    };
  });
  return { asked, answer };
}

/** A message that is tried for the second time, and handed over by this engine to a server that does not answer yet. */
async function handedOver() {
  post.recipient = () => BUSY;
  await sold();
  const { asked, answer } = holdNext();
  world.clock.moveTo(world.clock.at + MINUTE);
  const sending = world.app.get(MessageSender).run();
  await asked;
  return { answer, sending };
}

test('what the customer is told is stored with the event that tells it, or neither is', async () => {
  const life = await sold();
  await world.database.query(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = 'check_violation'; end $$`);
  await world.database.query('create trigger refuse before insert on messages for each row execute function refuse()');
  const cancel = () => world.call('post', `/v1/subscriptions/${life.subscription}/cancel`).send({ at: 'now', refund: 'none' });
  expect((await cancel()).status).toBe(500);
  expect(await world.news(life.subscription)).toEqual([]);
  expect(await subscriptionOf(world, life)).toMatchObject({ status: 'active' });
  await world.database.query('drop trigger refuse on messages');
  expect((await cancel()).status).toBe(200);
  expect(await world.news(life.subscription)).toEqual(['subscription.canceled']);
  expect((await messages()).map(({ name }) => name).toSorted()).toEqual(['canceled', 'receipt']);
  // Its id is the event's, so that no event becomes a second one.
  const told = await world.database.query(
    `select m.name, e.type from messages m left join events e on split_part(e.id, '_', 2) = split_part(m.id, '_', 2) order by m.name`,
  );
  expect(told).toEqual([
    { name: 'canceled', type: 'subscription.canceled' }, { name: 'receipt', type: 'invoice.paid' },
  ]);
});

test('a message that is tried again goes out in the words of its first try', async () => {
  post.recipient = () => BUSY;
  await sold();
  const [{ text } = {}] = await messages();
  await world.call('put', '/v1/message_templates/receipt/zh-CN').send({ subject: 'Hello', text: 'Hello' }).expect(200);
  post.recipient = () => null;
  await world.pass(MINUTE);
  expect(post.mails.map((mail) => mail.text)).toEqual([text]);
});

test('whoever hands a message over has it to himself', async () => {
  const { answer, sending } = await handedOver();
  const other = await world.replica();
  expect(await other.get(MessageSender).run()).toBe(0);
  answer(null);
  expect(await sending).toBe(1);
  expect(await messages()).toMatchObject([{ status: 'sent', attempts: 2 }]);
  expect(post.mails).toHaveLength(1);
  await other.close();
});

test('whoever learns too late what became of a message does not overrule who has sent it meanwhile', async () => {
  const { answer, sending } = await handedOver();
  const other = await world.replica();
  world.clock.moveTo(world.clock.at + 5 * MINUTE);
  const again = holdNext();
  const resending = other.get(MessageSender).run();
  await again.asked;
  answer(UNKNOWN);
  await sending;
  expect(await messages()).toMatchObject([{ status: 'pending', attempts: 3 }]);
  again.answer(null);
  await resending;
  expect(await messages()).toMatchObject([{ status: 'sent', attempts: 3 }]);
  expect(post.mails).toHaveLength(1);
  await other.close();
});
