import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Wake } from '../../src/platform/batching/wake.js';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { DAY, MINUTE, signUp } from '../gateway/shop.js';
import { Merchant } from '../support/merchant.js';
import { Receiver } from '../support/receiver.js';
import { World } from '../support/world.js';

let world: World;
let shop: Merchant;
beforeAll(async () => {
  world = await World.open({ config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
});
afterAll(() => world.close());
beforeEach(async (context) => {
  shop = await Merchant.open(world);
  context.onTestFinished(() => shop.close());
});

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe('what is told', () => {
  test('everything of a subscription’s life, once, in order, signed, and as GET /v1/events shows it', async () => {
    const { id } = await shop.endpoint();
    const { id: subscription } = await signUp(world);
    await world.pay(subscription);
    const events = (await world.list(`/v1/events?subject=${subscription}&limit=100`)).toReversed();
    expect(shop.receiver.taken.filter(({ event }) => event['subject'] === subscription).map(({ event }) => event)).toEqual(events);
    expect(shop.receiver.taken.map((one) => one.id)).toEqual(shop.receiver.taken.map(({ event }) => event['id']));
    expect(new Set(shop.receiver.asked).size).toBe(shop.receiver.asked.length);
    const deliveries = await shop.deliveriesOf(id);
    expect(deliveries.map(({ event }) => event).toSorted()).toEqual(shop.receiver.asked.toSorted());
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, response_status: 200, response_body: 'status 200', error: null, next_attempt_at: null });
      expect(await world.get(`/v1/webhook_deliveries/${delivery['id']}`)).toEqual(delivery);
    }
  });

  test('only what the filters let through; nothing to an endpoint that is not active', async () => {
    await shop.endpoint({ events: ['customer.updated', 'plan.*'] });
    await world.post('/v1/webhook_endpoints', { url: shop.receiver.url, active: false });
    await shop.rename(await shop.customer(), 'Li');
    await world.post('/v1/plans', { code: 'filtered', name: 'Tea', amount: 3900, currency: 'CNY', interval: 'month' });
    await world.settle();
    expect(shop.receiver.types().toSorted()).toEqual(['customer.updated', 'plan.created']);
  });

  test('without an endpoint nothing is written for it, and nobody is woken; with one, once it is committed', async () => {
    const count = () => world.database.query('select count(*) from webhook_deliveries', []);
    const before = await count();
    const wakes: unknown[] = [];
    world.app.get(Wake).on('webhooks', () => void wakes.push(count()));
    await shop.customer();
    expect([await count(), wakes]).toEqual([before, []]);
    await shop.endpoint();
    await shop.customer();
    expect(wakes).toHaveLength(1);
    expect(await wakes[0]).not.toEqual(before);
    world.app.get(Wake).on('webhooks', () => undefined);
  });

  test('whoever hears everything hears of the tests of others, too: its count has no gap', async () => {
    const all = await shop.endpoint();
    const other = await shop.endpoint({ events: ['plan.*'] });
    for (let i = 0; i < 2; i += 1) await world.post(`/v1/webhook_endpoints/${other.id}/test`);
    for (const { id } of [all, other]) {
      const deliveries = await shop.deliveriesOf(id, `&subject=${other.id}`);
      expect(deliveries.map(({ event_type, sequence }) => [event_type, sequence])).toEqual([['webhook_endpoint.test', 1], ['webhook_endpoint.test', 2]]);
    }
    shop.receiver.secrets = [];
    await world.settle();
  });

  test('a test is heard by its own endpoint, whatever its filters, and by none that filters it out', async () => {
    await shop.endpoint({ events: ['customer.*'] });
    const other = await shop.endpoint({ events: ['plan.*'] });
    shop.receiver.secrets = [];
    const delivery = await world.post(`/v1/webhook_endpoints/${other.id}/test`);
    expect(delivery).toMatchObject({ object: 'webhook_delivery', status: 'pending', webhook_endpoint: other.id, event_type: 'webhook_endpoint.test', sequence: 1 });
    await world.settle();
    expect(shop.receiver.types()).toEqual(['webhook_endpoint.test']);
    expect(shop.receiver.taken[0]?.event).toMatchObject({ subject: other.id, data: { object: { id: other.id, object: 'webhook_endpoint' } } });
    expect(JSON.stringify(shop.receiver.taken)).not.toContain(other.secret);
  });
});

describe('order', () => {
  test('a failing subject waits with all that is behind it; the others of the endpoint go on', async () => {
    await shop.endpoint();
    const [stuck, free] = [await shop.customer(), await shop.customer()];
    await world.settle();
    shop.receiver.answer = (event) => (event['subject'] === stuck ? 500 : 200);
    for (let i = 0; i < 5; i += 1) for (const subject of [stuck, free]) await shop.rename(subject, `Li ${i}`);
    await world.settle();
    expect(shop.receiver.sequencesOf(free)).toEqual(upTo(6));
    expect(shop.receiver.sequencesOf(stuck)).toEqual([1]);
    expect(shop.receiver.asked.length - shop.receiver.taken.length, 'only the first of them was tried').toBe(1);
    shop.receiver.answer = () => 200;
    await shop.live(MINUTE);
    expect(shop.receiver.sequencesOf(stuck)).toEqual(upTo(6));
  });

  test('asked for again, a delivery comes after what is before it; what was taken comes again under its id', async () => {
    const { id } = await shop.endpoint();
    const stuck = await shop.customer();
    for (let i = 0; i < 3; i += 1) await shop.rename(stuck, `Li ${i}`);
    shop.receiver.answer = () => 500;
    await world.settle();
    const deliveries = await shop.deliveriesOf(id, `&subject=${stuck}`);
    const [first, last] = [deliveries[0], deliveries.at(-1)];
    shop.receiver.answer = () => 200;
    await world.post(`/v1/webhook_deliveries/${last?.['id']}/redeliver`);
    await world.settle();
    expect(shop.receiver.sequencesOf(stuck)).toEqual(upTo(4));
    expect(await world.post(`/v1/webhook_deliveries/${first?.['id']}/redeliver`)).toMatchObject({ status: 'pending', attempts: 0, delivered_at: null });
    await world.settle();
    expect(shop.receiver.sequencesOf(stuck)).toEqual([...upTo(4), 1]);
    expect(shop.receiver.taken.at(-1)?.id).toBe(first?.['event']);
    const at = (milliseconds: number) => new Date(world.clock.at + milliseconds).toISOString();
    await world.post(`/v1/webhook_endpoints/${id}/replay`, { from: at(-DAY), to: at(DAY) });
    await world.settle();
    expect(shop.receiver.sequencesOf(stuck)).toEqual([...upTo(4), 1, ...upTo(4)]);
    expect(await shop.deliveriesOf(id, `&subject=${stuck}`)).toHaveLength(4);
  });

  test('a slow endpoint holds up nobody else, and is asked only so much at a time', async () => {
    const slow = await Receiver.open();
    await world.post('/v1/webhook_endpoints', { url: slow.url });
    await shop.endpoint();
    let release = (): void => undefined;
    const held = new Promise<void>((done) => (release = done));
    slow.answer = () => held.then(() => 200);
    const subjects: string[] = [];
    for (let i = 0; i < 30; i += 1) subjects.push(await shop.customer());
    const deliverer = world.app.get(Deliverer);
    // Not until idle: that would be waiting for the slow one.
    while (shop.receiver.taken.length < 30) {
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
    await shop.endpoint();
    const other = await world.replica();
    const underWay = new Set<string>();
    shop.receiver.answer = async (event) => {
      expect(underWay.has(event['subject']), 'one in flight per subject').toBe(false);
      underWay.add(event['subject']);
      await new Promise((next) => setTimeout(next, 2));
      underWay.delete(event['subject']);
      return 200;
    };
    const subjects = [await shop.customer(), await shop.customer(), await shop.customer(), await shop.customer()];
    for (let i = 0; i < 10; i += 1) for (const subject of subjects) await shop.rename(subject, `Li ${i}`);
    await Promise.all([world.app, other].map((app) => app.get(Scheduler).drain()));
    await world.settle();
    for (const subject of subjects) expect(shop.receiver.sequencesOf(subject)).toEqual(upTo(11));
    expect(new Set(shop.receiver.asked).size).toBe(shop.receiver.asked.length);
    await other.close();
  });
});

describe('crashes', () => {
  test('between sending and recording: it is sent again under the same id, when its lease is over', async () => {
    const { id } = await shop.endpoint();
    const other = await world.replica();
    await shop.customer();
    shop.receiver.answer = async () => {
      await other.get(Deliverer)['database'].dataSource.destroy();
      return 200;
    };
    await other.get(Deliverer).run();
    await other.get(Deliverer).idle();
    shop.receiver.answer = () => 200;
    await world.settle();
    expect(shop.receiver.asked).toHaveLength(1);
    expect(await shop.deliveriesOf(id)).toMatchObject([{ status: 'pending', attempts: 1 }]);
    await world.pass(MINUTE);
    expect(shop.receiver.asked).toHaveLength(2);
    expect(new Set(shop.receiver.asked).size).toBe(1);
    expect(await shop.deliveriesOf(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
    await other.close();
  });

  test('a worker that slept past its lease writes nothing', async () => {
    const { id } = await shop.endpoint();
    const other = await world.replica();
    let wakeUp = (): void => undefined;
    const asleep = new Promise<void>((done) => (wakeUp = done));
    shop.receiver.answer = () => asleep.then(() => 500);
    await shop.customer();
    await other.get(Deliverer).run();
    while (shop.receiver.asked.length === 0) await new Promise((next) => setTimeout(next, 5));
    world.clock.moveTo(world.clock.at + MINUTE);
    shop.receiver.answer = () => 503;
    await world.settle();
    const putOff = await shop.deliveriesOf(id);
    expect(putOff).toMatchObject([{ status: 'pending', attempts: 2, response_status: 503 }]);
    wakeUp();
    await other.get(Deliverer).idle();
    expect(await shop.deliveriesOf(id)).toEqual(putOff);
    await other.close();
  });
});

describe('secrets', () => {
  test('a replaced secret signs beside the new one for a day, and opens nothing afterwards', async () => {
    const { id, secret: old } = await shop.endpoint();
    const { secret: fresh, previous_secret_until: until } = await world.post(`/v1/webhook_endpoints/${id}/rotate_secret`);
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(fresh).not.toBe(old);
    expect(Date.parse(until ?? '') - world.clock.at).toBe(DAY);
    shop.receiver.secrets = [old, fresh];
    await shop.customer();
    await world.settle();
    expect(shop.receiver.taken.at(-1)?.signatures).toHaveLength(2);
    await world.pass(DAY);
    shop.receiver.secrets = [fresh];
    await shop.customer();
    await world.settle();
    expect(shop.receiver.taken.at(-1)?.signatures).toHaveLength(1);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ previous_secret_until: null });
  });

  test('is nowhere to be read, neither in the interface nor in the database', async () => {
    const { id, secret } = await shop.endpoint();
    const rows = await world.database.query('select e::text as row from webhook_endpoints e', []);
    expect(JSON.stringify([rows, await world.get(`/v1/webhook_endpoints/${id}`)])).not.toContain(secret.slice(6));
  });
});

test('deliveries are forgotten thirty days after they were taken; those of a deleted endpoint at once', async () => {
  const { id } = await shop.endpoint({ events: ['customer.*'] });
  const other = await shop.endpoint({ events: ['customer.*'] });
  shop.receiver.secrets = [];
  await shop.customer();
  await world.settle();
  expect(await shop.deliveriesOf(id)).toHaveLength(1);
  await world.call('delete', `/v1/webhook_endpoints/${other.id}`).expect(204);
  await world.settle();
  const count = () => world.database.query('select endpoint from webhook_deliveries', []);
  expect(await count()).toEqual([{ endpoint: id }]);
  await world.pass(29 * DAY);
  expect(await shop.deliveriesOf(id)).toHaveLength(1);
  await world.pass(2 * DAY);
  expect(await count()).toEqual([]);
});
