import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServerResponse } from 'node:http';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { signUp } from '../gateway/shop.js';
import { Receiver } from '../support/receiver.js';
import { World } from '../support/world.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let world: World;
let receiver: Receiver;
beforeAll(async () => {
  world = await World.open({ config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
});
afterAll(() => world.close());

/** One endpoint at a time, at a server of its own. */
beforeEach(async (context) => {
  receiver = await Receiver.open();
  context.onTestFinished(async () => {
    for (const { id } of await world.list('/v1/webhook_endpoints')) await world.call('delete', `/v1/webhook_endpoints/${id}`).expect(204);
    await receiver.close();
  });
});

async function endpoint(fields: object = {}): Promise<{ id: string; secret: string }> {
  const made = await world.post('/v1/webhook_endpoints', { url: receiver.url, events: ['*'], ...fields });
  receiver.secrets = [made.secret];
  return made as { id: string; secret: string };
}

const customer = async (): Promise<string> => (await world.post('/v1/customers', {})).id;
const rename = (id: string, name: string) => world.call('patch', `/v1/customers/${id}`).send({ name }).expect(200);
const deliveriesOf = async (id: string, query = '') => (await world.list(`/v1/webhook_endpoints/${id}/deliveries?limit=100${query}`)).toReversed();
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Lets time pass until nothing waits for its next try any more, or until `end` (ms from now). */
async function live(milliseconds: number): Promise<void> {
  const end = world.clock.at + milliseconds;
  for (;;) {
    await world.settle();
    const [{ at }] = await world.database.query<{ at: Date | null }>(
      `select min(next_attempt_at) as at from webhook_deliveries where next_attempt_at > $1`, [new Date(world.clock.at)],
    ) as [{ at: Date | null }];
    if (at === null || at.getTime() > end) break;
    world.clock.moveTo(at.getTime());
  }
  await world.pass(end - world.clock.at);
}

describe('what is told', () => {
  test('everything of a subscription’s life, once, in order, signed, and as GET /v1/events shows it', async () => {
    const { id } = await endpoint();
    const { id: subscription } = await signUp(world);
    await world.pay(subscription);
    const events = (await world.list(`/v1/events?subject=${subscription}&limit=100`)).toReversed();
    expect(receiver.taken.filter(({ event }) => event['subject'] === subscription).map(({ event }) => event)).toEqual(events);
    expect(receiver.taken.map((one) => one.id)).toEqual(receiver.taken.map(({ event }) => event['id']));
    expect(new Set(receiver.asked).size).toBe(receiver.asked.length);
    const deliveries = await deliveriesOf(id);
    expect(deliveries.map(({ event }) => event).toSorted()).toEqual(receiver.asked.toSorted());
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, response_status: 200, response_body: 'status 200', error: null, next_attempt_at: null });
      expect(await world.get(`/v1/webhook_deliveries/${delivery['id']}`)).toEqual(delivery);
    }
  });

  test('only what the filters let through; nothing to an endpoint that is not active', async () => {
    await endpoint({ events: ['customer.updated', 'plan.*'] });
    await world.post('/v1/webhook_endpoints', { url: receiver.url, active: false });
    await rename(await customer(), 'Li');
    await world.post('/v1/plans', { code: 'filtered', name: 'Tea', amount: 3900, currency: 'CNY', interval: 'month' });
    await world.settle();
    expect(receiver.types().toSorted()).toEqual(['customer.updated', 'plan.created']);
  });

  test('without an endpoint nothing is written for it', async () => {
    const before = await world.database.query('select count(*) from webhook_deliveries', []);
    await customer();
    expect(await world.database.query('select count(*) from webhook_deliveries', [])).toEqual(before);
  });

  test('a test is heard by its own endpoint alone, whatever its filters', async () => {
    await endpoint();
    const other = await endpoint({ events: ['plan.*'] });
    receiver.secrets = [];
    const delivery = await world.post(`/v1/webhook_endpoints/${other.id}/test`);
    expect(delivery).toMatchObject({ object: 'webhook_delivery', status: 'pending', webhook_endpoint: other.id, event_type: 'webhook_endpoint.test', sequence: 1 });
    await world.settle();
    expect(receiver.types()).toEqual(['webhook_endpoint.test']);
    expect(receiver.taken[0]?.event).toMatchObject({ subject: other.id, data: { object: { id: other.id, object: 'webhook_endpoint' } } });
    expect(JSON.stringify(receiver.taken)).not.toContain(other.secret);
  });
});

describe('an endpoint that fails', () => {
  test('is tried again after 5 s, 10 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, then every 12 h to 7 days, then parked', async () => {
    const { id } = await endpoint();
    const bad = await customer();
    const good = await customer();
    receiver.answer = (event) => (event['subject'] === bad ? 500 : 200);
    await world.settle();
    const start = world.clock.at;
    const tries: number[] = [];
    for (let at: number | null = start; at !== null; ) {
      await world.settle();
      tries.push(at - start);
      const [delivery] = await deliveriesOf(id, `&subject=${bad}`);
      expect(delivery).toMatchObject({ attempts: tries.length, response_status: 500, error: 'answered 500' });
      at = delivery?.['next_attempt_at'] == null ? null : Date.parse(delivery['next_attempt_at']);
      // Now and then another subject is taken, so that the endpoint is not dead.
      await rename(good, `Li ${tries.length}`);
      if (at !== null) world.clock.moveTo(at);
    }
    const waits = [5 * SECOND, 10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR];
    const first = waits.map((_, i) => waits.slice(0, i + 1).reduce((a, b) => a + b));
    const every = Array.from({ length: 12 }, (_, i) => (first.at(-1) as number) + (i + 1) * 12 * HOUR);
    expect(tries).toEqual([0, ...first, ...every, 7 * DAY]);
    expect(await deliveriesOf(id, '&status=parked')).toMatchObject([{ subject: bad, next_attempt_at: null, delivered_at: null }]);
    expect(receiver.sequencesOf(good)).toEqual(upTo(tries.length));
    // Parked is not lost.
    receiver.answer = () => 200;
    const [parked] = await deliveriesOf(id, '&status=parked');
    await world.post(`/v1/webhook_deliveries/${parked?.['id']}/redeliver`);
    await world.settle();
    expect(receiver.sequencesOf(bad)).toEqual([1]);
  });

  test('for three days receives everything afterwards, in order per subject, under the same ids', async () => {
    const { id } = await endpoint();
    const subjects = [await customer(), await customer(), await customer()];
    receiver.answer = () => 503;
    for (let day = 0; day < 3; day += 1) {
      for (const subject of subjects) await rename(subject, `Li ${day}`);
      await live(DAY);
    }
    expect(receiver.taken).toEqual([]);
    const asked = new Set(receiver.asked);
    receiver.answer = () => 200;
    await live(DAY);
    for (const subject of subjects) expect(receiver.sequencesOf(subject)).toEqual(upTo(4));
    expect(receiver.taken.filter((one) => asked.has(one.id))).toHaveLength(3);
    expect(new Set(receiver.taken.map((one) => one.id)).size).toBe(12);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ active: true, failing_since: null });
  });

  test('for ten days is disabled after five, and receives everything by a replay', async () => {
    const watched = await Receiver.open();
    await world.post('/v1/webhook_endpoints', { url: watched.url, events: ['webhook_endpoint.*'] });
    const { id } = await endpoint({ events: ['customer.*'] });
    const subjects = [await customer(), await customer()];
    const from = new Date(world.clock.at - 1).toISOString();
    receiver.answer = () => 500;
    for (let day = 0; day < 10; day += 1) {
      for (const subject of subjects) await rename(subject, `Li ${day}`);
      await live(DAY);
    }
    const endpointNow = await world.get(`/v1/webhook_endpoints/${id}`);
    expect(endpointNow).toMatchObject({ active: false, disabled_reason: 'failing' });
    expect((Date.parse(endpointNow['disabled_at']) - Date.parse(endpointNow['failing_since'])) / DAY).toBeCloseTo(5, 0);
    expect(watched.taken.map(({ event }) => event)).toMatchObject([{ type: 'webhook_endpoint.disabled', subject: id, data: { object: { active: false }, previous: { active: true } } }]);
    expect(await deliveriesOf(id, '&status=pending')).toEqual([]);
    const askedBefore = new Set(receiver.asked);

    receiver.answer = () => 200;
    await world.call('post', `/v1/webhook_endpoints/${id}/replay`).send({ from, to: from.replace('2026', '2027') }).expect(409);
    await world.call('patch', `/v1/webhook_endpoints/${id}`).send({ active: true }).expect(200);
    const to = new Date(world.clock.at + 1).toISOString();
    expect(await world.post(`/v1/webhook_endpoints/${id}/replay`, { from, to })).toMatchObject({ replay: { from }, active: true, disabled_at: null });
    await world.settle();
    for (const subject of subjects) expect(receiver.sequencesOf(subject)).toEqual(upTo(11));
    const ids = receiver.taken.map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...askedBefore].every((one) => ids.includes(one))).toBe(true);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ replay: null, failing_since: null });
    await watched.close();
  });

  test('is disabled at once when it says that it is gone', async () => {
    const { id } = await endpoint();
    receiver.answer = () => 410;
    await customer();
    await world.settle();
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ active: false, disabled_reason: 'gone' });
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'parked', response_status: 410 }]);
  });

  test.each<[string, (response: ServerResponse) => void, object]>([
    ['redirects', (response) => response.writeHead(302, { location: receiver.url }).end(), { response_status: 302, error: 'answered 302; redirects are not followed' }],
    ['hangs up', (response) => response.destroy(), { response_status: null, error: 'other side closed' }],
    ['talks no HTTP', (response) => response.socket?.end('hello\r\n\r\n'), { response_status: null }],
  ])('%s: that is a failure, and nothing else is asked', async (_, answer, shown) => {
    const { id } = await endpoint();
    receiver.answer = (_event, response) => {
      answer(response);
      return null;
    };
    await customer();
    await world.settle();
    expect(receiver.asked).toHaveLength(1);
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'pending', attempts: 1, ...shown }]);
  });

  test('an endless answer is cut off, its beginning kept; what it says with its status counts', async () => {
    const { id } = await endpoint();
    let cutOff = false;
    receiver.answer = async (_event, response) => {
      response.on('close', () => (cutOff = true));
      response.writeHead(200);
      while (!cutOff) {
        response.write(`${'茶\u0000\n'.repeat(1_000)}`);
        await new Promise((next) => setTimeout(next, 1));
      }
      return null;
    };
    await customer();
    await world.settle();
    expect(cutOff).toBe(true);
    const [delivery] = await deliveriesOf(id);
    expect(delivery).toMatchObject({ status: 'delivered', response_status: 200 });
    expect(delivery?.['response_body']).toBe('茶 '.repeat(250));
  });
});

describe('order', () => {
  test('a failing subject waits with all that is behind it; the others of the endpoint go on', async () => {
    await endpoint();
    const [stuck, free] = [await customer(), await customer()];
    await world.settle();
    receiver.answer = (event) => (event['subject'] === stuck ? 500 : 200);
    for (let i = 0; i < 5; i += 1) for (const subject of [stuck, free]) await rename(subject, `Li ${i}`);
    await world.settle();
    expect(receiver.sequencesOf(free)).toEqual(upTo(6));
    expect(receiver.sequencesOf(stuck)).toEqual([1]);
    expect(receiver.asked.length - receiver.taken.length, 'only the first of them was tried').toBe(1);
    receiver.answer = () => 200;
    await live(MINUTE);
    expect(receiver.sequencesOf(stuck)).toEqual(upTo(6));
  });

  test('a slow endpoint holds up nobody else, and is asked only so much at a time', async () => {
    const slow = await Receiver.open();
    await world.post('/v1/webhook_endpoints', { url: slow.url });
    await endpoint();
    let release = (): void => undefined;
    const held = new Promise<void>((done) => (release = done));
    slow.answer = () => held.then(() => 200);
    const subjects: string[] = [];
    for (let i = 0; i < 30; i += 1) subjects.push(await customer());
    const deliverer = world.app.get(Deliverer);
    // Not until idle: that would be waiting for the slow one.
    while (receiver.taken.length < 30) {
      await deliverer.run();
      await new Promise((next) => setTimeout(next, 5));
    }
    expect(slow.asked).toHaveLength(20);
    release();
    await world.settle();
    expect(slow.taken).toHaveLength(30);
    await slow.close();
  });

  test('two engines at once send everything once, one at a time per subject', async () => {
    await endpoint();
    const other = await world.replica();
    const underWay = new Set<string>();
    receiver.answer = async (event) => {
      expect(underWay.has(event['subject']), 'one in flight per subject').toBe(false);
      underWay.add(event['subject']);
      await new Promise((next) => setTimeout(next, 2));
      underWay.delete(event['subject']);
      return 200;
    };
    const subjects = [await customer(), await customer(), await customer(), await customer()];
    for (let i = 0; i < 10; i += 1) for (const subject of subjects) await rename(subject, `Li ${i}`);
    await Promise.all([world.app, other].map((app) => app.get(Scheduler).drain()));
    await world.settle();
    for (const subject of subjects) expect(receiver.sequencesOf(subject)).toEqual(upTo(11));
    expect(new Set(receiver.asked).size).toBe(receiver.asked.length);
    await other.close();
  });
});

describe('crashes', () => {
  test('between sending and recording: it is sent again under the same id, when its lease is over', async () => {
    const { id } = await endpoint();
    const other = await world.replica();
    await customer();
    receiver.answer = async () => {
      await other.get(Deliverer)['database'].dataSource.destroy();
      return 200;
    };
    await other.get(Deliverer).run();
    await other.get(Deliverer).idle();
    receiver.answer = () => 200;
    await world.settle();
    expect(receiver.asked).toHaveLength(1);
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'pending', attempts: 1 }]);
    await world.pass(MINUTE);
    expect(receiver.asked).toHaveLength(2);
    expect(new Set(receiver.asked).size).toBe(1);
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
    await other.close();
  });

  test('a worker that slept past its lease writes nothing', async () => {
    const { id } = await endpoint();
    const other = await world.replica();
    let wakeUp = (): void => undefined;
    const asleep = new Promise<void>((done) => (wakeUp = done));
    receiver.answer = () => asleep.then(() => 500);
    await customer();
    await other.get(Deliverer).run();
    while (receiver.asked.length === 0) await new Promise((next) => setTimeout(next, 5));
    world.clock.moveTo(world.clock.at + MINUTE);
    receiver.answer = () => 200;
    await world.settle();
    const delivered = await deliveriesOf(id);
    expect(delivered).toMatchObject([{ status: 'delivered', attempts: 2, response_status: 200 }]);
    wakeUp();
    await other.get(Deliverer).idle();
    expect(await deliveriesOf(id)).toEqual(delivered);
    await other.close();
  });
});

describe('secrets', () => {
  test('a replaced secret signs beside the new one for a day, and opens nothing afterwards', async () => {
    const { id, secret: old } = await endpoint();
    const { secret: fresh, previous_secret_until: until } = await world.post(`/v1/webhook_endpoints/${id}/rotate_secret`);
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(fresh).not.toBe(old);
    expect(Date.parse(until) - world.clock.at).toBe(DAY);
    receiver.secrets = [old, fresh];
    await customer();
    await world.settle();
    expect(receiver.taken.at(-1)?.signatures).toHaveLength(2);
    await world.pass(DAY);
    receiver.secrets = [fresh];
    await customer();
    await world.settle();
    expect(receiver.taken.at(-1)?.signatures).toHaveLength(1);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ previous_secret_until: null });
  });

  test('is nowhere to be read, neither in the interface nor in the database', async () => {
    const { id, secret } = await endpoint();
    const rows = await world.database.query('select e::text as row from webhook_endpoints e', []);
    expect(JSON.stringify([rows, await world.get(`/v1/webhook_endpoints/${id}`)])).not.toContain(secret.slice(6));
  });
});

test('deliveries are forgotten thirty days after they were taken; those of a deleted endpoint at once', async () => {
  const { id } = await endpoint({ events: ['customer.*'] });
  const other = await endpoint({ events: ['customer.*'] });
  receiver.secrets = [];
  await customer();
  await world.settle();
  expect(await deliveriesOf(id)).toHaveLength(1);
  await world.call('delete', `/v1/webhook_endpoints/${other.id}`).expect(204);
  await world.settle();
  const count = () => world.database.query('select endpoint from webhook_deliveries', []);
  expect(await count()).toEqual([{ endpoint: id }]);
  await world.pass(30 * DAY);
  expect(await deliveriesOf(id)).toHaveLength(1);
  await world.pass(SECOND);
  expect(await count()).toEqual([]);
});
