import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Measuring } from '../../src/telemetry/measuring.js';
import { arm, DAY, HOUR, MINUTE, sell, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';
import { expectProblem, send } from './outsider.js';

const TOKEN = 'a-token-for-the-scraper';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const measure = () => world.app.get(Measuring).run();

async function figures(): Promise<Record<string, number>> {
  const response = await send(world, 'get', '/metrics', { key: null });
  expect(response.status).toBe(200);
  expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = response.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('what is measured', () => {
  test('a quiet engine shows zeros, its circuit closed, and the process', async () => {
    await measure();
    const shown = await figures();
    expect(shown).toMatchObject({
      'zhouqi_database_up': 1,
      'zhouqi_coherence_rows{kind="paid_twice"}': 0,
      'zhouqi_coherence_rows{kind="unverified"}': 0,
      'zhouqi_parked_rows{kind="subscription"}': 0,
      'zhouqi_charges_open{status="unknown"}': 0,
      'zhouqi_charges_open_oldest_age_seconds{status="unknown"}': 0,
      'zhouqi_charges_to_compare': 0,
      'zhouqi_subscriptions_due': 0,
      'zhouqi_messages_waiting': 0,
      'zhouqi_messages_waiting_oldest_age_seconds': 0,
      'zhouqi_messages_failed': 0,
      'zhouqi_webhook_deliveries{state="waiting"}': 0,
      'zhouqi_webhook_deliveries{state="failing"}': 0,
      'zhouqi_webhook_deliveries{state="parked"}': 0,
      'zhouqi_webhook_deliveries_oldest_age_seconds': 0,
      'zhouqi_webhook_endpoints_failing': 0,
      'zhouqi_gateway_events_waiting': 0,
      'zhouqi_gateway_circuit{state="closed"}': 1,
      'zhouqi_gateway_circuit{state="open"}': 0,
      'zhouqi_quarantine': 0,
      'zhouqi_measured_timestamp_seconds{turn="queues"}': world.clock.at / 1000,
    });
    expect(shown['process_resident_memory_bytes']).toBeGreaterThan(1_000_000);
  });

  test('charges that are open and how old they are, what is due, what waits, what is parked', async () => {
    const subscription = await sell(world);
    await arm(world, 'outage', { for_seconds: 8 * 24 * 3600 });
    await signUp(world);
    await world.pass(HOUR, 5 * MINUTE);
    // Time passes while nobody works.
    world.clock.moveTo(world.clock.at + 7 * DAY);
    await world.database.query(`insert into parked_rows (id, kind, row_id, error, parked_at) values ('park_1', 'orphan', 'pay_1', 'unknown here', now())`);
    await measure();
    const shown = await figures();
    const due = Date.parse((await world.get(`/v1/subscriptions/${subscription}`)).current_period?.end ?? '');
    expect(shown).toMatchObject({
      'zhouqi_charges_open{status="unknown"}': 1,
      'zhouqi_subscriptions_due': 2,
      'zhouqi_subscriptions_due_oldest_age_seconds': expect.any(Number),
      'zhouqi_parked_rows{kind="orphan"}': 1,
      'zhouqi_coherence_rows{kind="stuck"}': 3,
    });
    expect(shown['zhouqi_charges_open_oldest_age_seconds{status="unknown"}']).toBeGreaterThan((7 * DAY) / 1000);
    expect(shown['zhouqi_subscriptions_due_oldest_age_seconds']).toBeGreaterThanOrEqual((world.clock.at - due) / 1000);
    await world.settle();
    await world.database.query('delete from parked_rows');
  });
});

describe('how it is measured', () => {
  test('never on a scrape, and by one worker in turn', async () => {
    const before = world.database.roundTrips;
    await figures();
    expect(world.database.roundTrips - before).toBe(1);
    expect(Object.keys(await figures())).not.toContain('zhouqi_measured_timestamp_seconds{turn="queues"}');
    const replica = await world.replica();
    await Promise.all([measure(), replica.get(Measuring).run()]);
    const turns = () => world.database.query<{ name: string; measured_at: Date }>('select name, measured_at from measurement_turns order by name');
    expect(await turns()).toEqual([{ name: 'coherence', measured_at: new Date(world.clock.at) }, { name: 'queues', measured_at: new Date(world.clock.at) }]);
    const first = world.clock.at;
    await world.pass(15_000);
    await replica.get(Measuring).run();
    expect(await turns()).toMatchObject([{ name: 'coherence', measured_at: new Date(first) }, { measured_at: new Date(world.clock.at) }]);
    await world.pass(5 * MINUTE);
    await measure();
    expect(await turns()).toMatchObject([{ measured_at: new Date(world.clock.at) }, { measured_at: new Date(world.clock.at) }]);
    await replica.close();
  });

  test('where a token is set, nobody looks without it', async () => {
    await world.close();
    world = await World.open({ config: { METRICS_TOKEN: TOKEN } });
    for (const authorization of [undefined, 'Bearer', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN]) {
      const response = await send(world, 'get', '/metrics', { key: null, headers: authorization === undefined ? {} : { authorization } });
      expectProblem(response, { status: 401, code: 'unauthorized' });
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
    expect((await send(world, 'get', '/metrics', { key: TOKEN })).status).toBe(200);
  });
});
