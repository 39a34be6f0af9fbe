import { expect } from 'vitest';
import type { FaultType } from '../../sandbox/faults/catalogue.js';
import { sign } from '../../sandbox/webhooks/signature.js';
import { type Answer, BROKEN, PATIENCE, type Received, send, SIGNATURE_KEY, storedBody, type World } from './support.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

export type Scenario = (world: World, source: string) => Promise<void>;

const count = async (world: World): Promise<number> => (await world.control('GET', '/payments')).body.total_count;
export const refund = (world: World, id: string, amount = 100): Promise<Answer> => world.call('POST', `/payments/${id}/refunds`, { body: { amount } });
export const status = async (world: World, id: string): Promise<string> => (await world.details(id)).status;

/** The fault's answer to a charge, and whether the payment came into being all the same. */
const answering = (committed: boolean, expected: object): Scenario => async (world, source) => {
  const before = await count(world);
  expect(await world.charge(source)).toMatchObject(expected);
  expect(await count(world)).toBe(before + (committed ? 1 : 0));
};

const breaking = (committed: boolean): Scenario => async (world, source) => {
  const before = await count(world);
  await expect(world.charge(source)).rejects.toThrow(BROKEN);
  expect(await count(world)).toBe(before + (committed ? 1 : 0));
};

/** A charge of which the answer is only seen after a wait. */
const waiting = (committed: boolean, expected: object): Scenario => async (world, source) => {
  const before = await count(world);
  const answer = world.charge(source);
  await expect.poll(async () => (await world.control('GET', '/idle')).body.requests_in_hand, PATIENCE).toBe(1);
  await world.live(61);
  expect(await answer).toMatchObject(expected);
  expect(await count(world)).toBe(before + (committed ? 1 : 0));
};

/** The webhooks of one charge. */
const telling = (check: (received: Received[], id: string, world: World) => void | Promise<void>, seconds = 10): Scenario => async (world, source) => {
  const before = world.receiver.received.length;
  const { body } = await world.charge(source);
  await world.live(seconds);
  await check(world.receiver.received.slice(before), body.id, world);
};

const ending = (expected: object, seconds = 10): Scenario => async (world, source) => {
  const { body } = await world.charge(source);
  await world.live(seconds);
  expect(await world.details(body.id)).toMatchObject(expected);
};

const signed = ({ headers, text }: Received): boolean => headers['cko-signature'] === sign(text, SIGNATURE_KEY);
const typesOf = (received: Received[]): string[] => received.map(({ body }) => body.type as string);
const CALM = ['payment_pending', 'payment_capture_pending', 'payment_captured'];

/** What each fault must do once it is switched on, with its default parameters or these. */
export const SCENARIOS: Record<FaultType, { params?: object; rest?: object; run: Scenario }> = {
  response_lost: { run: breaking(true) },
  reset_before_commit: { run: breaking(false) },
  hang_then_accept: { run: waiting(true, { status: 202, body: { status: 'Pending' } }) },
  hang_then_bad_gateway: { run: waiting(false, { status: 502 }) },
  server_error_committed: { params: { status: 504 }, run: answering(true, { status: 504, text: expect.stringContaining('<html>') }) },
  server_error: { params: { body: 'empty' }, run: answering(false, { status: 503, text: '' }) },
  internal_error: { params: { committed: true }, run: answering(true, { status: 500 }) },
  rate_limited: { params: { retry_after: 7 }, run: answering(false, { status: 429, headers: { 'retry-after': '7' } }) },
  key_conflict: { run: answering(false, { status: 409, body: { error_type: 'request_conflict' } }) },
  key_conflict_legacy: { run: answering(false, { status: 429, body: { error_codes: ['duplicate_request_detected'] } }) },
  unauthorized: { run: answering(false, { status: 401, text: '' }) },
  scope_forbidden: { run: answering(false, { status: 403, body: { error_codes: ['insufficient_scope'] } }) },
  unprocessable: { params: { error_type: 'invalid_request', error_codes: ['payment_invalid', 'brand_new_code'] }, run: answering(false, { status: 422, body: { error_type: 'invalid_request', error_codes: ['payment_invalid', 'brand_new_code'] } }) },
  apm_unavailable: { run: answering(false, { status: 422, body: { error_type: 'invalid_request', error_codes: ['apm_service_unavailable'] } }) },
  truncated_body: { run: breaking(true) },
  invalid_json: { run: answering(true, { status: 202, body: undefined, text: expect.stringContaining('pay_') }) },
  non_json: { run: answering(true, { status: 202, body: undefined, text: expect.stringContaining('<html>') }) },
  empty_body: { run: answering(true, { status: 202, text: '' }) },
  reads_rate_limited: { run: async (world, source) => {
    const { body } = await world.charge(source);
    expect(await world.call('GET', `/payments/${body.id}`)).toMatchObject({ status: 429 });
  } },
  reads_failing: { params: { status: 504 }, run: async (world) => expect(await world.call('GET', '/payments?reference=x')).toMatchObject({ status: 504, text: '' }) },
  outage: { rest: { times: undefined, for_seconds: 60 }, run: async (world, source) => {
    expect((await world.charge(source)).status).toBe(503);
    expect((await world.call('GET', '/payments?reference=x')).status).toBe(503);
    await world.live(61);
    expect((await world.charge(source)).status).toBe(202);
  } },
  slow_processing: { run: async (world, source) => {
    const body = storedBody(source);
    await expect(world.call('POST', '/payments', { body, key: 'slow' })).rejects.toThrow(BROKEN);
    expect((await world.call('POST', '/payments', { body, key: 'slow' })).status).toBe(409);
    await world.live(299);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(0);
    await world.live(2);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(1);
    expect((await world.call('POST', '/payments', { body, key: 'slow' })).status).toBe(202);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(1);
  } },
  key_expired: { run: async (world, source) => {
    const body = storedBody(source);
    const [first, again] = [await world.call('POST', '/payments', { body, key: 'k' }), await world.call('POST', '/payments', { body, key: 'k' })];
    expect(again.body.id).not.toBe(first.body.id);
  } },
  stale_replay: { run: async (world, source) => {
    const body = storedBody(source);
    const first = await world.call('POST', '/payments', { body, key: 'k' });
    await world.live(30 * HOUR);
    expect((await world.call('POST', '/payments', { body, key: 'k' })).text).toBe(first.text);
  } },
  webhook_before_response: { run: async (world, source) => {
    const before = world.receiver.received.length;
    const { body } = await world.charge(source);
    expect(typesOf(world.receiver.received.slice(before)).sort()).toEqual([...CALM].sort());
    expect(body.status).toBe('Pending');
  } },
  decline: { params: { response_code: '200R3' }, run: ending({ status: 'Declined', processing: { failure_code: '200R3' } }) },
  declined_synchronously: { run: async (world, source) => {
    const answer = await world.charge(source);
    expect(answer).toMatchObject({ status: 201, body: { status: 'Declined', approved: false, response_code: '41101' } });
    expect(await status(world, answer.body.id)).toBe('Declined');
  } },
  pending_forever: { run: ending({ status: 'Pending' }, 60 * DAY) },
  pending_long: { run: async (world, source) => {
    const { body } = await world.charge(source);
    await world.live(HOUR - 1);
    expect(await status(world, body.id)).toBe('Pending');
    await world.live(10);
    expect(await status(world, body.id)).toBe('Captured');
  } },
  wallet_revoked: { params: { mode: 'unknown' }, run: async (world, source) => {
    expect((await world.charge(source)).body.error_codes).toEqual(['source_id_unknown']);
    expect((await world.charge(source)).body.error_codes).toEqual(['source_id_unknown']);
  } },
  source_before_capture: { run: async (world) => {
    const { body: setUp } = await world.setUp();
    expect((await world.charge(setUp.source.id)).status).toBe(202);
  } },
  setup_abandoned: { run: async (world) => {
    const { body } = await world.setUp();
    await send(body._links.redirect.href, 'POST', {}, 'choice=approve');
    await world.live(901);
    expect(await status(world, body.id)).toBe('Expired');
  } },
  setup_canceled: { run: async (world) => {
    const { body } = await world.setUp();
    await send(body._links.redirect.href, 'POST', {}, 'choice=approve');
    expect(await status(world, body.id)).toBe('Canceled');
  } },
  late_capture: { run: async (world, source) => {
    await world.control('POST', `/sources/${source}/behaviour`, { outcome: 'decline', times: 1 });
    const { body } = await world.charge(source);
    await world.live(60);
    expect(await status(world, body.id)).toBe('Declined');
    await world.live(HOUR);
    expect(await status(world, body.id)).toBe('Captured');
    expect(world.receiver.types(body.id).filter((type) => type === 'payment_captured')).toHaveLength(1);
    const { data } = (await world.control('GET', '/book/entries')).body;
    expect(data.find((entry: any) => entry.payment_id === body.id)).toMatchObject({ late: true, amount: 4900 });
  } },
  payment_returned: { run: telling(async (_received, id, world) => {
    await world.live(HOUR);
    expect(world.receiver.of('payment_returned')[0]!.body.data).toMatchObject({ id, amount: 4900 });
    expect(await world.details(id)).toMatchObject({ status: 'Refunded', balances: { available_to_refund: 0 } });
    expect((await world.book()).CNY).toMatchObject({ returned: 4900, returned_count: 1, net: 1100 });
  }) },
  partial_capture: { run: ending({ status: 'Partially Captured', amount: 4900, balances: { total_captured: 2450, available_to_refund: 2450 } }) },
  retry_scheduled: { run: async (world, source) => {
    const { body } = await world.charge(source);
    await world.live(10);
    expect(await status(world, body.id)).toBe('Retry Scheduled');
    expect(world.receiver.types(body.id)).toContain('payment_retry_scheduled');
    await world.live(60);
    expect(await status(world, body.id)).toBe('Captured');
  } },
  refund_declined: { run: async (world) => {
    const id = await world.captured();
    await refund(world, id);
    await world.live(20);
    expect(world.receiver.of('payment_refund_declined')[0]!.body.data.response_code).toBe('20006');
  } },
  refund_slow: { run: async (world) => {
    const id = await world.captured();
    await refund(world, id);
    await world.live(2 * DAY - 1);
    expect(await status(world, id)).toBe('Captured');
    await world.live(1);
    expect(await status(world, id)).toBe('Partially Refunded');
  } },
  refund_excess: { run: async (world) => {
    const id = await world.captured();
    expect((await refund(world, id, 5000)).status).toBe(202);
    await world.live(20);
    expect(await world.details(id)).toMatchObject({ status: 'Refunded', balances: { total_refunded: 5000, available_to_refund: 0 } });
    expect((await world.book()).CNY.refunded).toBe(5000);
  } },
  refund_unreserved: { rest: { times: 2 }, run: async (world) => {
    const id = await world.captured();
    expect([(await refund(world, id, 4000)).status, (await refund(world, id, 4000)).status]).toEqual([202, 202]);
    await world.live(20);
    expect(world.receiver.of('payment_refund_declined')).toHaveLength(1);
    expect((await world.book()).CNY.refunded).toBe(4000);
  } },
  refund_window_closed: { run: async (world) => expect((await refund(world, await world.captured())).status).toBe(403) },
  details_lag: { run: async (world, source) => {
    await world.settings({ decision_delay_ms: [1000, 1000], capture_delay_ms: [0, 0] });
    const { body } = await world.charge(source);
    await world.live(10);
    expect(world.receiver.types(body.id)).toContain('payment_captured');
    expect(await world.details(body.id)).toMatchObject({ status: 'Pending', balances: { total_captured: 0 } });
    expect((await world.call('GET', `/payments/${body.id}/actions`)).body).toEqual([]);
    await world.live(22);
    expect(await status(world, body.id)).toBe('Captured');
  } },
  details_not_found: { run: async (world, source) => {
    const { body } = await world.charge(source);
    await world.live(29);
    expect((await world.call('GET', `/payments/${body.id}`)).status).toBe(404);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(0);
    await world.live(1);
    expect((await world.call('GET', `/payments/${body.id}`)).status).toBe(200);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(1);
  } },
  balances_lag: { rest: { times: 2 }, run: async (world) => {
    const id = await world.captured();
    await world.settings({ refund_delay_ms: [0, 0] });
    await refund(world, id);
    await world.live(1);
    expect(await world.details(id)).toMatchObject({ status: 'Captured', balances: { total_refunded: 0 } });
    await world.live(30);
    expect(await world.details(id)).toMatchObject({ status: 'Partially Refunded', balances: { total_refunded: 100 } });
  } },
  list_lag: { run: async (world, source) => {
    const { body } = await world.charge(source);
    await world.live(599);
    expect((await world.call('GET', `/payments/${body.id}`)).status).toBe(200);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(0);
    await world.live(1);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(1);
  } },
  list_empty: { run: async (world, source) => {
    const { body } = await world.charge(source);
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body).toMatchObject({ total_count: 0, data: [] });
    expect((await world.call('GET', `/payments?reference=${body.reference}`)).body.total_count).toBe(1);
  } },
  details_amount_mismatch: { run: ending({ amount: 4901 }) },
  details_currency_mismatch: { run: ending({ currency: 'USD' }) },
  details_unknown_status: { run: ending({ status: 'Under Review' }) },
  webhook_lost: { rest: { match: { event_type: 'payment_captured' } }, run: telling(async (received, id, world) => {
    expect(typesOf(received)).toEqual(CALM.slice(0, 2));
    await world.live(3 * DAY);
    expect(world.receiver.types(id)).not.toContain('payment_captured');
    expect((await world.control('GET', `/webhooks?payment=${id}&undelivered=true`)).body.data).toMatchObject([{ state: 'lost' }]);
  }) },
  webhook_duplicated: { run: telling((received) => expect(received.filter(({ body }) => body.type === 'payment_pending').map(({ text }) => text)).toEqual([expect.any(String), received[0]!.text])) },
  webhook_parallel: { run: telling((received) => expect(new Set(received.slice(0, 3).map(({ body }) => body.id)).size).toBe(1)) },
  webhook_other_event_id: { run: telling((received) => {
    const [one, two] = received.filter(({ body }) => body.type === 'payment_pending').map(({ body }) => body);
    expect(two.id).not.toBe(one.id);
    expect(two.data).toEqual(one.data);
  }) },
  webhook_out_of_order: { rest: { match: { event_type: 'payment_pending' } }, run: telling((received) => expect(typesOf(received)).toEqual(['payment_capture_pending', 'payment_pending', 'payment_captured'])) },
  webhook_late: { rest: { match: { event_type: 'payment_captured' } }, run: telling(async (received, id, world) => {
    expect(typesOf(received)).not.toContain('payment_captured');
    await world.live(30 * HOUR);
    expect(world.receiver.types(id)).toContain('payment_captured');
  }) },
  webhook_bad_signature: { run: telling(([first]) => {
    expect(first!.headers['cko-signature']).toMatch(/^[0-9a-f]{64}$/);
    expect(signed(first!)).toBe(false);
  }) },
  webhook_unsigned: { run: telling(([first]) => expect(first!.headers).not.toHaveProperty('cko-signature')) },
  webhook_modified: { run: telling(([first]) => {
    expect(signed(first!)).toBe(false);
    expect(first!.body.data.amount).toBe(4901);
  }) },
  webhook_wrong_authorization: { run: telling(([first]) => expect(first!.headers['authorization']).toBe('wrong')) },
  webhook_other_key: { params: { key: 'next' }, run: telling(([first]) => expect(first!.headers['cko-signature']).toBe(sign(first!.text, 'next'))) },
  webhook_unknown_type: { run: telling(([first]) => expect([first!.body.type, signed(first!)]).toEqual(['payment_enriched', true])) },
  webhook_extra_fields: { run: telling(([first]) => expect(first!.body).toMatchObject({ schema: 'v9', data: { loyalty: { points: 7 } } })) },
  webhook_other_timestamp: { run: telling(([first]) => expect([typeof first!.body.created_on, typeof first!.body.timestamp]).toEqual(['string', 'undefined'])) },
  webhook_missing_fields: { run: telling(([first]) => expect(Object.keys(first!.body.data)).toEqual(['id', 'amount', 'currency', 'processed_on'])) },
  webhook_foreign_payment: { run: telling(async (received, id, world) => {
    const foreign = received.filter(({ body }) => body.data.id !== id);
    expect(foreign).toHaveLength(1);
    expect(signed(foreign[0]!)).toBe(true);
    expect((await world.call('GET', `/payments/${foreign[0]!.body.data.id}`)).status).toBe(404);
  }) },
  webhook_amount_mismatch: { rest: { match: { event_type: 'payment_captured' } }, run: telling((received) => expect(received.find(({ body }) => body.type === 'payment_captured')!.body.data.amount).toBe(4901)) },
  webhook_currency_mismatch: { run: telling(([first]) => expect([first!.body.data.currency, signed(first!)]).toEqual(['USD', true])) },
  webhook_ack_ignored: { run: telling((received) => expect(received.filter(({ body }) => body.type === 'payment_pending').map(({ text }) => text)).toEqual([received[0]!.text, received[0]!.text]), 20) },
  clock_skew: { rest: { times: undefined }, run: telling((received, _id, world) => {
    const told = Date.parse(received[0]!.body.data.processed_on) - world.sandbox.gateway.context.clock.now();
    expect(told).toBeGreaterThan(280_000);
    expect(told).toBeLessThanOrEqual(300_000);
  }) },
};
