import { expect, test } from 'vitest';
import { PATIENCE, send, startWorld } from './support.js';

test('the clock is read, advanced and set, never backwards', async () => {
  const world = await startWorld();
  expect((await world.control('GET', '/clock')).body).toEqual({ now: '2026-01-31T15:00:00.000Z' });
  expect((await world.control('POST', '/clock/advance', { seconds: 90 })).body).toEqual({ now: '2026-01-31T15:01:30.000Z' });
  expect((await world.control('POST', '/clock/set', { now: '2026-03-01T00:00:00Z' })).body).toEqual({ now: '2026-03-01T00:00:00.000Z' });
  expect((await world.control('POST', '/clock/set', { now: '2026-02-01T00:00:00Z' })).status).toBe(409);
  expect((await world.control('POST', '/clock/advance', { seconds: -1 })).status).toBe(422);
  expect((await world.control('POST', '/clock/set', { now: 'soon' })).status).toBe(422);
});

test('the book agrees with what was captured and refunded, entry by entry', async () => {
  const world = await startWorld();
  const source = await world.source();
  for (const reference of ['A', 'B', 'C']) await world.charge(source, { reference });
  await world.charge(source, { reference: 'EUR', currency: 'EUR', amount: 700 });
  await world.live(10);
  const { body: list } = await world.call('GET', '/payments?reference=B');
  await world.call('POST', `/payments/${list.data[0].id}/refunds`, { body: { amount: 900, reference: 'RF' } });
  await world.live(20);
  expect(await world.book()).toEqual({
    CNY: { captured: 15800, captured_count: 4, refunded: 900, refunded_count: 1, returned: 0, returned_count: 0, net: 14900 },
    EUR: { captured: 700, captured_count: 1, refunded: 0, refunded_count: 0, returned: 0, returned_count: 0, net: 700 },
  });
  const entries: any[] = [];
  for (let cursor: number | null = 0; cursor !== null; ) {
    const { body } = await world.control('GET', `/book/entries?limit=2&cursor=${cursor}`);
    entries.push(...body.data);
    cursor = body.next_cursor;
  }
  expect(entries.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(entries.find(({ reference }) => reference === 'B')).toEqual({
    number: expect.any(Number), payment_id: list.data[0].id, action_id: expect.any(String), reference: 'B', source_id: source, customer_email: 'li@example.com', kind: 'stored', payment_type: 'Recurring',
    amount: 4900, currency: 'CNY', requested_on: expect.any(String), captured_at: expect.any(String), late: false,
    refunds: [{ action_id: expect.any(String), amount: 900, kind: 'refund', reference: 'RF', at: expect.any(String) }],
  });
});

test('a revoked agreement declines or is unknown; signing anew gives another source', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.control('POST', `/sources/${source}/revoke`);
  const { body: charge } = await world.charge(source);
  await world.live(10);
  expect((await world.details(charge.id)).processing.failure_code).toBe('200R1');
  expect(world.receiver.types().filter((type) => type.includes('revoked'))).toEqual([]);
  const anew = await world.source();
  expect(anew).not.toBe(source);
  expect((await world.charge(anew)).status).toBe(202);
  expect((await world.control('POST', '/wallets/li@example.com/revoke', { mode: 'unknown' })).body.revoked).toHaveLength(2);
  expect((await world.charge(anew)).body.error_codes).toEqual(['source_id_unknown']);
  expect((await world.control('POST', `/sources/${anew}/revoke`, { mode: 'loudly' })).status).toBe(422);
});

test('behaviours are used up, source before wallet', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.control('POST', '/wallets/li@example.com/behaviour', { outcome: 'decline', response_code: '30021' });
  await world.control('POST', `/sources/${source}/behaviour`, { outcome: 'decline', response_code: '20051', times: 2 });
  const codes: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    const { body } = await world.charge(source);
    await world.live(10);
    codes.push((await world.details(body.id)).processing.failure_code);
  }
  expect(codes).toEqual(['20051', '20051', '30021']);
  await world.control('POST', '/wallets/li@example.com/behaviour', { outcome: 'capture' });
  const { body } = await world.charge(source);
  await world.live(10);
  expect((await world.details(body.id)).status).toBe('Captured');
  for (const bad of [{}, { outcome: 'maybe' }, { outcome: 'decline', times: 0 }, { outcome: 'decline', response_code: 5 }]) expect((await world.control('POST', `/sources/${source}/behaviour`, bad)).status).toBe(422);
});

test('a pending stored charge is decided by hand, once', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.control('POST', `/sources/${source}/behaviour`, { outcome: 'pending' });
  const [one, two] = [await world.charge(source), await world.charge(source)];
  await world.live(3600);
  expect((await world.control('POST', `/payments/${one.body.id}/decline`, { response_code: '20062' })).body).toMatchObject({ status: 'Declined' });
  await world.control('POST', `/payments/${two.body.id}/approve`);
  await world.live(10);
  expect([(await world.details(one.body.id)).status, (await world.details(two.body.id)).status]).toEqual(['Declined', 'Captured']);
  expect((await world.control('POST', `/payments/${one.body.id}/approve`)).status).toBe(409);
  expect((await world.control('POST', `/payments/pay_x/approve`)).status).toBe(404);
});

test('a redirect that the wallet left open is decided by hand', async () => {
  const world = await startWorld();
  await world.control('POST', '/wallets/li@example.com/behaviour', { outcome: 'pending', times: 1 });
  const { body } = await world.setUp();
  await world.control('POST', `/payments/${body.id}/approve`);
  await world.live(3600);
  expect((await world.details(body.id)).status).toBe('Pending');
  await world.control('POST', `/payments/${body.id}/approve`);
  await world.live(10);
  expect((await world.details(body.id)).status).toBe('Captured');
});

test('approving once more does not ask the wallet once more', async () => {
  const world = await startWorld();
  const { body } = await world.setUp();
  await world.control('POST', `/payments/${body.id}/approve`);
  await world.control('POST', '/wallets/li@example.com/behaviour', { outcome: 'decline', times: 1 });
  await world.control('POST', `/payments/${body.id}/approve`);
  await world.live(10);
  const charge = await world.charge(body.source.id);
  await world.live(10);
  expect([(await world.details(body.id)).status, (await world.details(charge.body.id)).status]).toEqual(['Captured', 'Declined']);
});

test('idle looks past retries and open pages', async () => {
  const world = await startWorld();
  const idle = async (query = ''): Promise<any> => (await world.control('GET', `/idle${query}`)).body;
  const source = await world.source();
  expect((await idle()).idle).toBe(true);
  world.receiver.statuses = [500];
  await world.setUp();
  await world.charge(source);
  expect((await idle()).idle).toBe(false);
  await world.live(10);
  expect(await idle()).toMatchObject({ idle: true, retries: 4, open_pay_pages: 1, scheduled: 0 });
  await world.arm('pending_long', { seconds: 7200 }, { times: 1 });
  await world.charge(source);
  await world.live(10);
  expect([(await idle()).idle, (await idle('?within_seconds=3600')).idle]).toEqual([false, true]);
});

test('settings are told, checked and taken back by a reset', async () => {
  const world = await startWorld();
  const { body: before } = await world.control('GET', '/settings');
  expect((await world.control('PATCH', '/settings', { preset: 'fast', webhook_delay_ms: [7, 9] })).body).toMatchObject({ decision_delay_ms: [0, 5], webhook_delay_ms: [7, 9] });
  for (const [patch, named] of [[{ nothing: 1 }, 'nothing'], [{ webhook_delay_ms: [9, 7] }, 'webhook_delay_ms'], [{ preset: 'slow' }, 'preset'], [{ key_reuse: 'maybe' }, 'key_reuse'], [{ webhook_url: 'ftp://x' }, 'webhook_url'], [{ __proto__: null, toString: 1 }, 'toString']] as const) {
    const answer = await world.control('PATCH', '/settings', patch);
    expect([answer.status, answer.body.error.split(':')[0]]).toEqual([422, named]);
  }
  await world.captured();
  await world.arm('outage');
  await world.control('POST', '/reset');
  expect((await world.control('GET', '/settings')).body).toEqual(before);
  expect(await world.book()).toEqual({});
  expect((await world.control('GET', '/payments')).body.total_count).toBe(0);
  expect((await world.control('GET', '/faults')).body.data).toEqual([]);
  await world.captured();
  expect((await world.book()).CNY.captured_count).toBe(2);
});

test('stats count requests by outcome, and webhooks', async () => {
  const world = await startWorld();
  const id = await world.captured();
  await world.details(id);
  await world.charge('src_bad');
  expect((await world.control('GET', '/stats')).body).toMatchObject({ requests: { payment: { 202: 2, 422: 1 }, details: { 200: 1 } }, webhooks: { sent: 6, delivered: 6, failed: 0 } });
});

test('payments can be filtered and paged, undelivered webhooks flushed and resent', async () => {
  const world = await startWorld();
  world.receiver.statuses = [500];
  const source = await world.source();
  const { body: charge } = await world.charge(source, { reference: 'ONE' });
  await world.live(10);
  expect((await world.control('GET', '/payments?status=Captured&limit=1')).body).toMatchObject({ total_count: 2, next_cursor: 1 });
  expect((await world.control('GET', '/payments?reference=ONE')).body.data).toMatchObject([{ id: charge.id, true_state: { status: 'Captured' }, actions: [{ type: 'Capture' }, { type: 'Authorization' }] }]);
  world.receiver.statuses = [200];
  expect((await world.control('POST', '/webhooks/flush')).body.hastened).toBe(6);
  await expect.poll(async () => (await world.control('GET', '/webhooks?undelivered=true')).body.total_count, PATIENCE).toBe(0);
  const before = world.receiver.received.length;
  expect((await world.control('POST', '/webhooks/resend', { payment_id: charge.id })).body).toEqual({ resent: 3 });
  await world.live(1);
  expect(world.receiver.received.length).toBe(before + 3);
  expect((await world.control('POST', '/webhooks/resend', {})).status).toBe(404);
});

test('index pages on both ports; unknown calls and bad bodies are told', async () => {
  const world = await startWorld();
  for (const url of [world.sandbox.url, world.sandbox.controlUrl]) {
    const { status, text, headers } = await send(`${url}/`, 'GET', {});
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('/payments');
  }
  expect((await world.control('GET', '/nothing')).status).toBe(404);
  expect((await send(`${world.sandbox.controlUrl}/faults`, 'POST', {}, '{')).status).toBe(400);
  expect((await send(`${world.sandbox.controlUrl}/faults`, 'POST', {}, '[]')).status).toBe(422);
  expect((await world.control('GET', '/book/entries?limit=-1')).status).toBe(422);
});
