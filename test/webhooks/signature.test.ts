import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { eventAbout, post, postSigned, sign, storedEvents, WEBHOOK_KEY } from './endpoint.js';

const PAYMENT = { id: `pay_${'s'.repeat(26)}`, reference: 'ORD-5023-4E89' };
const VECTOR = {
  key: 'sim_signature_key_01',
  body: '{"id":"evt_az5sblvku4ge3dwpztvyizgcau","type":"payment_captured","data":{"id":"pay_xljv6f7ye4lebinkv7i7pho634","amount":44,"currency":"EUR"}}',
  signature: '413d8ba2ecca63d890b61fc43570e23172ba7bc90c6c009774e926acd80244d3',
};
const OLD_KEY = 'the key before this one';

let world: World;
beforeAll(async () => {
  world = await World.open({ config: { CKO_WEBHOOK_KEY: `${WEBHOOK_KEY},${OLD_KEY},${VECTOR.key}` } });
});
afterAll(() => world.close());

const bodyOf = (event: object = eventAbout(PAYMENT)) => JSON.stringify(event);
const ids = async () => (await storedEvents(world)).map((event) => event.id);

describe('a signature that fits', () => {
  test('is that of the published vector: lower-case hex of HMAC-SHA256 over the raw bytes', async () => {
    expect(Buffer.byteLength(VECTOR.body)).toBe(141);
    expect(await post(world, VECTOR.body, { 'cko-signature': VECTOR.signature })).toBe(200);
    expect(await ids()).toContain('evt_az5sblvku4ge3dwpztvyizgcau');
  });

  test('may be made with the key that is being replaced', async () => {
    const event = eventAbout(PAYMENT);
    const body = bodyOf(event);
    expect(await post(world, body, { 'cko-signature': sign(body, OLD_KEY) })).toBe(200);
    expect(await ids()).toContain(event.id);
  });

  test('is over bytes, whatever they look like as JSON', async () => {
    const event = eventAbout(PAYMENT);
    const body = ` \t${JSON.stringify(event, null, 3).replace('payment_captured', '\\u0070ayment_captured')}\r\n`;
    expect(await postSigned(world, body)).toBe(200);
    expect((await storedEvents(world)).find(({ id }) => id === event.id)).toMatchObject({ body, type: 'payment_captured' });
  });

  test('needs no Authorization, and minds none, where none is configured', async () => {
    expect(await postSigned(world, bodyOf(), { authorization: 'whatever' })).toBe(200);
  });
});

describe('a signature that does not fit', () => {
  const body = bodyOf();
  const good = sign(body);
  test.each<[string, Record<string, string | string[]>]>([
    ['is missing', {}],
    ['is empty', { 'cko-signature': '' }],
    ['is that of another body', { 'cko-signature': sign(`${body} `) }],
    ['is made with another key', { 'cko-signature': sign(body, 'another key') }],
    ['is made with an empty key', { 'cko-signature': sign(body, '') }],
    ['is made with all keys in a row', { 'cko-signature': sign(body, `${WEBHOOK_KEY},${OLD_KEY},${VECTOR.key}`) }],
    ['is in capitals', { 'cko-signature': good.toUpperCase() }],
    ['is cut short', { 'cko-signature': good.slice(0, 63) }],
    ['is only its beginning', { 'cko-signature': good.slice(0, 2) }],
    ['is longer', { 'cko-signature': `${good}00` }],
    ['stands twice', { 'cko-signature': [good, good] }],
    ['is in base64', { 'cko-signature': Buffer.from(good, 'hex').toString('base64') }],
    ['names its method', { 'cko-signature': `sha256=${good}` }],
    ['stands in another header', { authorization: good, 'x-cko-signature': good }],
  ])('because it %s: 401, and nothing is stored', async (_, headers) => {
    const before = await ids();
    expect(await post(world, body, headers)).toBe(401);
    expect(await ids()).toEqual(before);
  });

  test('for a body with any one bit changed', async () => {
    const before = await ids();
    const bytes = Buffer.from(body);
    const statuses = await Promise.all(
      Array.from({ length: bytes.length }, (_, position) => {
        const changed = Buffer.from(bytes);
        changed[position] = (changed[position] as number) ^ (1 << position % 8);
        return post(world, changed, { 'cko-signature': good });
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(await ids()).toEqual(before);
  });

  test('for a body that was read and written again', async () => {
    const original = JSON.stringify(eventAbout(PAYMENT), null, 1);
    const again = JSON.stringify(JSON.parse(original));
    expect(await post(world, again, { 'cko-signature': sign(original) })).toBe(401);
  });
});

describe('a static Authorization that is configured', () => {
  let guarded: World;
  beforeAll(async () => {
    guarded = await World.open({ config: { CKO_WEBHOOK_AUTHORIZATION: 'Basic czNjcjN0' } });
  });
  afterAll(() => guarded.close());

  test('is demanded besides the signature', async () => {
    expect(await postSigned(guarded, bodyOf(), { authorization: 'Basic czNjcjN0' })).toBe(200);
    expect(await storedEvents(guarded)).toHaveLength(1);
  });

  test.each(['', 'Basic czNjcjN', 'Basic czNjcjN00', 'basic czNjcjN0', 'Bearer czNjcjN0', 'czNjcjN0'])('is refused as %j', async (authorization) => {
    expect(await postSigned(guarded, bodyOf(), authorization === '' ? {} : { authorization })).toBe(401);
    expect(await storedEvents(guarded)).toHaveLength(1);
  });

  test('does not replace the signature', async () => {
    expect(await post(guarded, bodyOf(), { authorization: 'Basic czNjcjN0' })).toBe(401);
  });
});
