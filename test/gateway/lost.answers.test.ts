import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { arm, chargesOf, DAY, expectEachPaidOnce, gatewayShows, HOUR, lastCharge, liveToRenewal, MINUTE, SECOND, sell } from './shop.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
});
afterEach(() => world.close());

const STORED = { match: { kind: 'stored' } };

describe('the answer is lost after the gateway took the charge', () => {
  test('a look-up finds it: captured once, sent once', async () => {
    await arm(world, 'response_lost', { ...STORED, times: 1 });
    await arm(world, 'webhook_lost');
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: 1 });
    await world.pass(5 * SECOND);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    expect(await world.news(subscription)).toEqual([
      'subscription.renewal_upcoming', 'invoice.finalized', 'charge.created', 'charge.unknown', 'charge.captured', 'invoice.paid', 'subscription.renewed',
    ]);
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('the webhook may be quicker than any look-up', async () => {
    await arm(world, 'response_lost', { ...STORED, times: 1 });
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test.each([
    ['502 in HTML', { status: 502, body: 'html' }],
    ['504 without a body', { status: 504, body: 'empty' }],
  ])('told as %s, with the key forgotten: found, not sent again', async (_, params) => {
    await arm(world, 'server_error_committed', { ...STORED, params, times: 1 });
    await arm(world, 'key_expired');
    await arm(world, 'webhook_lost');
    await liveToRenewal(world, subscription);
    await world.pass(HOUR, 10 * MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('look-ups are blind as well: the same key with the same bytes brings back the same payment', async () => {
    await world.control('PATCH', '/settings', { key_reuse: 'refuse' });
    await arm(world, 'response_lost', { ...STORED, times: 1 });
    await arm(world, 'webhook_lost');
    await arm(world, 'list_empty', { for_seconds: 40 * 24 * 3600 });
    await liveToRenewal(world, subscription);
    const sent = await lastCharge(world, subscription);
    await world.pass(29 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: 1 });
    await world.pass(5 * MINUTE, MINUTE);
    const { idempotency_key, body, reference } = sent;
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 2, idempotency_key, body, reference });
    expect(await gatewayShows(world, sent)).toEqual({ payments: 1, captures: [3900] });
  });

  test('it is processed only minutes later: nothing is sent in the meantime', async () => {
    await arm(world, 'slow_processing', { ...STORED, times: 1, params: { seconds: 600 } });
    await liveToRenewal(world, subscription);
    await world.pass(HOUR, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });
});

describe('the request is lost before the gateway saw it', () => {
  test('empty look-ups, and only after half an hour the same bytes with the same key: captured once', async () => {
    await arm(world, 'reset_before_commit', { ...STORED, times: 1 });
    await liveToRenewal(world, subscription);
    const first = await lastCharge(world, subscription);
    expect(first).toMatchObject({ status: 'unknown', sends: 1 });
    await world.pass(29 * MINUTE + 59 * SECOND, 30 * SECOND);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: 1, last_sent_at: first.last_sent_at });
    expect(await gatewayShows(world, first)).toEqual({ payments: 0, captures: [] });
    await world.pass(2 * SECOND);
    const { idempotency_key, body, body_hash, reference, first_sent_at } = first;
    expect(await lastCharge(world, subscription)).toMatchObject({
      status: 'captured', sends: 2, idempotency_key, body, body_hash, reference, first_sent_at,
    });
    expect(await chargesOf(world, subscription)).toHaveLength(2);
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('half an hour is counted from the last send', async () => {
    await arm(world, 'reset_before_commit', { ...STORED, times: 2 });
    await liveToRenewal(world, subscription);
    await world.pass(59 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: 2 });
    await world.pass(5 * MINUTE, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 3 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('look-ups that fail allow nothing', async () => {
    await arm(world, 'reset_before_commit', { ...STORED, times: 1 });
    await arm(world, 'reads_failing', { match: { operation: 'list' }, for_seconds: 33 * 24 * 3600 });
    await liveToRenewal(world, subscription);
    await world.pass(20 * HOUR, HOUR);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'unknown', sends: 1, empty_lookups: 0 });
    await world.control('DELETE', '/faults');
    await world.pass(2 * HOUR, 10 * MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 2 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('again and again: after the life of the key it is proved absent, and a new attempt is captured once', async () => {
    const fault = await arm(world, 'reset_before_commit', STORED);
    await liveToRenewal(world, subscription);
    const first = await lastCharge(world, subscription);
    await world.pass(25 * HOUR, 30 * MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ id: first.id, status: 'unknown' });
    await world.control('DELETE', `/faults/${fault}`);
    await world.pass(3 * HOUR, 15 * MINUTE);
    const [, absent, second] = await chargesOf(world, subscription);
    expect(absent).toMatchObject({ id: first.id, status: 'absent' });
    expect(second).toMatchObject({ status: 'captured', attempt: 2, sends: 1 });
    expect(second?.idempotency_key).not.toBe(first.idempotency_key);
    await expectEachPaidOnce(world, subscription, 2);
    const { status, past_due_reason: reason } = await world.get(`/v1/subscriptions/${subscription}`);
    expect({ status, reason: reason ?? null }).toEqual({ status: 'active', reason: null });
  });
});

describe('nothing is taken', () => {
  test.each([
    ['rate_limited', { retry_after: 30 }],
    ['apm_unavailable', {}],
  ])('%s: the same key comes again, and no step of the ladder is used', async (type, params) => {
    await arm(world, type, { params, match: { operation: 'payment' }, times: 3 });
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'created', sends: 1 });
    await world.pass(HOUR, MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 4, attempt: 1 });
    expect(await world.news(subscription)).not.toContain('dunning.started');
    await expectEachPaidOnce(world, subscription, 2);
  });

  test.each(['unauthorized', 'scope_forbidden'])('%s: our own fault is never the customer’s', async (type) => {
    await arm(world, type, { match: { operation: 'payment' } });
    await liveToRenewal(world, subscription);
    await world.pass(HOUR, 10 * MINUTE);
    const charge = await lastCharge(world, subscription);
    expect(charge).toMatchObject({ status: 'created', attempt: 1 });
    expect(await gatewayShows(world, charge)).toEqual({ payments: 0, captures: [] });
    expect(await world.news(subscription)).not.toContain('charge.refused');
    expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'active' });
  });
});

describe('pending', () => {
  test('webhooks are lost altogether: look-ups find the capture', async () => {
    await arm(world, 'webhook_lost');
    await arm(world, 'pending_long', { ...STORED, params: { seconds: 50 } });
    await liveToRenewal(world, subscription);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'pending' });
    await world.pass(5 * MINUTE, 5 * SECOND);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', sends: 1 });
    await expectEachPaidOnce(world, subscription, 2);
  });

  test('for two days: the period stays open, no second charge, and then it is paid once', async () => {
    await arm(world, 'pending_long', { ...STORED, times: 1, params: { seconds: 2 * 86_400 } });
    await liveToRenewal(world, subscription);
    await world.pass(2 * DAY - HOUR, HOUR);
    expect(await chargesOf(world, subscription)).toMatchObject([{ status: 'captured' }, { status: 'pending', sends: 1 }]);
    expect(await world.get(`/v1/subscriptions/${subscription}`)).toMatchObject({ status: 'active' });
    expect(await world.news(subscription)).toEqual([
      'subscription.renewal_upcoming', 'invoice.finalized', 'charge.created', 'charge.pending',
      // The week after is told in its time, paid or not.
      'subscription.renewal_upcoming',
    ]);
    await world.pass(2 * HOUR, HOUR);
    expect(await world.news(subscription)).toEqual(['charge.captured', 'invoice.paid', 'subscription.renewed']);
    await expectEachPaidOnce(world, subscription, 2);
  });
});
