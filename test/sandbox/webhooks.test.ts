import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HttpWebhookSender } from '../../sandbox/webhooks/http-sender.js';
import { sign } from '../../sandbox/webhooks/signature.js';
import { CHANNEL, newReference, SIGNATURE_KEY, startWorld } from './support.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

test('the signature agrees with the published test vector', () => {
  const body = '{"id":"evt_az5sblvku4ge3dwpztvyizgcau","type":"payment_captured","data":{"id":"pay_xljv6f7ye4lebinkv7i7pho634","amount":44,"currency":"EUR"}}';
  expect(Buffer.byteLength(body)).toBe(141);
  expect(sign(body, 'sim_signature_key_01')).toBe('413d8ba2ecca63d890b61fc43570e23172ba7bc90c6c009774e926acd80244d3');
});

test('every delivery is JSON, signed over its raw bytes, with the configured header', async () => {
  const world = await startWorld({ settings: { webhook_authorization: 'Basic aGVsbG8=' } });
  await world.captured({ metadata: { note: '周期 ✓' } });
  expect(world.receiver.received.length).toBe(6);
  for (const { headers, text } of world.receiver.received) {
    expect(headers['content-type']).toContain('application/json');
    expect(headers['cko-signature']).toBe(sign(text, SIGNATURE_KEY));
    expect(headers['authorization']).toBe('Basic aGVsbG8=');
  }
});

test('envelopes per type: time fields, no status, metadata as text, action ids that agree', async () => {
  const world = await startWorld();
  const id = await world.captured({ metadata: { period: 2, paid: true } });
  const at = (type: string): any => world.receiver.received.find(({ body }) => body.type === type && body.data.id === id)!.body;
  const [pending, capturing, captured] = [at('payment_pending'), at('payment_capture_pending'), at('payment_captured')];
  expect(pending).toMatchObject({ id: expect.stringMatching(/^evt_[a-z2-7]{26}$/), source: 'gateway', version: '1.0.9', data: { id, amount: 4900, currency: 'CNY', metadata: { period: '2', paid: true } } });
  expect(pending.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
  expect(pending.data.processed_on).toMatch(/\.\d{7}Z$/);
  expect(pending.data).not.toHaveProperty('action_id');
  expect(captured.data).toMatchObject({ action_id: capturing.data.action_id, response_code: '10000', response_summary: 'Approved', balances: { total_captured: 4900, available_to_refund: 4900 } });
  expect(captured._links.subject.href).toContain(`/workflows/events/subject/${id}`);
  const { body: actions } = await world.call('GET', `/payments/${id}/actions`);
  expect(actions[0].id).toBe(captured.data.action_id);
  for (const { body } of world.receiver.received) expect(body.data).not.toHaveProperty('status');
});

test('a decline is told with created_on, code, customer and source', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.arm('decline', { response_code: '200R1' });
  await world.charge(source);
  await world.live(10);
  const { body } = world.receiver.of('payment_declined')[0]!;
  expect(body.created_on).toMatch(/\.\d{7}Z$/);
  expect(body).not.toHaveProperty('timestamp');
  expect(body.data).toMatchObject({ response_code: '200R1', customer: { email: 'li@example.com' }, source: { id: source, type: 'alipay_cn' }, payment_type: 'Recurring', risk: { flagged: false } });
});

test('retries come after 5, 10, 15 and 30 minutes, 1, 4, 12 and 12 hours, then the series ends', async () => {
  const world = await startWorld();
  world.receiver.statuses = [500];
  await world.setUp();
  await world.live(1);
  const arrivals = (): number => world.receiver.received.filter(({ body }) => body.type === 'payment_pending').length;
  expect(arrivals()).toBe(1);
  const waits = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 12 * HOUR];
  for (const [index, wait] of waits.entries()) {
    await world.live(wait - 2);
    expect(arrivals()).toBe(index + 1);
    await world.live(2);
    expect(arrivals()).toBe(index + 2);
  }
  await world.live(100 * HOUR);
  expect(arrivals()).toBe(9);
  const { data } = (await world.control('GET', '/webhooks?undelivered=true')).body;
  expect(data[0]).toMatchObject({ type: 'payment_pending', state: 'abandoned' });
  expect(data[0].attempts).toHaveLength(9);
  expect(new Set(world.receiver.of('payment_pending').map(({ text }) => text)).size).toBe(1);
});

test('a retry that succeeds ends the series, and redirects do not count as success', async () => {
  const world = await startWorld();
  world.receiver.statuses = [302, 204];
  await world.setUp();
  await world.live(6 * MINUTE);
  const { data } = (await world.control('GET', '/webhooks')).body;
  expect(data[0]).toMatchObject({ state: 'delivered', attempts: [{ status: 302 }, { status: 204 }] });
  await world.live(6 * MINUTE);
  expect(world.receiver.of('payment_pending')).toHaveLength(1 + 1);
});

test('an attempt brought forward is not made again at its old moment', async () => {
  const world = await startWorld({ settings: { webhook_delay_ms: [400, 400] } });
  world.receiver.statuses = [500, 200];
  const { body } = await world.setUp();
  await world.control('POST', '/webhooks/flush');
  await world.live(299);
  expect(world.receiver.types(body.id)).toHaveLength(1);
  await world.live(2);
  expect(world.receiver.types(body.id)).toHaveLength(2);
});

test('a receiver that does not answer in time has failed', async () => {
  const silent: Server = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const sender = new HttpWebhookSender(2, 50);
  onTestFinished(async () => {
    await sender.close();
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  expect(await sender.send(url, {}, '{}')).toEqual({ error: 'time limit exceeded' });
  silent.closeAllConnections();
  silent.close();
  expect(await sender.send(url, {}, '{}')).toHaveProperty('error');
});

test('without a webhook url nothing is sent, but the events are there', async () => {
  const world = await startWorld();
  await world.settings({ webhook_url: '' });
  const id = await world.captured();
  expect(world.receiver.received).toEqual([]);
  const { body } = await world.call('GET', `/workflows/events/subject/${id}`);
  expect(body.data.map(({ type }: any) => type)).toEqual(['payment_pending', 'payment_capture_pending', 'payment_captured']);
});

test('a workflow may subscribe to some types only', async () => {
  const world = await startWorld({ settings: { webhook_events: ['payment_captured'] } });
  await world.captured();
  expect(new Set(world.receiver.types())).toEqual(new Set(['payment_captured']));
});

test('events can be listed, read and sent again under their own ids', async () => {
  const world = await startWorld();
  const id = await world.captured();
  const before = world.receiver.received.length;
  const { body: list } = await world.call('GET', `/workflows/events/subject/${id}`);
  const captured = list.data.find(({ type }: any) => type === 'payment_captured');
  const { body: event } = await world.call('GET', `/workflows/events/${captured.id}`);
  expect(event).toMatchObject({ id: captured.id, type: 'payment_captured', data: { id, amount: 4900 }, action_invocations: [{ status: 'successful' }] });
  expect((await world.call('POST', `/workflows/events/${captured.id}/reflow`)).status).toBe(202);
  await world.live(1);
  expect(world.receiver.received.slice(before).map(({ body }) => body.id)).toEqual([captured.id]);
  expect((await world.call('POST', `/workflows/events/subject/${id}/reflow`)).status).toBe(202);
  await world.live(1);
  expect(world.receiver.received.slice(before + 1).map(({ body }) => body.id).sort()).toEqual(list.data.map((one: any) => one.id).sort());
  expect((await world.call('GET', `/workflows/events/evt_${'a'.repeat(26)}`)).status).toBe(404);
});

test('old delivered events are dropped at the limit, money never is', async () => {
  const world = await startWorld({ settings: { events_kept: 4 } });
  const source = await world.source();
  for (let i = 0; i < 3; i += 1) {
    await world.charge(source, { reference: newReference(), processing_channel_id: CHANNEL });
    await world.live(10);
  }
  expect((await world.control('GET', '/webhooks')).body.total_count).toBe(4);
  expect((await world.book()).CNY.captured_count).toBe(4);
});
