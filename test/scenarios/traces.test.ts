import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTracing } from '../../src/platform/telemetry/traces.js';
import { beginStep } from '../../src/platform/telemetry/tracing.js';
import { arm, chargesOf, DAY, MINUTE, signUp } from '../gateway/shop.js';
import { Collector } from '../support/collector.js';
import { Merchant } from '../support/merchant.js';
import { API_KEY, World } from '../support/world.js';

const SERVER = 2;
const CLIENT = 3;
/** All that a span may say. */
const TOLD = [
  'http.request.method', 'http.route', 'http.response.status_code', 'request_id', 'timer', 'rows', 'operation', 'outcome', 'payment',
  'delivery', 'endpoint', 'event', 'error.type',
];

let world: World;
let collector: Collector;
let subscription: string;
beforeAll(async () => {
  collector = await Collector.open();
  const stop = await startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url });
  world = await World.open({ config: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  const merchant = await Merchant.open(world);
  await merchant.endpoint();
  const sold = await signUp(world, {}, { renewal_notice: 'off' });
  subscription = sold['id'];
  await world.pay(subscription);
  await arm(world, 'response_lost', { times: 1 });
  await world.pass(7 * DAY);
  await world.pass(2 * 60 * MINUTE, 10 * MINUTE);
  await world.call('get', `/v1/subscriptions/${subscription}?x=somebody@example.com`).expect(200);
  merchant.receiver.answer = () => 500;
  await merchant.customer();
  await merchant.live(MINUTE);
  merchant.receiver.answer = () => 200;
  await merchant.close();
  // What has not been sent yet is sent with the end.
  await stop();
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
});
afterAll(async () => {
  await world.close();
  await collector.close();
});

test('a sign-up: the call to the gateway stands under the request that asked for it', () => {
  expect(collector.resource).toMatchObject({ 'service.name': 'zhouqi' });
  const [request] = collector.named('POST /v1/subscriptions');
  expect(request).toMatchObject({ kind: SERVER, attributes: { 'http.route': '/v1/subscriptions', 'http.response.status_code': 201 }, failed: false });
  expect(request?.parentSpanId).toBeUndefined();
  const calls = collector.named('gateway pay').filter((span) => span.parentSpanId === request?.spanId);
  expect(calls).toMatchObject([{ kind: CLIENT, traceId: request?.traceId, attributes: { operation: 'pay', outcome: 'accepted' } }]);
});

test('a renewal whose answer is lost: the call under its set of work, what a webhook made us find under another', async () => {
  const [unknown] = collector.named('gateway pay').filter(({ attributes }) => attributes['outcome'] === 'unknown');
  expect(unknown).toMatchObject({ failed: true, attributes: { 'error.type': 'unknown' } });
  expect(collector.parentOf(unknown as never)).toMatchObject({ name: 'timer live', attributes: { timer: 'live', rows: 1 } });
  const charge = (await chargesOf(world, subscription)).at(-1);
  const found = collector.named('gateway payment').find(({ attributes }) => attributes['payment'] === charge?.gateway_payment_id);
  expect(found).toMatchObject({ failed: false, attributes: { operation: 'payment', outcome: 'found' } });
  expect(collector.parentOf(found as never)).toMatchObject({ name: 'timer gateway_events' });
});

test('webhooks: those of the gateway are requests, those to merchants are calls', () => {
  expect(collector.named('POST /webhooks/checkout').length).toBeGreaterThan(2);
  const deliveries = collector.named('webhook delivery');
  expect(deliveries.some(({ attributes }) => attributes['outcome'] === 'delivered')).toBe(true);
  expect(deliveries.find(({ failed }) => failed)).toMatchObject({ kind: CLIENT, attributes: { 'http.response.status_code': 500, 'error.type': 'failed' } });
  expect(collector.parentOf(deliveries[0] as never)).toMatchObject({ name: 'timer webhooks' });
});

test('every parent arrives, idle looks do not, and nothing is told but what the list names', async () => {
  const ids = new Set(collector.spans.map(({ spanId }) => spanId));
  expect(collector.spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId))).toEqual([]);
  expect(collector.spans.filter(({ attributes }) => attributes['rows'] === 0)).toEqual([]);
  expect(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => !TOLD.includes(name))).toEqual([]);
  const everything = collector.raw.join('\n');
  const charges = await chargesOf(world, subscription);
  const sources = await world.database.query<{ gateway_source_id: string }>('select gateway_source_id from sources');
  const secrets = [
    API_KEY, 'sk_sbox_', 'an-installation-secret', 'whsec', 'example.com', 'tea', 'Li', 'authorization', 'traceparent',
    ...charges.flatMap((charge) => [charge.idempotency_key, charge.reference, charge.redirect_url ?? 'none/none']),
    ...sources.map((source) => source.gateway_source_id),
  ];
  for (const secret of secrets) expect(new RegExp(`\\b${secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`).test(everything), secret).toBe(false);
});

test('nothing is traced where nobody asked for it, and what cannot be done is said at the start', async () => {
  expect(beginStep('anything', 'internal')).toBeNull();
  for (const env of [
    {}, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    await (await startTracing(env))();
    expect(beginStep('anything', 'internal')).toBeNull();
  }
  const asked = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  await expect(startTracing({ ...asked, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).rejects.toThrow('only http/json');
  await expect(startTracing({ ...asked, OTEL_TRACES_SAMPLER: 'jaeger_remote' })).rejects.toThrow('OTEL_TRACES_SAMPLER');
  await expect(startTracing({ ...asked, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' })).rejects.toThrow('OTEL_TRACES_SAMPLER_ARG');
  const stop = await startTracing({ ...asked, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
  const before = collector.raw.length;
  beginStep('nothing', 'internal')?.end({});
  await stop();
  expect(collector.raw.length).toBe(before);
});
