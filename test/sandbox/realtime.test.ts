import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SystemClock } from '../../sandbox/runtime/clock.js';
import { PATIENCE, startWorld, type World } from './support.js';

const statusOf = (world: World, id: string) => async (): Promise<string> => (await world.details(id)).status as string;

test('on the real clock everything happens by itself', async () => {
  const world = await startWorld({ clock: new SystemClock(), settings: { preset: 'fast' } });
  const { body: setUp } = await world.setUp();
  await world.control('POST', `/payments/${setUp.id}/approve`);
  await expect.poll(statusOf(world, setUp.id), PATIENCE).toBe('Captured');
  const { body: charge } = await world.charge(setUp.source.id);
  await expect.poll(() => world.receiver.types(charge.id).sort(), PATIENCE).toEqual(['payment_capture_pending', 'payment_captured', 'payment_pending']);
  expect((await world.control('GET', '/idle')).body).toMatchObject({ idle: true, open_pay_pages: 0 });
});

test('something sooner does not make the pump forget what is later', async () => {
  const world = await startWorld({ clock: new SystemClock(), settings: { preset: 'fast', webhook_url: '' } });
  const { body: setUp } = await world.setUp();
  await world.control('POST', `/payments/${setUp.id}/approve`);
  await expect.poll(statusOf(world, setUp.id), PATIENCE).toBe('Captured');
  await world.settings({ decision_delay_ms: [1500, 1500] });
  const { body: later } = await world.charge(setUp.source.id);
  await world.settings({ decision_delay_ms: [30, 30] });
  const { body: sooner } = await world.charge(setUp.source.id);
  await expect.poll(statusOf(world, sooner.id), PATIENCE).toBe('Captured');
  expect(await statusOf(world, later.id)()).toBe('Pending');
  await expect.poll(statusOf(world, later.id), PATIENCE).toBe('Captured');
});

test('what fell due while nobody ran happens at the start', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sandbox-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const world = await startWorld({ clock: new SystemClock(), dataDir, settings: { redirect_expiry_seconds: 1, webhook_url: '' } });
  const { body } = await world.setUp();
  world.sandbox.gateway.context.store.journal.flush();
  const again = await startWorld({ clock: new SystemClock(2000), dataDir });
  await expect.poll(statusOf(again, body.id), PATIENCE).toBe('Expired');
});

test('the real clock can be moved forward, and goes on from there', async () => {
  const world = await startWorld({ clock: new SystemClock() });
  const { body: setUp } = await world.setUp();
  const before = Date.parse((await world.control('GET', '/clock')).body.now);
  await world.control('POST', '/clock/advance', { seconds: 900 });
  expect(await statusOf(world, setUp.id)()).toBe('Expired');
  const after = Date.parse((await world.control('GET', '/clock')).body.now);
  expect(after - before).toBeGreaterThanOrEqual(900_000);
  await expect.poll(async () => Date.parse((await world.control('GET', '/clock')).body.now), PATIENCE).toBeGreaterThan(after);
});
