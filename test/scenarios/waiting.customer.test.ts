import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Life, plan, sellAndPay, subscriptionOf, URLS, wallet } from '../support/story.js';
import { World } from '../support/world.js';

const START = '2026-03-10T02:00:00Z';
const RENEWAL = '2026-04-10T02:00:00Z';
const MANY = 8;

const lines: string[] = [];
let world: World;
let debtors: Life[];
beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
  world = await World.open({ config: { LOG_LEVEL: 'info' } });
  const { code } = await plan(world, { renewal_notice: 'off' });
  debtors = [];
  for (let i = 0; i < 2 * MANY + 2; i += 1) {
    const life = await sellAndPay(world, code, START);
    await wallet(world, life, { outcome: 'decline', response_code: '20051', times: 1 });
    await world.advance(life.clock, RENEWAL);
    debtors.push(life);
  }
  // From here on the timers run by themselves, as they do beside every caller.
  await world.restart({ ROLE: 'all' });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world.close();
});

const open = (life: Life) => world.call('post', `/v1/subscriptions/${life.subscription}/checkout`).send({ terminal_type: 'WEB', ...URLS });

async function payPath(life: Life): Promise<string> {
  const [message] = await world.list(`/v1/messages?subscription=${life.subscription}&limit=1`);
  return /\/pay\/\S+/.exec(message?.text ?? '')?.[0] as string;
}

const press = (path: string) => request(world.app.getHttpServer()).post(path);

test('whoever asks for a link after a failed attempt is answered with it', async () => {
  const answers = await Promise.all(debtors.slice(0, MANY).map((life) => open(life).then(({ status, body }) => [status, body.checkout?.status])));
  expect(answers).toEqual(Array.from({ length: MANY }, () => [200, 'ready']));
});

test('whoever presses the button of his link is led on', async () => {
  const paths = await Promise.all(debtors.slice(MANY, 2 * MANY).map(payPath));
  const answers = await Promise.all(paths.map((path) => press(path).then(({ status }) => status)));
  expect(answers).toEqual(Array.from({ length: MANY }, () => 303));
});

test('whoever asks twice at once is given one link', async () => {
  const life = debtors[2 * MANY] as Life;
  const path = await payPath(life);
  const answers = await Promise.all([press(path), open(life), press(path)]);
  const links = new Set(answers.map(({ status, headers, body }) => (status === 303 ? headers['location'] : body.checkout?.url)));
  expect(links).toEqual(new Set([(await subscriptionOf(world, life)).checkout.url]));
  expect(await world.list(`/v1/charges?subscription=${life.subscription}&kind=checkout`)).toHaveLength(1);
});

test('a customer who is asked to wait is no error of ours', async () => {
  const path = await payPath(debtors.at(-1) as Life);
  await world.control('POST', '/faults', { type: 'server_error', params: {}, match: {}, times: 1 });
  expect((await press(path)).status).toBe(503);
  expect(lines.join('')).toContain('could not be looked at');
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
