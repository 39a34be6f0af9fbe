import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RateBudget } from '../../src/payments/rate.budget.js';
import { Measuring } from '../../src/telemetry/measuring.js';
import { arm, DAY, HOUR, MINUTE, sell, signUp } from '../gateway/shop.js';
import { readExposition, samplesOf } from '../support/exposition.js';
import { Merchant } from '../support/merchant.js';
import { World } from '../support/world.js';
import { post } from '../webhooks/endpoint.js';
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
  return samplesOf(readExposition(response.text));
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
      'zhouqi_charges_open{status="unknown",age="older"}': 0,
      'zhouqi_charges_open_oldest_age_seconds{status="unknown"}': 0,
      'zhouqi_due_rows{timer="live"}': 0,
      'zhouqi_due_rows{timer="verify"}': 0,
      'zhouqi_due_oldest_age_seconds{timer="messages"}': 0,
      'zhouqi_refunds_open{status="pending"}': 0,
      'zhouqi_messages_failed': 0,
      'zhouqi_webhook_deliveries{state="waiting"}': 0,
      'zhouqi_webhook_deliveries{state="failing"}': 0,
      'zhouqi_webhook_deliveries{state="parked"}': 0,
      'zhouqi_webhook_deliveries_oldest_age_seconds': 0,
      'zhouqi_webhook_endpoints{state="failing"}': 0,
      'zhouqi_gateway_events_waiting': 0,
      'zhouqi_gateway_events_waiting_oldest_age_seconds': 0,
      'zhouqi_rate_budget_left{budget="writes"}': 1_000_000,
      'zhouqi_rate_budget_limit{budget="reads"}': 1_000_000,
      'zhouqi_database_pool_size': 5,
      'zhouqi_database_pool_waiting': 0,
      'zhouqi_gateway_circuit{state="closed"}': 1,
      'zhouqi_gateway_circuit{state="open"}': 0,
      'zhouqi_quarantine': 0,
      'zhouqi_measured_timestamp_seconds{turn="queues"}': world.clock.at / 1000,
    });
    expect(shown['process_resident_memory_bytes']).toBeGreaterThan(1_000_000);
    expect(shown['nodejs_eventloop_lag_seconds']).toBeGreaterThanOrEqual(0);
    expect(shown['zhouqi_database_pool_connections{state="idle"}']).toBeGreaterThan(0);
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
      'zhouqi_charges_open{status="unknown",age="under_5m"}': 0,
      'zhouqi_charges_open{status="unknown",age="older"}': 1,
      'zhouqi_due_rows{timer="live"}': 2,
      'zhouqi_due_rows{timer="look_up"}': 1,
      'zhouqi_parked_rows{kind="orphan"}': 1,
      'zhouqi_coherence_rows{kind="stuck"}': 3,
    });
    expect(shown['zhouqi_charges_open_oldest_age_seconds{status="unknown"}']).toBeGreaterThan((7 * DAY) / 1000);
    expect(shown['zhouqi_due_oldest_age_seconds{timer="live"}']).toBeGreaterThanOrEqual((world.clock.at - due) / 1000);
    await world.settle();
    await world.database.query('delete from parked_rows');
  });
});

describe('what is counted', () => {
  /** By how much each figure has risen since, where it has. */
  async function rises(before: Record<string, number>): Promise<Record<string, number>> {
    const after = Object.entries(await figures()).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
    return Object.fromEntries(after.filter(([, value]) => value !== 0));
  }

  test('what became of charges and of calls to the gateway, through three weeks of trouble', async () => {
    const subscription = await sell(world, { renewal_notice: 'off' });
    const before = await figures();
    await world.pass(7 * DAY);
    expect(await rises(before)).toMatchObject({
      'zhouqi_charge_outcomes_total{outcome="captured",class=""}': 1,
      'zhouqi_gateway_request_duration_seconds_count{operation="pay",outcome="accepted"}': 1,
      'zhouqi_rate_budget_calls_total{budget="writes",result="granted"}': 1,
      'zhouqi_gateway_events_received_total{result="stored"}': expect.any(Number),
      'zhouqi_gateway_event_lag_seconds_count': 1,
      'zhouqi_http_requests_total{method="POST",route="/webhooks/checkout",status="200"}': expect.any(Number),
    });

    const troubled = await figures();
    await arm(world, 'unauthorized', { times: 1 });
    await world.pass(7 * DAY);
    await world.pass(HOUR, MINUTE);
    await arm(world, 'response_lost', { times: 1 });
    await world.pass(7 * DAY - HOUR);
    await world.pass(2 * HOUR, 10 * MINUTE);
    await arm(world, 'decline', { times: 1, params: { response_code: '200R1' } });
    await world.pass(7 * DAY - 2 * HOUR);
    expect(await rises(troubled)).toMatchObject({
      'zhouqi_charge_outcomes_total{outcome="not_taken",class=""}': 1,
      'zhouqi_charge_outcomes_total{outcome="unknown",class=""}': 1,
      'zhouqi_charge_outcomes_total{outcome="captured",class=""}': 2,
      'zhouqi_charge_outcomes_total{outcome="declined",class="reauthorise"}': 1,
      'zhouqi_gateway_request_duration_seconds_count{operation="pay",outcome="unauthorized"}': 1,
      'zhouqi_gateway_request_duration_seconds_count{operation="pay",outcome="unknown"}': 1,
      'zhouqi_gateway_request_duration_seconds_count{operation="payments_by_reference",outcome="found"}': expect.any(Number),
    });
    expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'past_due' });
  });

  test('requests by their route, and webhooks that nobody signed', async () => {
    const before = await figures();
    await send(world, 'get', '/v1/plans/nobody');
    await send(world, 'get', '/v1/customers?limit=x');
    await send(world, 'get', '/somewhere/else', { key: null });
    expect(await post(world, '{}', { 'cko-signature': 'f'.repeat(64) })).toBe(401);
    const shown = await rises(before);
    expect(shown).toMatchObject({
      'zhouqi_http_requests_total{method="GET",route="/v1/plans/:id",status="404"}': 1,
      'zhouqi_http_requests_total{method="GET",route="/v1/customers",status="422"}': 1,
      'zhouqi_http_requests_total{method="GET",route="none",status="404"}': 1,
      'zhouqi_http_requests_total{method="POST",route="/webhooks/checkout",status="401"}': 1,
      'zhouqi_http_request_duration_seconds_count{method="GET",route="/v1/customers"}': 1,
      'zhouqi_gateway_events_received_total{result="refused"}': 1,
    });
    expect(shown['zhouqi_gateway_events_received_total{result="stored"}']).toBeUndefined();
  });

  test('deliveries that an endpoint does not take, and the endpoint', async () => {
    await world.close();
    world = await World.open({ config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
    const merchant = await Merchant.open(world);
    await merchant.endpoint();
    const before = await figures();
    merchant.receiver.answer = () => 503;
    await merchant.customer();
    await merchant.live(MINUTE);
    await measure();
    const tries = 'zhouqi_webhook_delivery_duration_seconds_count{result="failed"}';
    expect((await rises(before))[tries]).toBeGreaterThanOrEqual(3);
    expect(await figures()).toMatchObject({
      'zhouqi_webhook_deliveries{state="failing"}': 1,
      'zhouqi_webhook_endpoints{state="failing"}': 1,
      'zhouqi_webhook_endpoints{state="well"}': 0,
    });
    merchant.receiver.answer = () => 200;
    await merchant.live(HOUR);
    await measure();
    expect(await figures()).toMatchObject({ 'zhouqi_webhook_deliveries{state="failing"}': 0, 'zhouqi_webhook_endpoints{state="well"}': 1 });
    await merchant.close();
  });

  test('calls that the rate budget holds back', async () => {
    await world.close();
    world = await World.open({ config: { CKO_WRITES_PER_SECOND: '1' } });
    const budget = world.app.get(RateBudget);
    const before = await figures();
    await world.database.transaction((tx) => budget.take(tx, 'writes', 3));
    await measure();
    expect(await figures()).toMatchObject({ 'zhouqi_rate_budget_left{budget="writes"}': 0, 'zhouqi_rate_budget_limit{budget="writes"}': 1 });
    expect(await rises(before)).toMatchObject({
      'zhouqi_rate_budget_calls_total{budget="writes",result="granted"}': 1,
      'zhouqi_rate_budget_calls_total{budget="writes",result="held"}': 2,
    });
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
