import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Continuity } from '../../src/continuity/continuity.js';
import type { Charge } from '../../src/domain/charge.js';
import { arm, bytesOf, DAY, expectEachPaidOnce, gatewayShows, HOUR, lastCharge, liveToRenewal, MINUTE, NOTICE, RETURN_URLS, SECOND, sell } from '../gateway/shop.js';
import { backUp } from '../support/backup.js';
import { KEY } from '../sandbox/support.js';
import { World } from '../support/world.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
  await world.app.get(Continuity).start();
});
afterEach(() => world.close());

/** What a life does that this database has forgotten: it sends the charge, and nobody tells us. */
async function sendInAnotherLife(charge: Charge): Promise<void> {
  const silence = await arm(world, 'webhook_lost', { match: {} });
  const response = await fetch(`${world.sandbox.url}/payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'cko-idempotency-key': charge.idempotency_key },
    body: await bytesOf(world, charge),
  });
  expect(response.status).toBe(202);
  await passWithoutEngine(MINUTE);
  await world.control('DELETE', `/faults/${silence}`);
}

async function passWithoutEngine(milliseconds: number): Promise<void> {
  await world.sandbox.gateway.advanceTo(world.clock.at + milliseconds);
  world.clock.moveTo(world.clock.at + milliseconds);
}

/** A renewal that the gateway has not taken yet. */
async function renewalNotTaken(): Promise<Charge> {
  const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const charge = await lastCharge(world, subscription);
  expect(charge).toMatchObject({ status: 'created', sends: 1 });
  return charge;
}

const quarantine = (): Promise<Record<string, any>> => world.get('/v1/quarantine');

test('a charge that was not taken before a gap is looked up before it is sent again, for the key is forgotten', async () => {
  const charge = await renewalNotTaken();
  await sendInAnotherLife(charge);
  await passWithoutEngine(26 * HOUR);
  await world.restart();
  await world.app.get(Continuity).start();
  await world.pass(HOUR, MINUTE);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
  expect((await gatewayShows(world, charge)).payments).toBe(1);
  await expectEachPaidOnce(world, subscription, 2);
});

test('a quarantine lasts until what was sent last must be visible, even if nothing is under way', async () => {
  await world.app.get(Continuity).start(true);
  await world.pass(29 * MINUTE, MINUTE);
  expect(await quarantine()).toMatchObject({ active: true, to_reconcile: 0 });
  await world.pass(2 * MINUTE, MINUTE);
  expect(await quarantine()).toMatchObject({ active: false });
});

test('in quarantine nothing is sent on the word of a look: what the lost life sent last may not be shown yet', async () => {
  const charge = await renewalNotTaken();
  await arm(world, 'list_lag', { params: { seconds: 1_500 }, times: 1 });
  await arm(world, 'key_expired');
  await sendInAnotherLife(charge);
  await world.restart();
  await world.app.get(Continuity).start(true);
  await world.pass(29 * MINUTE, MINUTE);
  expect(await quarantine()).toMatchObject({ active: true });
  await world.pass(HOUR, MINUTE);
  expect((await gatewayShows(world, charge)).payments).toBe(1);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
  await expectEachPaidOnce(world, subscription, 2);
});

test('an unknown charge counts as sent until the restore: the lost life may have sent it again', async () => {
  const fault = await arm(world, 'reset_before_commit');
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const { sends } = await lastCharge(world, subscription);
  await passWithoutEngine(29 * MINUTE);
  await world.app.get(Continuity).start(true);
  await world.app.get(Continuity).release();
  await world.pass(29 * MINUTE, MINUTE);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends });
  await world.pass(20 * MINUTE, MINUTE);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: sends + 1 });
  await expectEachPaidOnce(world, subscription, 2);
});

test('a cluster that is changed beneath a running engine: nothing is sent at once, and the heartbeat says why', async () => {
  const { current_period: period } = await world.get(`/v1/subscriptions/${subscription}`);
  await world.pass(Date.parse(period?.end ?? '') - NOTICE - world.clock.at);
  // Another timeline is what a standby has that was promoted: the engine only gets other connections.
  await world.database.query('update engine_state set timeline = timeline + 1');
  await world.pass(Date.parse(period?.end ?? '') - world.clock.at);
  expect(await lastCharge(world, subscription)).toMatchObject({ status: 'created', sends: 0 });
  expect(await quarantine()).toMatchObject({ active: true, reason: expect.stringContaining('timeline') });
  expect(await world.news('engine')).toEqual(['engine.quarantined']);
  await world.pass(40 * MINUTE, 10 * SECOND);
  expect(await quarantine()).toMatchObject({ active: false });
  await expectEachPaidOnce(world, subscription, 2);
});

test('money that went back in the lost time is found, and the charge is compared at its 14 days all the same', async () => {
  const { id, gateway_payment_id: payment, first_sent_at: first } = await lastCharge(world, subscription);
  const silence = await arm(world, 'webhook_lost', { match: {} });
  const response = await fetch(`${world.sandbox.url}/payments/${payment}/refunds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'cko-idempotency-key': 'of-another-life' },
    body: JSON.stringify({ amount: 500 }),
  });
  expect(response.status).toBe(202);
  await passWithoutEngine(MINUTE);
  await world.control('DELETE', `/faults/${silence}`);
  await world.app.get(Continuity).start(true);
  await world.pass(HOUR, MINUTE);
  expect(await world.list(`/v1/refunds?charge=${id}`)).toMatchObject([{ cause: 'found', amount: 500, status: 'succeeded' }]);
  expect(await lastCharge(world, subscription)).toMatchObject({
    amount_refunded: 500,
    verified_at: null,
    next_check_at: new Date((first as Date).getTime() + 14 * 24 * HOUR),
  });
});

describe('a charge of a lost time whose key the gateway may have forgotten, for which only looks can tell', () => {
  const LIST = { match: { operation: 'list' } };

  /** The charge was sent by a life that is lost, so many hours ago. */
  async function restoredAfter(hours: number): Promise<Charge> {
    const charge = await renewalNotTaken();
    await sendInAnotherLife(charge);
    await passWithoutEngine(hours * HOUR);
    await world.restart();
    return charge;
  }

  async function expectFoundAndPaidOnce(charge: Charge): Promise<void> {
    await world.control('DELETE', '/faults');
    await world.pass(DAY, 5 * MINUTE);
    expect((await gatewayShows(world, charge)).payments).toBe(1);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  }

  test.each([1, 2])('is not sent, although %i looks come back wrongly empty', async (times) => {
    const charge = await restoredAfter(26);
    await arm(world, 'list_empty', { ...LIST, times });
    await world.app.get(Continuity).start();
    await world.pass(HOUR, MINUTE);
    await expectFoundAndPaidOnce(charge);
  });

  test('is not sent, although looks come back wrongly empty for 80 minutes', async () => {
    const charge = await restoredAfter(26);
    await arm(world, 'list_empty', LIST);
    await world.app.get(Continuity).start();
    await world.pass(80 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'created', sends: 1 });
    await expectFoundAndPaidOnce(charge);
  });

  test('is not sent on the word of looks that failed', async () => {
    const charge = await restoredAfter(26);
    await arm(world, 'list_empty', { ...LIST, times: 1 });
    await world.app.get(Continuity).start();
    await world.settle();
    await arm(world, 'reads_failing', LIST);
    await world.pass(4 * HOUR, 5 * MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'created', sends: 1, empty_lookups: 1 });
    await expectFoundAndPaidOnce(charge);
  });

  test('is sent when three looks over ninety minutes have found nothing', async () => {
    await renewalNotTaken();
    await passWithoutEngine(26 * HOUR);
    await world.restart();
    await world.app.get(Continuity).start();
    await world.pass(89 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'created', sends: 1 });
    await world.pass(2 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 2, empty_lookups: 3 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('waits for one look only while its key is remembered', async () => {
    const charge = await restoredAfter(22);
    await arm(world, 'list_empty', LIST);
    await world.app.get(Continuity).start();
    await world.pass(MINUTE, 10 * SECOND);
    // The same key with the same bytes brought back the same payment.
    expect((await gatewayShows(world, charge)).payments).toBe(1);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 2 });
    await world.control('DELETE', '/faults');
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('waits for one look only where its period began so late that the lost life’s key must be remembered', async () => {
    // The renewal has been announced before the engine dies.
    await world.pass(2 * DAY);
    await passWithoutEngine(5 * DAY + HOUR);
    await world.restart();
    await world.app.get(Continuity).start();
    await world.pass(MINUTE, 10 * SECOND);
    await expectEachPaidOnce(world, subscription, 2);
  });
});

test.each([0, 1, 2])('a resume that was forgotten and comes again charges nothing twice, with %i looks wrongly empty', async (times) => {
  const captures = async () => (await world.book()).filter(({ reference }) => (reference as string).endsWith('-2-1')).length;
  await world.post(`/v1/subscriptions/${subscription}/pause`);
  await world.pass(8 * DAY);
  const restore = await backUp(world.database);
  await world.post(`/v1/subscriptions/${subscription}/resume`, { confirm_charge: true });
  await world.pass(MINUTE);
  expect(await captures()).toBe(1);
  await passWithoutEngine(26 * HOUR);
  await restore();
  await world.restart();
  await world.app.get(Continuity).start(true);
  await world.pass(2 * DAY, HOUR);
  if (times > 0) await arm(world, 'list_empty', { match: { operation: 'list' }, times });
  // The period begins now, long after the lost time, and is the same that the lost life began.
  await world.post(`/v1/subscriptions/${subscription}/resume`, { confirm_charge: true });
  await world.pass(3 * HOUR, 5 * MINUTE);
  expect(await captures()).toBe(1);
  expect(await lastCharge(world, subscription)).toMatchObject({ period_no: 2, status: 'captured', sends: 0 });
  await expectEachPaidOnce(world, subscription, 2);
});

test('a period that was paid ahead in a time that is forgotten is looked for when it begins', async () => {
  const restore = await backUp(world.database);
  await world.post(`/v1/subscriptions/${subscription}/checkout`, { terminal_type: 'WEB', ...RETURN_URLS });
  await world.pay(subscription);
  expect(await lastCharge(world, subscription)).toMatchObject({ kind: 'checkout', period_no: 2, attempt: 1, status: 'captured' });
  await passWithoutEngine(26 * HOUR);
  await restore();
  await world.restart();
  await world.app.get(Continuity).start(true);
  await world.pass(HOUR, MINUTE);
  await liveToRenewal(world, subscription);
  await world.pass(MINUTE, 10 * SECOND);
  expect(await lastCharge(world, subscription)).toMatchObject({ kind: 'recurring', period_no: 2, attempt: 1, status: 'captured', sends: 0 });
  await expectEachPaidOnce(world, subscription, 2);
  await liveToRenewal(world, subscription);
  await world.pass(MINUTE, 10 * SECOND);
  expect(await lastCharge(world, subscription)).toMatchObject({ period_no: 3, status: 'captured', sends: 1 });
});
