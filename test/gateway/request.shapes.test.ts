import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { World, type WorldOptions } from '../support/world.js';
import { bytesOf, chargesOf, lastCharge, liveToRenewal, RETURN_URLS, signUp } from './shop.js';

let world: World;
afterEach(() => world.close());

async function openWorld(options: WorldOptions = {}): Promise<void> {
  world = await World.open(options);
}

async function firstBody(request: object = {}, plan: object = {}) {
  const { id } = await signUp(world, request, plan);
  const charge = await lastCharge(world, id);
  return { id, charge, body: JSON.parse(await bytesOf(world, charge)) as Record<string, unknown> };
}

/** The body of the first renewal, and what it is charged to. */
async function renewalBody(request: object = {}) {
  const { id } = await signUp(world, request);
  await world.pay(id);
  await liveToRenewal(world, id);
  const charge = await lastCharge(world, id);
  expect(charge).toMatchObject({ kind: 'recurring', status: 'captured' });
  const { source } = await world.get(`/v1/charges/${charge.id}`);
  return { charge, source, body: JSON.parse(await bytesOf(world, charge)) as Record<string, unknown> };
}

const CHANNEL = `pc_${'a'.repeat(26)}`;
const ITEM = { reference: expect.any(String), name: expect.any(String), unit_price: 3900, quantity: 1 };

test('the first payment on the web: a Recurring redirect of alipay_cn', async () => {
  await openWorld();
  const { body, charge } = await firstBody();
  expect(body).toEqual({
    source: { type: 'alipay_cn' },
    amount: 3900,
    currency: 'CNY',
    payment_type: 'Recurring',
    reference: charge.reference,
    capture: true,
    processing: { terminal_type: 'WEB' },
    ...RETURN_URLS,
    processing_channel_id: CHANNEL,
    customer: { email: expect.stringContaining('@example.com'), name: 'Li' },
    shipping: { address: { country: 'CN' } },
    items: [ITEM],
  });
  expect(charge.reference).toMatch(/^[A-Za-z0-9-]{1,50}$/);
});

test.each(['IOS', 'ANDROID'])('the first payment in an app on %s names the system', async (os_type) => {
  await openWorld();
  const { body } = await firstBody({ terminal_type: 'APP', os_type });
  expect(body).toMatchObject({ processing: { terminal_type: 'APP', os_type }, source: { type: 'alipay_cn' } });
});

test('the charge of a stored wallet: no customer present, so no terminal, no return, no capture flag', async () => {
  await openWorld();
  const { body, charge, source } = await renewalBody({ terminal_type: 'APP', os_type: 'IOS' });
  expect(body).toEqual({
    source: { type: 'id', id: source },
    amount: 3900,
    currency: 'CNY',
    payment_type: 'Recurring',
    reference: charge.reference,
    merchant_initiated: true,
    processing_channel_id: CHANNEL,
    customer: { email: expect.stringContaining('@example.com'), name: 'Li' },
    shipping: { address: { country: 'CN' } },
    items: [ITEM],
  });
  expect(source).toMatch(/^src_\w{26}$/);
});

test('without CKO_MERCHANT_INITIATED the field is absent, as in the wallet’s own example', async () => {
  await openWorld({ config: { CKO_MERCHANT_INITIATED: 'false' } });
  const { body } = await renewalBody();
  expect(body).not.toHaveProperty('merchant_initiated');
});

test('customs fields travel on every payment when they are configured', async () => {
  const customs = { customsCode: 'ZHENGZHOU', merchantCustomsCode: 'MCC-1', merchantCustomsName: '茶社 Tea' };
  await openWorld({
    config: { CKO_CUSTOMS_CODE: 'ZHENGZHOU', CKO_MERCHANT_CUSTOMS_CODE: 'MCC-1', CKO_MERCHANT_CUSTOMS_NAME: '茶社 Tea' },
  });
  expect((await firstBody()).body).toMatchObject(customs);
  expect((await renewalBody()).body).toMatchObject({ ...customs, source: { type: 'id' } });
});

test.each([
  ['JPY', 3900, 3900],
  ['KWD', 3900, 3900],
  ['CLP', 3900, 390_000],
])('in %s, %i minor units are sent as %i, and found again as what they were', async (currency, minor, sent) => {
  await openWorld();
  const { id, body } = await firstBody({}, { currency, amount: minor });
  expect(body).toMatchObject({ amount: sent, currency, items: [{ unit_price: sent }] });
  await world.pay(id);
  expect(await chargesOf(world, id)).toMatchObject([{ status: 'captured', amount: minor }]);
  expect(await world.list(`/v1/invoices?subscription=${id}`)).toMatchObject([{ status: 'paid', amount_paid: minor }]);
});

test('the bytes are frozen with their hash before they are sent, and stay so', async () => {
  await openWorld();
  const { charge, id } = await firstBody();
  const hashOf = (bytes: string) => createHash('sha256').update(bytes).digest('hex');
  expect(hashOf(charge.body)).toBe(charge.body_hash);
  await world.pay(id);
  const { body, body_hash, idempotency_key, reference } = charge;
  expect(await lastCharge(world, id)).toMatchObject({ body, body_hash, idempotency_key, reference });

  await liveToRenewal(world, id);
  const renewal = await lastCharge(world, id);
  expect(JSON.parse(renewal.body), 'what is stored names our row of the wallet').toMatchObject({ source: { type: 'id', id: renewal.source } });
  expect(hashOf(await bytesOf(world, renewal)), 'the hash is that of what was sent').toBe(renewal.body_hash);
});
