import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MailServer } from '../support/mail.server.js';
import { plan, sellAndPay, wallet } from '../support/story.js';
import { World } from '../support/world.js';

/** Everything that was written to the standard output, which is where the log goes. */
const lines: string[] = [];
let post: MailServer;
let world: World;
beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
  post = await MailServer.open();
  world = await World.open({ config: { SMTP_URL: post.url, MAIL_FROM: 'hello@tea.example', LOG_LEVEL: 'trace' } });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world.close();
  await post.stop();
});

test('no address, name, text or link is written to the log, whatever goes wrong', async () => {
  post.recipient = (address) => ({ code: 550, message: `5.1.1 <${address}>: nobody of the name Li Na` });
  const { code } = await plan(world, { name: 'Secret tea', renewal_notice: 'off' });
  const life = await sellAndPay(world, code, '2026-03-10T02:00:00Z', { customer: { locale: 'en' } });
  post.recipient = (address) => ({ code: 452, message: `4.2.2 <${address}>: no room for Li Na` });
  await wallet(world, life, { outcome: 'decline', response_code: '20051' });
  await world.advance(life.clock, '2026-04-10T02:00:00Z');
  const [message] = await world.list('/v1/messages');
  const token = /\/pay\/(\S+)/.exec(message?.text ?? '')?.[1] as string;
  for (const path of [`/pay/${token}`, `/pay/${token}?a=b`, `/PAY/${token}`, `/pay//${token}`, `/pay/${token}/`]) {
    await request(world.app.getHttpServer()).get(path);
    await request(world.app.getHttpServer()).post(path);
  }
  await post.hangUp();
  await world.pass(60_000);

  const log = lines.join('');
  expect(log).toContain('message failed');
  expect(log).toContain('550 5.1.1');
  expect(log).toContain('the mail server is out of reach');
  expect(log).toContain('"route":"/pay/:token"');
  for (const secret of [life.email, 'Li Na', 'Secret tea', token, token.slice(-26), 'did not go through']) expect(log).not.toContain(secret);
});
