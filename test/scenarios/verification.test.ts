import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { arm, chargesOf, DAY, expectEachPaidOnce, HOUR, lastCharge, liveToRenewal, MINUTE, sell, signUp } from '../gateway/shop.js';
import { World } from '../support/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** Money that pays for nothing comes, and goes back. */
const GIVEN_BACK = ['charge.captured', 'charge.surplus', 'refund.created', 'refund.succeeded', 'charge.refunded'];
const STORED = { match: { kind: 'stored' } };
const parked = (kind: string) => world.list(`/v1/parked?kind=${kind}`);
const moneyIn = async (subscription: string) =>
  (await world.database.query<{ source_key: string }>('select source_key from ledger_transactions where subscription = $1 order by 1', [subscription]))
    .map((fact) => fact.source_key)
    .filter((key) => key.endsWith(':capture'));

/** How often the gateway was asked for payments by their reference. */
const looks = (of: World) => Object.values(of.sandbox.gateway.requests.list ?? {}).reduce((sum, n) => sum + n, 0);

/** Lists come back empty, or not at all, while details and webhooks go on. */
async function blind(type: 'list_empty' | 'reads_failing'): Promise<() => Promise<void>> {
  const fault = await arm(world, type, { for_seconds: 90 * 24 * 3600 });
  return () => world.control('DELETE', `/faults/${fault}`).then(() => undefined);
}

describe('every charge is compared with the gateway once more, 14 days after it was sent', () => {
  test('captured: not a moment before, once, and not again', async () => {
    const subscription = await sell(world);
    const [charge] = await chargesOf(world, subscription);
    expect(charge).toMatchObject({ status: 'captured', verified_at: null });
    await world.control('POST', `/wallets/li-1@example.com/behaviour`, { outcome: 'capture' });
    const first = charge?.first_sent_at?.getTime() as number;
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.pass(first + 14 * DAY - 1 - world.clock.at);
    expect((await chargesOf(world, subscription))[0]).toMatchObject({ verified_at: null });
    const lists = () => looks(world);
    const before = lists();
    await world.pass(1);
    expect((await chargesOf(world, subscription))[0]).toMatchObject({ verified_at: new Date(first + 14 * DAY), next_check_at: null });
    expect(lists()).toBe(before + 1);
    await world.pass(20 * DAY, DAY);
    expect(lists()).toBe(before + 1);
  });

  test('declined, refused, expired and canceled ones too, and one that was never sent', async () => {
    const declined = await sell(world);
    await arm(world, 'decline', { ...STORED, times: 1 });
    await liveToRenewal(world, declined);
    const { id: expired } = await signUp(world);
    const { id: canceled } = await signUp(world);
    await world.control('POST', `/payments/${await world.redirectPayment(canceled)}/cancel`);
    await arm(world, 'unprocessable', { times: 1 });
    const { id: refused } = await signUp(world);
    await world.settle();
    await world.post(`/v1/subscriptions/${declined}/cancel`, { at: 'now' });
    const { id: withdrawn } = await signUp(world, {}, { spread_minutes: 1440 });
    await world.pay(withdrawn);
    await liveToRenewal(world, withdrawn);
    expect(await lastCharge(world, withdrawn)).toMatchObject({ status: 'created', sends: 0 });
    await world.post(`/v1/subscriptions/${withdrawn}/cancel`, { at: 'now' });
    await world.pass(DAY, HOUR);
    const lives = [declined, expired, canceled, refused, withdrawn];
    const statuses = async () => Promise.all(lives.map(async (life) => (await lastCharge(world, life)).status));
    expect(await statuses()).toEqual(['declined', 'expired', 'canceled', 'refused', 'withdrawn']);
    await world.pass(14 * DAY, DAY);
    const charges = (await Promise.all(lives.map((life) => chargesOf(world, life)))).flat();
    expect(charges.filter((charge) => charge.verified_at === null)).toEqual([]);
    expect(await statuses()).toEqual(['declined', 'expired', 'canceled', 'refused', 'withdrawn']);
    expect((await world.list('/v1/parked')).map(({ kind, error }) => [kind, error]), 'only that a request was refused').toEqual([
      ['decline', 'our request or account was refused: payment_invalid'],
    ]);
  });

  test('an absent one: its money, hidden from every look-up of a day, is found and booked as surplus', async () => {
    const subscription = await sell(world);
    await arm(world, 'response_lost', { ...STORED, times: 1 });
    await arm(world, 'webhook_lost', { for_seconds: 14 * 24 * 3600 });
    const see = await blind('list_empty');
    await liveToRenewal(world, subscription);
    const deaf = await arm(world, 'reset_before_commit', STORED);
    await world.pass(24 * HOUR, 2 * HOUR);
    await world.pass(4 * HOUR, 10 * MINUTE);
    const lost = (await chargesOf(world, subscription))[1];
    expect(lost).toMatchObject({ status: 'absent' });
    await world.control('DELETE', `/faults/${deaf}`);
    await world.pass(HOUR, 5 * MINUTE);
    expect(await lastCharge(world, subscription)).toMatchObject({ status: 'captured', attempt: 2 });
    await see();
    await world.news(subscription);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.pass(15 * DAY, DAY);
    const charges = await chargesOf(world, subscription);
    expect(charges.find((charge) => charge.id === lost?.id)).toMatchObject({ status: 'captured', surplus: true });
    expect(await world.news(subscription)).toEqual(['subscription.canceled', ...GIVEN_BACK]);
    expect(charges.filter((charge) => charge.verified_at === null)).toEqual([]);
  });

  test('money that came after a decline and that no webhook told of pays nothing twice', async () => {
    const subscription = await sell(world);
    await arm(world, 'decline', { ...STORED, times: 1 });
    await arm(world, 'late_capture', { ...STORED, params: { seconds: 10 * 24 * 3600 }, times: 1 });
    await liveToRenewal(world, subscription);
    const failed = await lastCharge(world, subscription);
    expect(failed).toMatchObject({ status: 'declined' });
    await world.pass(2 * DAY, HOUR);
    await expectEachPaidOnce(world, subscription, 2);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.news(subscription);
    await arm(world, 'webhook_lost', { for_seconds: 30 * 24 * 3600 });
    await world.pass(11 * DAY, DAY);
    expect(await world.news(subscription)).toEqual([]);
    await world.pass(2 * DAY, DAY);
    expect(await world.news(subscription)).toEqual(GIVEN_BACK);
    expect((await chargesOf(world, subscription)).find((charge) => charge.id === failed.id)).toMatchObject({ status: 'captured', surplus: true });
    expect(await moneyIn(subscription)).toHaveLength(3);
    await world.pass(DAY);
    expect((await chargesOf(world, subscription)).filter((charge) => charge.verified_at === null)).toEqual([]);
  });
});

describe('a comparison that could not be made does not count', () => {
  test('while the gateway cannot be asked nothing is verified, however old; afterwards everything is', async () => {
    const subscription = await sell(world);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.pass(13 * DAY);
    const see = await blind('reads_failing');
    await world.pass(40 * DAY, DAY / 2);
    expect(await chargesOf(world, subscription)).toMatchObject([{ verified_at: null }]);
    expect(await world.incoherences()).toMatchObject([{ kind: 'unverified' }]);
    await see();
    await world.pass(20 * MINUTE, 10 * MINUTE);
    expect(await chargesOf(world, subscription)).toMatchObject([{ status: 'captured', verified_at: expect.any(Date), next_check_at: null }]);
    expect(await world.list('/v1/parked')).toEqual([]);
  });
});

describe('where both sides differ a human is told, and the books stay as they are', () => {
  test.each([
    ['the amount', 'details_amount_mismatch', /captured another amount CNY .* asked for were 3900 CNY/],
    ['the currency', 'details_currency_mismatch', /captured .* USD .* asked for were 3900 CNY/],
    ['the status', 'details_unknown_status', /shows pay_\w+ as pending, captured here/],
    ['all of it', 'list_empty', null],
  ])('%s, until they agree again', async (_, type, message) => {
    const subscription = await sell(world);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.news(subscription);
    const fault = await arm(world, type, { for_seconds: 90 * 24 * 3600 });
    const money = await moneyIn(subscription);
    await world.pass(14 * DAY, DAY);
    const [charge] = await chargesOf(world, subscription);
    if (message === null) {
      // A list that leaves it out is no proof: the payment is asked for by its id.
      expect(charge).toMatchObject({ verified_at: expect.any(Date) });
      expect(await parked('difference')).toEqual([]);
      return;
    }
    expect(charge).toMatchObject({ status: 'captured', amount: 3900, verified_at: null, parked_at: null });
    expect(await parked('difference')).toMatchObject([{ object: 'parked_row', row: charge?.id, error: expect.stringMatching(message) }]);
    await world.pass(3 * DAY, DAY);
    expect(await world.news(charge?.id as string)).toEqual(['row.parked']);
    expect([await moneyIn(subscription), await world.news(subscription)]).toEqual([money, []]);

    await world.control('DELETE', `/faults/${fault}`);
    await world.pass(DAY);
    expect(await chargesOf(world, subscription)).toMatchObject([{ verified_at: expect.any(Date), next_check_at: null }]);
    expect(await parked('difference')).toEqual([]);
  });

  test('released it is compared at once, and parked again while they differ', async () => {
    const subscription = await sell(world);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    const fault = await arm(world, 'details_amount_mismatch', { for_seconds: 90 * 24 * 3600 });
    await world.pass(14 * DAY, DAY);
    const [difference] = await parked('difference');
    await world.post(`/v1/parked/${difference?.id}/release`);
    await world.settle();
    const [again] = await parked('difference');
    expect(again).toMatchObject({ row: difference?.row, error: difference?.error });
    expect(again?.id).not.toBe(difference?.id);
    await world.control('DELETE', `/faults/${fault}`);
    await world.post(`/v1/parked/${again?.id}/release`);
    await world.settle();
    expect(await chargesOf(world, subscription)).toMatchObject([{ verified_at: new Date(world.clock.at) }]);
  });
});

test('money that the provider took back, and that no webhook told of, is found and booked', async () => {
  const subscription = await sell(world);
  await arm(world, 'payment_returned', { ...STORED, params: { seconds: 24 * 3600 }, times: 1 });
  await liveToRenewal(world, subscription);
  const charge = await lastCharge(world, subscription);
  await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
  await arm(world, 'webhook_lost', { for_seconds: 30 * 24 * 3600 });
  await world.pass(13 * DAY, DAY);
  expect(await lastCharge(world, subscription)).toMatchObject({ id: charge.id, amount_refunded: 0 });
  await world.pass(2 * DAY, DAY);
  expect(await lastCharge(world, subscription)).toMatchObject({ id: charge.id, amount_refunded: 3900, verified_at: expect.any(Date) });
  expect(await world.list(`/v1/refunds?charge=${charge.id}`)).toMatchObject([{ status: 'succeeded', amount: 3900 }]);
  expect(await world.list('/v1/parked')).toEqual([]);
});

test('look-ups of charges whose outcome is open come first, and half of the read budget stays theirs', async () => {
  await world.close();
  world = await World.open({ config: { CKO_READS_PER_SECOND: '6' } });
  for (let i = 0; i < 8; i += 1) {
    const subscription = await sell(world);
    await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
    await world.pass(1000);
  }
  // Compared early they keep their time: two weeks after they were sent.
  const compared = async () => (await world.list('/v1/charges')).filter((charge) => Date.parse(charge.next_check_at ?? '') > world.clock.at + DAY).length;
  await world.database.query(`update charges set next_check_at = $1`, [new Date(world.clock.at)]);
  await world.pass(1);
  expect(await compared()).toBe(3);
  await world.pass(10_000, 1000);
  expect(await compared()).toBe(8);
  // More redirects are open, and due, than may be asked about in this second.
  for (let i = 0; i < 8; i += 1) await signUp(world);
  await world.settle();
  await world.database.query(`update charges set next_check_at = $1`, [new Date(world.clock.at)]);
  const lists = looks(world);
  await world.pass(1);
  expect(looks(world)).toBe(lists);
});
