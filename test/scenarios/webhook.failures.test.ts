import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../gateway/shop.js';
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

describe('an endpoint that fails', () => {
  test('is tried again after 5 s, 10 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, then every 12 h to 7 days, then parked', async () => {
    const { id } = await shop.endpoint();
    const bad = await shop.customer();
    const good = await shop.customer();
    shop.receiver.answer = (event) => (event['subject'] === bad ? 500 : 200);
    await world.settle();
    const start = world.clock.at;
    const tries: number[] = [];
    for (let at: number | null = start; at !== null; ) {
      await world.settle();
      tries.push(at - start);
      const [delivery] = await shop.deliveriesOf(id, `&subject=${bad}`);
      expect(delivery).toMatchObject({ attempts: tries.length, response_status: 500, error: 'answered 500' });
      at = delivery?.['next_attempt_at'] == null ? null : Date.parse(delivery['next_attempt_at']);
      // Now and then another subject is taken, so that the endpoint is not dead.
      await shop.rename(good, `Li ${tries.length}`);
      if (at !== null) world.clock.moveTo(at);
    }
    const waits = [5 * SECOND, 10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR];
    const first = waits.map((_, i) => waits.slice(0, i + 1).reduce((a, b) => a + b));
    const every = Array.from({ length: 12 }, (_, i) => (first.at(-1) as number) + (i + 1) * 12 * HOUR);
    expect(tries).toEqual([0, ...first, ...every, 7 * DAY]);
    expect(await shop.deliveriesOf(id, '&status=parked')).toMatchObject([{ subject: bad, next_attempt_at: null, delivered_at: null }]);
    expect(shop.receiver.sequencesOf(good)).toEqual(upTo(tries.length));
    // Parked is not lost.
    shop.receiver.answer = () => 200;
    const [parked] = await shop.deliveriesOf(id, '&status=parked');
    await world.post(`/v1/webhook_deliveries/${parked?.['id']}/redeliver`);
    await world.settle();
    expect(shop.receiver.sequencesOf(bad)).toEqual([1]);
  });

  test('for three days receives everything afterwards, in order per subject, under the same ids', async () => {
    const { id } = await shop.endpoint();
    const subjects = [await shop.customer(), await shop.customer(), await shop.customer()];
    shop.receiver.answer = () => 503;
    for (let day = 0; day < 3; day += 1) {
      for (const subject of subjects) await shop.rename(subject, `Li ${day}`);
      await shop.live(DAY);
    }
    expect(shop.receiver.taken).toEqual([]);
    const asked = new Set(shop.receiver.asked);
    shop.receiver.answer = () => 200;
    await shop.live(DAY);
    for (const subject of subjects) expect(shop.receiver.sequencesOf(subject)).toEqual(upTo(4));
    expect(shop.receiver.taken.filter((one) => asked.has(one.id))).toHaveLength(3);
    expect(new Set(shop.receiver.taken.map((one) => one.id)).size).toBe(12);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ active: true, failing_since: null });
  });

  test('for ten days is disabled after five, and receives everything by a replay', async () => {
    const watched = await Receiver.open();
    await world.post('/v1/webhook_endpoints', { url: watched.url, events: ['webhook_endpoint.*'] });
    const { id } = await shop.endpoint({ events: ['customer.*'] });
    const subjects = [await shop.customer(), await shop.customer()];
    const from = new Date(world.clock.at - 1).toISOString();
    shop.receiver.answer = () => 500;
    for (let day = 0; day < 10; day += 1) {
      for (const subject of subjects) await shop.rename(subject, `Li ${day}`);
      await shop.live(DAY);
    }
    const endpointNow = await world.get(`/v1/webhook_endpoints/${id}`);
    expect(endpointNow).toMatchObject({ active: false, disabled_reason: 'failing' });
    expect((Date.parse(endpointNow['disabled_at'] ?? '') - Date.parse(endpointNow['failing_since'] ?? '')) / DAY).toBeCloseTo(5, 0);
    expect(watched.taken.map(({ event }) => event)).toMatchObject([{ type: 'webhook_endpoint.disabled', subject: id, data: { object: { active: false }, previous: { active: true } } }]);
    expect(await shop.deliveriesOf(id, '&status=pending')).toEqual([]);
    const askedBefore = new Set(shop.receiver.asked);

    shop.receiver.answer = () => 200;
    await world.call('post', `/v1/webhook_endpoints/${id}/replay`).send({ from, to: from.replace('2026', '2027') }).expect(409);
    await world.call('patch', `/v1/webhook_endpoints/${id}`).send({ active: true }).expect(200);
    const to = new Date(world.clock.at + 1).toISOString();
    expect(await world.post(`/v1/webhook_endpoints/${id}/replay`, { from, to })).toMatchObject({ replay: { from }, active: true, disabled_at: null });
    await world.settle();
    for (const subject of subjects) expect(shop.receiver.sequencesOf(subject)).toEqual(upTo(11));
    const ids = shop.receiver.taken.map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...askedBefore].every((one) => ids.includes(one))).toBe(true);
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ replay: null, failing_since: null });
    await watched.close();
  });

  test('is disabled at once when it says that it is gone', async () => {
    const { id } = await shop.endpoint();
    shop.receiver.answer = () => 410;
    await shop.customer();
    await world.settle();
    expect(await world.get(`/v1/webhook_endpoints/${id}`)).toMatchObject({ active: false, disabled_reason: 'gone' });
    expect(await shop.deliveriesOf(id)).toMatchObject([{ status: 'parked', response_status: 410 }]);
  });

  test.each<[string, (response: ServerResponse) => void, object]>([
    ['redirects', (response) => response.writeHead(302, { location: shop.receiver.url }).end(), { response_status: 302, error: 'answered 302; redirects are not followed' }],
    ['hangs up', (response) => response.destroy(), { response_status: null, error: 'other side closed' }],
    ['talks no HTTP', (response) => response.socket?.end('hello\r\n\r\n'), { response_status: null }],
  ])('%s: that is a failure, and nothing else is asked', async (_, answer, shown) => {
    const { id } = await shop.endpoint();
    shop.receiver.answer = (_event, response) => {
      answer(response);
      return null;
    };
    await shop.customer();
    await world.settle();
    expect(shop.receiver.asked).toHaveLength(1);
    expect(await shop.deliveriesOf(id)).toMatchObject([{ status: 'pending', attempts: 1, ...shown }]);
  });

  test('an endless answer is cut off, its beginning kept; what it says with its status counts', async () => {
    const { id } = await shop.endpoint();
    const cutOff = new Promise<boolean>((closed) => {
      shop.receiver.answer = async (_event, response) => {
        response.on('close', () => closed(true));
        response.writeHead(200);
        while (!response.destroyed) {
          response.write('茶\u0000\n'.repeat(1_000));
          await new Promise((next) => setTimeout(next, 1));
        }
        return null;
      };
    });
    await shop.customer();
    await world.settle();
    expect(await cutOff).toBe(true);
    const [delivery] = await shop.deliveriesOf(id);
    expect(delivery).toMatchObject({ status: 'delivered', response_status: 200 });
    expect(delivery?.['response_body']).toBe('茶 '.repeat(250));
  });
});
