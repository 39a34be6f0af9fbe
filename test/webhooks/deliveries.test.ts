import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Inbox } from '../../src/inbox/inbox.js';
import { Sender } from '../../src/payments/sender.js';
import { Wake } from '../../src/platform/batching/wake.js';
import { arm, DAY, expectEachPaidOnce, HOUR, lastCharge, liveToRenewal, MINUTE, SECOND, sell } from '../gateway/shop.js';
import { World } from '../support/world.js';
import { eventAbout, moneyOf, postSigned, storedEvent, storedEvents } from './endpoint.js';

let world: World;
let subscription: string;
let first: { id: string; reference: string };
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
  const charge = await lastCharge(world, subscription);
  first = { id: charge.gateway_payment_id as string, reference: charge.reference };
});
afterEach(() => world.close());

/** How often the gateway was asked for the details of a payment. */
const asked = () => Object.values(world.sandbox.gateway.requests.details ?? {}).reduce((sum, count) => sum + count, 0);

describe('a delivery is repeated', () => {
  test('twenty times at once, and once more after it was worked on: one row, looked at once', async () => {
    await arm(world, 'webhook_lost');
    await arm(world, 'pending_forever', { match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    const { gateway_payment_id: id, reference } = await lastCharge(world, subscription);
    await world.control('POST', `/payments/${id}/approve`);
    const event = eventAbout({ id: id as string, reference });
    const before = asked();
    const statuses = await Promise.all(Array.from({ length: 20 }, () => postSigned(world, event)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: null });
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled', attempts: 1 });
    expect(asked()).toBe(before + 1);
    const money = await moneyOf(world);
    expect(await postSigned(world, event)).toBe(200);
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled', attempts: 1 });
    expect(await moneyOf(world)).toEqual(money);
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('under another event id: nothing new, and nobody is asked', async () => {
    const before = { asked: asked(), money: await moneyOf(world) };
    const events = Array.from({ length: 5 }, () => eventAbout(first));
    await Promise.all(events.map((event) => postSigned(world, event)));
    await world.settle();
    for (const { id } of events) expect(await storedEvent(world, id)).toMatchObject({ outcome: 'nothing_new' });
    expect({ asked: asked(), money: await moneyOf(world) }).toEqual(before);
  });

  test('under the same event id with another body: the first one stands', async () => {
    const event = eventAbout(first);
    await postSigned(world, event);
    await postSigned(world, { ...event, type: 'payment_declined', data: { ...event.data, amount: 1 } });
    expect(await storedEvent(world, event.id)).toMatchObject({ type: 'payment_captured', body: JSON.stringify(event) });
  });
});

describe('a delivery comes at an odd time', () => {
  test('before our own request is answered: captured at once, and the late "pending" changes nothing', async () => {
    const fault = await arm(world, 'rate_limited', { match: { operation: 'payment' } });
    await liveToRenewal(world, subscription);
    await world.control('DELETE', `/faults/${fault}`);
    await arm(world, 'hang_then_accept', { match: { kind: 'stored' }, params: { seconds: 600 }, times: 1 });
    world.clock.moveTo(world.clock.at + 10 * SECOND);
    const { gateway } = world.sandbox;
    const { reference } = await lastCharge(world, subscription);

    await world.app.get(Sender).run();
    await vi.waitFor(async () => expect((await world.control('GET', `/payments?reference=${reference}`)).total_count).toBe(1));
    await gateway.advanceTo(world.clock.at + 5 * SECOND);
    await world.app.get(Inbox).run();
    await world.app.get(Inbox).idle();
    const captured = await lastCharge(world, subscription);
    expect(captured).toMatchObject({ status: 'captured', sends: 2 });

    await gateway.advanceTo(world.clock.at + 900 * SECOND);
    await world.app.get(Sender).idle();
    expect(await lastCharge(world, subscription)).toEqual(captured);
    await world.pass(HOUR, 10 * MINUTE);
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('told before the answer, as gateways do: captured once', async () => {
    await arm(world, 'webhook_before_response', { match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('days late: acknowledged, and nothing moves', async () => {
    await arm(world, 'webhook_late', { params: { seconds: 3 * 86_400 } });
    await liveToRenewal(world, subscription);
    // Until the next renewal has been told: then nothing happens by itself for five days.
    await world.pass(2 * DAY, HOUR);
    await expectEachPaidOnce(world, subscription, 2);
    const before = { stored: (await storedEvents(world)).length, money: await moneyOf(world) };
    await world.pass(3 * DAY, 12 * HOUR);
    expect((await storedEvents(world)).length).toBeGreaterThan(before.stored);
    expect(await moneyOf(world)).toEqual(before.money);
  });

  test('before the gateway shows the payment: asked about again until it does', async () => {
    await arm(world, 'details_not_found', { params: { seconds: 45 }, match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'pending' });
    await world.pass(5 * MINUTE, 5 * SECOND);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    expect((await storedEvents(world)).every((event) => event.outcome === 'settled' || event.outcome === 'nothing_new')).toBe(true);
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('while the database cannot store what it tells: kept for as long as that takes, and no human is asked', async () => {
    await arm(world, 'pending_forever', { match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    const charge = await lastCharge(world, subscription);
    // Look-ups would find it as well; this is about the event.
    await world.database.query(`update charges set next_check_at = next_check_at + interval '30 days' where id = $1`, [charge.id]);
    await world.database.query(`create function is_down() returns trigger language plpgsql as
      $$ begin raise exception 'shutting down' using errcode = '57P01'; end $$`);
    await world.database.query(`create trigger is_down before update on charges for each row when (new.status = 'captured') execute function is_down()`);
    await world.control('POST', `/payments/${charge.gateway_payment_id}/approve`);
    await world.pass(2 * DAY, HOUR);
    expect(await world.database.query('select * from parked_rows')).toEqual([]);
    await world.database.query('drop trigger is_down on charges');
    await world.pass(HOUR);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('while the gateway cannot be asked: kept until it can', async () => {
    const fault = await arm(world, 'reads_failing');
    await liveToRenewal(world, subscription);
    await world.pass(2 * DAY, 6 * HOUR);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'pending' });
    expect((await storedEvents(world)).filter((event) => event.outcome === null)).toHaveLength(1);
    await world.control('DELETE', `/faults/${fault}`);
    await world.pass(2 * HOUR, HOUR);
    expect((await storedEvents(world)).filter((event) => event.outcome === null)).toEqual([]);
    await expectEachPaidOnce(world, subscription, 2);
  });
});

describe('a process that works on events takes what arrives there in hand at once', () => {
  let pending: { id: string; reference: string };
  beforeEach(async () => {
    await arm(world, 'webhook_lost');
    await arm(world, 'pending_forever', { match: { kind: 'stored' } });
    await liveToRenewal(world, subscription);
    const charge = await lastCharge(world, subscription);
    pending = { id: charge.gateway_payment_id as string, reference: charge.reference };
    await world.control('POST', `/payments/${pending.id}/approve`);
    world.app.get(Wake).on('gateway_events', () => undefined);
  });

  test('twenty times the same: worked on once, by nobody else meanwhile', async () => {
    const event = eventAbout(pending);
    await Promise.all(Array.from({ length: 20 }, () => postSigned(world, event)));
    const other = await world.replica();
    expect(await other.get(Inbox).run()).toBe(0);
    await other.close();
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled', attempts: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('it dies with the event in hand: another finds it a minute later', async () => {
    const event = eventAbout(pending);
    await postSigned(world, event);
    await world.restart();
    await world.pass(2 * MINUTE, MINUTE);
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled', attempts: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });
});
