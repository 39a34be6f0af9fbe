import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../sandbox/runtime/clock.js';
import { BROKEN, PATIENCE, START, startWorld, storedBody, type World } from './support.js';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sandbox-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What a process leaves behind when it is killed: the journal as it stands, without any farewell. */
function killed(dataDir: string, world: World): string {
  world.sandbox.gateway.context.store.journal.flush();
  const copy = directory();
  cpSync(dataDir, copy, { recursive: true });
  return copy;
}

const everything = async (world: World): Promise<unknown> => [
  (await world.control('GET', '/book/entries')).body, (await world.control('GET', '/payments')).body.data.map(({ id, true_state, actions }: any) => ({ id, true_state, actions })),
  (await world.control('GET', '/sources')).body,
];

test('payments, book, sources, keys and events survive a kill', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  const source = await world.source();
  const body = storedBody(source);
  const first = await world.call('POST', '/payments', { body, key: 'k' });
  await world.live(10);
  await world.call('POST', `/payments/${first.body.id}/refunds`, { body: { amount: 100 } });
  await world.live(20);
  const again = await startWorld({ dataDir: killed(dataDir, world) });
  expect(await everything(again)).toEqual(await everything(world));
  expect((await again.call('POST', '/payments', { body, key: 'k' })).body.id).toBe(first.body.id);
  expect((await again.call('GET', `/payments?reference=${body['reference']}`)).body.total_count).toBe(1);
  expect((await again.call('GET', `/workflows/events/subject/${first.body.id}`)).body.data).toHaveLength(5);
  expect((await again.source()).length).toBe(source.length);
  expect((await again.setUp()).body.customer.id).toBe(first.body.customer.id);
});

test('what was scheduled still happens: decisions, refunds, webhook retries, late arrivals', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  const source = await world.source();
  const captured = await world.captured();
  world.receiver.statuses = [500];
  await world.call('POST', `/payments/${captured}/refunds`, { body: {} });
  const { body: charge } = await world.charge(source);
  await world.live(0.6);
  await world.arm('slow_processing', { seconds: 600 }, { times: 1 });
  const slow = storedBody(source);
  await expect(world.call('POST', '/payments', { body: slow, key: 'slow' })).rejects.toThrow(BROKEN);
  const again = await startWorld({ dataDir: killed(dataDir, world) });
  expect((await again.call('POST', '/payments', { body: slow, key: 'slow' })).status).toBe(409);
  await again.live(700);
  expect((await again.details(charge.id)).status).toBe('Captured');
  expect((await again.details(captured)).status).toBe('Refunded');
  expect((await again.call('GET', `/payments?reference=${slow['reference']}`)).body).toMatchObject({ total_count: 1, data: [{ status: 'Captured' }] });
  expect(again.receiver.types()).toContain('payment_refund_pending');
});

test('a webhook in flight when the process died is sent again', async () => {
  const dataDir = directory();
  const pending = { send: (): Promise<never> => new Promise(() => undefined) };
  const world = await startWorld({ dataDir, sender: pending });
  await world.setUp();
  world.sandbox.gateway.runUntil(START + 1000);
  const again = await startWorld({ dataDir: killed(dataDir, world), clock: new VirtualClock(START) });
  await again.live(1);
  expect(again.receiver.types()).toEqual(['payment_pending']);
});

test('settings, faults and the clock survive too', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  await world.settings({ key_lifetime_hours: 5 });
  await world.arm('outage', { status: 504 }, { times: 3 });
  await world.setUp();
  await world.live(86_400);
  const again = await startWorld({ dataDir: killed(dataDir, world) });
  expect((await again.control('GET', '/settings')).body.key_lifetime_hours).toBe(5);
  expect((await again.setUp()).status).toBe(504);
  expect((await again.control('GET', '/faults')).body.data).toMatchObject([{ times: 1, fired: 2 }]);
  expect((await again.control('GET', '/clock')).body.now).toBe('2026-02-01T15:00:00.000Z');
});

test('ids are not minted twice under one seed', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  const mint = async (one: World): Promise<string> => (await one.setUp({ customer: undefined })).body.id;
  const before = await mint(world);
  expect(await mint(await startWorld())).toBe(before);
  expect(await mint(await startWorld({ dataDir: killed(dataDir, world) }))).not.toBe(before);
});

test('a torn last line is ignored, damage before it is not', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  await world.captured();
  const torn = killed(dataDir, world);
  const file = join(torn, 'sandbox.jsonl');
  const whole = readFileSync(file, 'utf8');
  appendFileSync(file, '[["payment","pay_x",{"id":"pa');
  const again = await startWorld({ dataDir: torn });
  expect(await again.book()).toEqual(await world.book());
  const damaged = directory();
  writeFileSync(join(damaged, 'sandbox.jsonl'), `{"torn\n${whole}`);
  await expect(startWorld({ dataDir: damaged })).rejects.toThrow(/line 1 is damaged/);
});

test('the journal is compacted at the start', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  const source = await world.source();
  for (let i = 0; i < 20; i += 1) {
    await world.charge(source);
    world.sandbox.gateway.context.store.journal.flush();
    await world.live(10);
    world.sandbox.gateway.context.store.journal.flush();
  }
  const copy = killed(dataDir, world);
  const rows = (): number => readFileSync(join(copy, 'sandbox.jsonl'), 'utf8').split('["payment","').length - 1;
  expect(rows()).toBeGreaterThan(21);
  const again = await startWorld({ dataDir: copy });
  expect(rows()).toBe(21);
  expect(await again.book()).toEqual(await world.book());
});

test('changes reach the file by themselves', async () => {
  const dataDir = directory();
  const world = await startWorld({ dataDir });
  const { body } = await world.setUp();
  await expect.poll(() => readFileSync(join(dataDir, 'sandbox.jsonl'), 'utf8'), PATIENCE).toContain(body.id);
});
