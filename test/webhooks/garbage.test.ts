import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chargesOf, sell } from '../gateway/shop.js';
import { World } from '../support/world.js';
import { eventAbout, moneyOf, post, postSigned, sign, storedEvent, storedEvents } from './endpoint.js';

let world: World;
let before: unknown;
let payment: { id: string; reference: string };
beforeAll(async () => {
  world = await World.open();
  const [charge] = await chargesOf(world, await sell(world));
  payment = { id: charge?.gateway_payment_id as string, reference: charge?.reference as string };
  before = await moneyOf(world);
});
afterAll(() => world.close());

/** After whatever was taken has been worked on as well. */
async function expectNothingMoved(): Promise<void> {
  await world.settle();
  expect(await moneyOf(world)).toEqual(before);
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const padded = (bytes: number) => JSON.stringify({ ...eventAbout({ id: 'pay_none' }), padding: 'x'.repeat(bytes) });

describe('signed garbage is kept, acknowledged, and moves nothing', () => {
  test.each<[string, string | Buffer]>([
    ['that is not JSON', 'payment captured, promise!'],
    ['that is HTML', '<html></html>'],
    ['that is half an event', JSON.stringify(eventAbout({ id: 'pay_x' })).slice(0, 60)],
    ['that is empty', ''],
    ['[]', '[]'],
    ['{}', '{}'],
    ['null', 'null'],
    ['"x"', '"x"'],
    ['a number', '1e999'],
    ['a list of events', JSON.stringify([eventAbout({ id: 'pay_x' })])],
    ['nested 100,000 deep', deep(100_000)],
    ['with its data nested deep', `{"id":"evt_deep","type":"payment_captured","data":${deep(50_000)}}`],
    ['with NUL bytes', Buffer.from('{"id":"evt_nul\0","type":"a\0b"}\0\0')],
    ['with escaped NULs and lone surrogates', '{"id":"evt_\\u0000","type":"\\ud800","data":{"id":"pay_\\u0000","reference":"\\udfff"}}'],
    ['that is no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x3a, 0xed, 0xa0, 0x80, 0x7d])],
    ['with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')])],
    ['with a hidden prototype', '{"__proto__":{"id":"evt_proto"},"constructor":{"prototype":{"id":1}},"data":{"__proto__":{"id":"pay_x"}}}'],
    ['with data of another kind', JSON.stringify({ id: 'evt_kind', type: ['payment_captured'], data: 'pay_x' })],
    ['of 200 KB', padded(200_000)],
    ['of exactly 256 KiB', ' '.repeat(256 * 1024)],
  ])('%s', async (_, body) => {
    const known = (await storedEvents(world)).length;
    expect(await postSigned(world, body)).toBe(200);
    const stored = await storedEvents(world);
    expect(stored).toHaveLength(known + 1);
    // Told again it is still one.
    expect(await postSigned(world, body)).toBe(200);
    expect(await storedEvents(world)).toHaveLength(known + 1);
    await expectNothingMoved();
  });

  test('an event without a payment, or with one that cannot be, is unreadable', async () => {
    const events = [undefined, null, 7, {}, '', 'pay_short', `pay_${'x'.repeat(27)}`, `pay_${'x'.repeat(25)}/`].map((id) => ({ ...eventAbout(payment), data: { id } }));
    for (const event of events) expect(await postSigned(world, event)).toBe(200);
    await expectNothingMoved();
    for (const { id } of events) expect(await storedEvent(world, id)).toMatchObject({ outcome: 'unreadable' });
  });
});

describe('what is not taken at all', () => {
  test('more than 256 KiB: 413', async () => {
    const known = await storedEvents(world);
    expect(await postSigned(world, ' '.repeat(256 * 1024 + 1))).toBe(413);
    expect(await postSigned(world, padded(1_000_000))).toBe(413);
    expect(await storedEvents(world)).toEqual(known);
    await expectNothingMoved();
  });

  test.each(['gzip', 'deflate', 'br', 'zstd'])('content that says it is packed with %s: 415', async (encoding) => {
    const body = gzipSync(JSON.stringify(eventAbout(payment)));
    expect(await postSigned(world, body, { 'content-encoding': encoding })).toBe(415);
    await expectNothingMoved();
  });

  test('a bomb that unpacks to a hundred megabytes is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    expect(await post(world, bomb, { 'cko-signature': sign(bomb), 'content-encoding': 'gzip' })).toBe(415);
  });
});

test.each([
  'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json; charset=utf-7', 'nonsense', '',
])('a signed event is an event under the content type %j', async (type) => {
  const event = eventAbout(payment);
  const status = await postSigned(world, event, { 'content-type': type });
  expect(status).toBe(200);
  expect(await storedEvent(world, event.id)).toMatchObject({ type: 'payment_captured' });
  await expectNothingMoved();
});
