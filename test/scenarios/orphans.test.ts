import { afterEach, beforeEach, expect, test } from 'vitest';
import { arm, chargesOf, DAY, HOUR, lastCharge, liveToRenewal, MINUTE, NOTICE, sell } from '../gateway/shop.js';
import { Continuity } from '../../src/continuity/continuity.js';
import { backUp } from '../support/backup.js';
import { World } from '../support/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const orphans = () => world.list('/v1/parked?kind=orphan');

/** As a database restored from a backup of before the renewal: the gateway knows of it, we do not. */
async function forgetRenewal(subscription: string): Promise<{ forgotten: string; reference: string }> {
  const before = await world.database.query<object>('select * from subscriptions where id = $1', [subscription]);
  await liveToRenewal(world, subscription);
  const charge = await lastCharge(world, subscription);
  await world.database.query(`delete from gateway_events where payment_id = '${charge.gateway_payment_id}'`);
  const { period_end: end } = before[0] as { period_end: Date };
  const noticed = new Date(end.getTime() - NOTICE);
  await world.database.query(`
    delete from charges where id = '${charge.id}';
    delete from invoices where id = '${charge.invoice}';
    alter table ledger_entries disable trigger user; alter table ledger_transactions disable trigger user;
    delete from ledger_entries where source_key in ('${charge.gateway_payment_id}:capture', '${charge.invoice}:finalized');
    delete from ledger_transactions where source_key in ('${charge.gateway_payment_id}:capture', '${charge.invoice}:finalized');
    alter table ledger_entries enable trigger user; alter table ledger_transactions enable trigger user;
    update subscriptions set period_no = 1, period_start = '2026-03-01T00:00:00Z', period_end = '${end.toISOString()}',
      paid_through = '${end.toISOString()}', due_at = null, notice_due_at = null, noticed_at = '${noticed.toISOString()}',
      noticed_period_no = 2, noticed_amount = 3900, renewal_charge_at = '${end.toISOString()}' where id = '${subscription}'`);
  return { forgotten: charge.gateway_payment_id as string, reference: charge.reference };
}

/** The gateway tells of the payment once more, as a reflow of its webhooks does. */
async function tellAgain(payment: string): Promise<void> {
  await fetch(`${world.sandbox.url}/workflows/events/subject/${payment}/reflow`, {
    method: 'POST',
    headers: { authorization: `Bearer sk_sbox_${'a'.repeat(27)}` },
  });
  await world.pass(2 * HOUR, 10 * MINUTE);
}

test('money with our reference that is unknown here is parked and told, and taken in when its charge comes to exist', async () => {
  const subscription = await sell(world);
  const { forgotten, reference } = await forgetRenewal(subscription);
  await tellAgain(forgotten);
  const [parked] = await orphans();
  expect(parked).toMatchObject({ row: forgotten, kind: 'orphan', error: expect.stringContaining(reference), released_at: null });
  expect(await orphans()).toHaveLength(1);
  expect(await world.news(forgotten)).toEqual(['row.parked']);

  // Released by hand it is tried again, and parked again while nothing here is it.
  await world.post(`/v1/parked/${parked?.id}/release`);
  await world.settle();
  const [again] = await orphans();
  expect(again?.id).not.toBe(parked?.id);
  expect(again).toMatchObject({ row: forgotten });

  // The subscription lives on; its renewal has the same reference, and the next look takes the money in.
  await world.database.query('update subscriptions set due_at = period_end where id = $1', [subscription]);
  await world.pass(MINUTE);
  const charges = await chargesOf(world, subscription);
  expect(charges.map(({ status, surplus }) => [status, surplus])).toEqual([['captured', false], ['captured', false]]);
  expect(charges[1]).toMatchObject({ reference, gateway_payment_id: forgotten });
  await world.pass(DAY, HOUR);
  expect(await orphans()).toEqual([]);
  expect((await world.book()).filter((entry) => entry.reference === reference)).toHaveLength(1);
});

test('money of a lost life for a subscription that was cancelled since is taken in: nothing would make its charge again', async () => {
  const subscription = await sell(world);
  const fault = await arm(world, 'decline', { params: { response_code: '20051' } });
  await liveToRenewal(world, subscription);
  await world.control('DELETE', `/faults/${fault}`);
  const restore = await backUp(world.database);
  await world.pass(DAY + HOUR, MINUTE);
  const retry = await lastCharge(world, subscription);
  expect(retry).toMatchObject({ period_no: 2, attempt: 2, status: 'captured' });
  await restore();
  await world.restart();
  await world.app.get(Continuity).start(true);
  await world.post(`/v1/subscriptions/${subscription}/cancel`, { at: 'now' });
  expect((await chargesOf(world, subscription)).map(({ attempt }) => attempt)).toEqual([1, 1]);

  await tellAgain(retry.gateway_payment_id as string);
  expect(await lastCharge(world, subscription)).toMatchObject({
    period_no: 2, attempt: 2, reference: retry.reference, gateway_payment_id: retry.gateway_payment_id, status: 'captured', surplus: false, sends: 0,
  });
  expect((await world.list(`/v1/invoices?subscription=${subscription}`)).map(({ status }) => status)).toEqual(['paid', 'paid']);
  expect(await orphans()).toEqual([]);
  expect((await world.book()).filter(({ reference }) => reference === retry.reference)).toHaveLength(1);
});
