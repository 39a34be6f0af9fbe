import { describe, expect, test } from 'vitest';
import { refund, SCENARIOS, status } from './fault-scenarios.js';
import { BROKEN, KEY, startWorld, storedBody } from './support.js';

describe('every fault of the catalogue does what it says, once', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (type, { params, rest, run }) => {
    const world = await startWorld({ settings: { capture_delay_ms: [100, 100], webhook_delay_ms: [0, 5] } });
    const source = await world.source();
    await world.arm(type, params ?? {}, { times: 1, ...rest });
    await run(world, source);
    const { body } = await world.control('GET', '/faults');
    expect(body.fired[type]).toBeGreaterThan(0);
  });
});

test('the contract’s list of fault modes is covered without a gap', async () => {
  const world = await startWorld();
  const { data } = (await world.control('GET', '/faults/catalogue')).body;
  const numbers = new Set(data.map(({ number }: any) => number));
  expect(Array.from({ length: 37 }, (_, index) => index + 1).filter((number) => !numbers.has(number))).toEqual([]);
  for (const kind of data) expect(kind).toMatchObject({ type: expect.any(String), stage: expect.any(String), description: expect.any(String), params: expect.any(Object) });
});

test('a match narrows a fault to what it names', async () => {
  const world = await startWorld();
  const [source, other] = [await world.source(), await world.source('han@example.com')];
  await world.arm('server_error', {}, { match: { operation: 'payment', source, reference_prefix: 'VIP-', kind: 'stored', customer_email: 'li@example.com' } });
  expect((await world.charge(source, { reference: 'VIP-1' })).status).toBe(503);
  expect((await world.charge(source, { reference: 'X-VIP-1' })).status).toBe(202);
  expect((await world.charge(other, { reference: 'VIP-2' })).status).toBe(202);
  expect((await world.call('GET', '/payments?reference=VIP-1')).status).toBe(200);
});

test('a probability strikes about as often as it says', async () => {
  const world = await startWorld();
  await world.arm('reads_failing', {}, { probability: 0.3 });
  let struck = 0;
  for (let i = 0; i < 300; i += 1) struck += Number((await world.call('GET', '/payments?reference=x')).status === 503);
  expect(struck).toBeGreaterThan(60);
  expect(struck).toBeLessThan(120);
  expect((await world.control('GET', '/faults')).body.data[0].fired).toBe(struck);
});

test('faults end after their times, or when switched off', async () => {
  const world = await startWorld();
  const id = await world.arm('reads_failing', {}, { times: 2 });
  const reads = async (): Promise<number> => (await world.call('GET', '/payments?reference=x')).status;
  expect([await reads(), await reads(), await reads()]).toEqual([503, 503, 200]);
  expect((await world.control('DELETE', `/faults/${id}`)).status).toBe(200);
  expect((await world.control('DELETE', `/faults/${id}`)).status).toBe(404);
  await world.arm('reads_failing');
  expect(await reads()).toBe(503);
  await world.control('DELETE', '/faults');
  expect(await reads()).toBe(200);
});

test.each([
  [{ type: 'nothing' }, 'type'], [{}, 'type'], [{ type: 'outage', probability: 2 }, 'probability'], [{ type: 'outage', times: 0 }, 'times'],
  [{ type: 'outage', params: { state: 1 } }, 'params.state'], [{ type: 'outage', params: { status: '503' } }, 'params.status'], [{ type: 'outage', params: { status: 1.5 } }, 'params.status'],
  [{ type: 'decline', match: { operation: 'list' } }, 'match.operation'], [{ type: 'decline', match: { email: 'x' } }, 'match.email'], [{ type: 'decline', match: { event_type: 'x' } }, 'match.event_type'],
  [{ type: 'decline', match: { kind: 'card' } }, 'match.kind'], [{ type: 'outage', for_seconds: -1 }, 'for_seconds'], [{ type: 'outage', surprise: 1 }, 'surprise'], [{ type: 'outage', match: 'all' }, 'match'],
])('a fault that makes no sense is refused: %j', async (fault, named) => {
  const world = await startWorld();
  const answer = await world.control('POST', '/faults', fault);
  expect(answer.status).toBe(422);
  expect(answer.body.error).toMatch(new RegExp(`^${named.replace('.', '\\.')}:`));
});

test('held events wait for the next one, which is not held itself', async () => {
  const world = await startWorld({ settings: { capture_delay_ms: [100, 100], webhook_delay_ms: [0, 5] } });
  const source = await world.source();
  await world.arm('webhook_out_of_order');
  const { body } = await world.charge(source);
  await world.live(100);
  expect(world.receiver.types(body.id)).toEqual(['payment_capture_pending', 'payment_pending', 'payment_captured']);
});

test('news before the response is only what has happened', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.arm('webhook_before_response');
  await world.arm('pending_forever');
  const { body } = await world.charge(source);
  await world.live(60);
  expect(world.receiver.types(body.id)).toEqual(['payment_pending']);
  expect((await world.details(body.id)).status).toBe('Pending');
});

test('a copy of a request that is still being processed is turned away, however long the fault lasts', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  await world.arm('slow_processing');
  await expect(world.call('POST', '/payments', { body, key: 'k' })).rejects.toThrow(BROKEN);
  await world.live(100);
  expect((await world.call('POST', '/payments', { body, key: 'k' })).status).toBe(409);
  await world.live(1000);
  expect((await world.call('GET', `/payments?reference=${body['reference']}`)).body.total_count).toBe(1);
});

test('a lag neither grows nor shows half-way states when more happens meanwhile', async () => {
  const world = await startWorld({ settings: { decision_delay_ms: [0, 0], capture_delay_ms: [0, 0] } });
  const source = await world.source();
  await world.arm('details_lag');
  const { body } = await world.charge(source);
  await world.live(15);
  expect((await refund(world, body.id)).status).toBe(202);
  await world.live(14);
  expect(await status(world, body.id)).toBe('Pending');
  await world.live(2);
  expect(await status(world, body.id)).toBe('Partially Refunded');
});

test('an answer that never comes ends with the caller’s patience', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.arm('response_lost', { mode: 'hang' });
  const abandoned = fetch(`${world.sandbox.url}/payments`, { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: JSON.stringify(storedBody(source)), signal: AbortSignal.timeout(100) });
  await expect(abandoned).rejects.toThrow(/timeout/);
  expect((await world.control('GET', '/payments?status=Pending')).body.total_count).toBe(1);
});

test('processing may be slow without holding the key: the copy is taken, the straggler replays', async () => {
  const world = await startWorld();
  const body = storedBody(await world.source());
  await world.arm('slow_processing', { holds_key: false }, { times: 1 });
  await expect(world.call('POST', '/payments', { body, key: 'k' })).rejects.toThrow(BROKEN);
  expect((await world.call('POST', '/payments', { body, key: 'k' })).status).toBe(202);
  await world.live(400);
  expect((await world.call('GET', `/payments?reference=${body['reference']}`)).body.total_count).toBe(1);
});
