import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { arm, bytesOf, chargesOf, DAY, expectEachPaidOnce, gatewayShows, HOUR, lastCharge, liveToRenewal, MINUTE, sell } from '../gateway/shop.js';
import { KEY, redirectBody } from '../sandbox/support.js';
import { World } from '../support/world.js';
import { eventAbout, moneyOf, postSigned, storedEvent } from './endpoint.js';

let world: World;
let subscription: string;
beforeEach(async () => {
  world = await World.open();
  subscription = await sell(world);
});
afterEach(() => world.close());

const STORED = { match: { kind: 'stored' } };

/** The renewal is at the gateway and stays undecided; returns its payment. */
async function pendingRenewal(): Promise<{ id: string; reference: string }> {
  await arm(world, 'pending_forever', STORED);
  await liveToRenewal(world, subscription);
  const charge = await lastCharge(world, subscription);
  expect(charge.status).toBe('pending');
  return { id: charge.gateway_payment_id as string, reference: charge.reference };
}

/** A payment of somebody else on the same account; captured. */
async function strangersPayment(body: Record<string, unknown> = redirectBody('Regular'), key = 'a key of another system'): Promise<string> {
  const response = await fetch(`${world.sandbox.url}/payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'cko-idempotency-key': key },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

const parked = () => world.database.query<{ kind: string; row_id: string; error: string }>('select kind, row_id, error from parked_rows order by parked_at');
const told = (subject: string) => world.database.query('select type from events where subject = $1', [subject]);

describe('a well-signed lie moves no money', () => {
  test('whatever type it tells about a payment that the gateway shows as pending', async () => {
    const payment = await pendingRenewal();
    const before = await moneyOf(world);
    const types = ['captured', 'declined', 'expired', 'canceled', 'refunded', 'returned', 'enriched'];
    for (const type of types) {
      const event = eventAbout(payment, `payment_${type}`, { response_code: '10000', status: 'Captured', balances: { total_captured: 3900 } });
      expect(await postSigned(world, event)).toBe(200);
      await world.settle();
      expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled' });
      expect(await moneyOf(world)).toEqual(before);
    }
  });

  test('payment_captured about a payment that the gateway shows as declined', async () => {
    const payment = await pendingRenewal();
    await world.control('POST', `/payments/${payment.id}/decline`, { response_code: '20051' });
    await world.settle();
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'declined', response_code: '20051' });
    const before = await moneyOf(world);
    await postSigned(world, eventAbout(payment));
    await world.settle();
    expect(await moneyOf(world)).toEqual(before);
  });

  test('payment_declined about a payment that was captured', async () => {
    const charge = await lastCharge(world, subscription);
    const before = await moneyOf(world);
    const event = eventAbout({ id: charge.gateway_payment_id as string, reference: charge.reference }, 'payment_declined', { response_code: '20051' });
    await postSigned(world, event);
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'nothing_new' });
    expect(await moneyOf(world)).toEqual(before);
  });

  test('another amount, currency and reference than the gateway shows', async () => {
    const payment = await pendingRenewal();
    const before = await moneyOf(world);
    await postSigned(world, eventAbout({ ...payment, reference: 'zq-somebody-else-1' }, 'payment_captured', { amount: 1, currency: 'USD' }));
    await world.settle();
    expect(await moneyOf(world)).toEqual(before);
  });
});

describe('an event about a payment that is not ours', () => {
  test('is asked about here for a while, never at the gateway, and then foreign', async () => {
    const id = await strangersPayment();
    const before = { money: await moneyOf(world), details: world.sandbox.gateway.requests.details };
    const event = eventAbout({ id, reference: 'ORD-1' });
    await postSigned(world, event);
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: null });
    await world.pass(2 * HOUR, 10 * MINUTE);
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'foreign' });
    expect({ money: await moneyOf(world), details: world.sandbox.gateway.requests.details }).toEqual(before);
  });

  test('is parked and told when it names our reference', async () => {
    const { reference } = await pendingRenewal();
    const body = { ...redirectBody('Regular'), amount: 3900 };
    const id = await strangersPayment(body);
    const before = await chargesOf(world, subscription);
    const event = eventAbout({ id, reference });
    await postSigned(world, event);
    await world.settle();
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'parked' });
    expect(await parked()).toEqual([{ kind: 'gateway_event', row_id: event.id, error: expect.stringContaining('another reference') }]);
    expect(await told(event.id)).toEqual([{ type: 'row.parked' }]);
    expect(await chargesOf(world, subscription)).toEqual(before);
  });

  test('is parked after a day when the gateway never shows it', async () => {
    const { reference } = await pendingRenewal();
    const event = eventAbout({ id: `pay_${'z'.repeat(26)}`, reference });
    await postSigned(world, event);
    await world.pass(23 * HOUR, HOUR);
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: null });
    await world.pass(3 * HOUR, HOUR);
    expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'parked' });
    expect(await parked()).toMatchObject([{ kind: 'gateway_event', row_id: event.id }]);
  });
});

test('a second payment under our reference is money taken twice: found by its webhook, and booked as surplus', async () => {
  await liveToRenewal(world, subscription);
  const charge = await lastCharge(world, subscription);
  const second = await strangersPayment(JSON.parse(await bytesOf(world, charge)) as Record<string, unknown>);
  const before = await chargesOf(world, subscription);
  await world.news(subscription);
  await world.pass(MINUTE);
  expect(await gatewayShows(world, charge)).toEqual({ payments: 2, captures: [3900, 3900] });
  expect(await world.news(subscription)).toEqual([
    'charge.captured', 'charge.surplus', 'refund.created', 'refund.succeeded', 'charge.refunded',
  ]);
  const charges = await chargesOf(world, subscription);
  expect(charges.slice(0, -1)).toEqual(before);
  expect(charges.at(-1)).toMatchObject({ status: 'captured', surplus: true, gateway_payment_id: second, amount_refunded: 3900 });
  const invoices = await world.list(`/v1/invoices?subscription=${subscription}`);
  expect(invoices.map(({ status, amount_paid }) => [status, amount_paid])).toEqual([['paid', 3900], ['paid', 3900]]);

  // What is told of it later finds it by its id.
  const event = eventAbout({ id: second, reference: charge.reference }, 'payment_returned');
  await postSigned(world, event);
  await world.settle();
  expect(await storedEvent(world, event.id)).toMatchObject({ outcome: 'settled' });
  expect(await parked()).toEqual([]);
});

describe('what the gateway shows does not fit the charge', () => {
  test.each([
    ['another amount', 'details_amount_mismatch'],
    ['another currency', 'details_currency_mismatch'],
  ])('%s: parked with an event, and the charge stays open to the right news', async (_, type) => {
    const fault = await arm(world, type, STORED);
    await liveToRenewal(world, subscription);
    const charge = await lastCharge(world, subscription);
    expect(charge).toMatchObject({ status: 'pending', parked_at: null });
    expect(await parked()).toMatchObject([{ kind: 'charge', row_id: charge.id }]);
    expect(await told(charge.id)).toEqual([{ type: 'row.parked' }]);
    expect(await world.list(`/v1/invoices?subscription=${subscription}&status=open`)).toHaveLength(1);
    await world.pass(DAY, HOUR);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'pending' });
    expect(await told(charge.id)).toHaveLength(1);

    await world.control('DELETE', `/faults/${fault}`);
    await world.pass(2 * HOUR, HOUR);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured' });
    await expectEachPaidOnce(world, subscription, 2);
  });
});
