import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../api/outsider.js';
import { API_KEY, World } from '../support/world.js';
import { Wire } from './wire.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const PLAN = JSON.stringify({ code: 'smuggled', name: 'x', amount: 3900, currency: 'CNY', interval: 'month' });
/** A request in the body of another: whoever counts otherwise than we do takes it for one of its own. */
const HIDDEN = `POST /v1/plans HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${API_KEY}\r\ncontent-length: ${PLAN.length}\r\n\r\n${PLAN}`;

describe('36 request smuggling: what can be counted in two ways is not counted at all', () => {
  test.each<[string, string[], string]>([
    ['a length and chunks', ['content-length: 6', 'transfer-encoding: chunked'], `0\r\n\r\n${HIDDEN}`],
    ['chunks and a length', ['transfer-encoding: chunked', 'content-length: 6'], `0\r\n\r\n${HIDDEN}`],
    ['two lengths', ['content-length: 0', `content-length: ${HIDDEN.length}`], HIDDEN],
    ['a list of lengths', [`content-length: 0, ${HIDDEN.length}`], HIDDEN],
    ['a length with a sign', ['content-length: +5'], 'hello'],
    ['a length in hex', ['content-length: 0x5'], 'hello'],
    ['a length that overflows', ['content-length: 99999999999999999999999'], 'hello'],
    ['a negative length', ['content-length: -1'], HIDDEN],
    ['chunks of another name', ['transfer-encoding: xchunked'], `0\r\n\r\n${HIDDEN}`],
    ['chunks twice', ['transfer-encoding: chunked', 'transfer-encoding: identity'], `0\r\n\r\n${HIDDEN}`],
    ['a blank before the colon', ['transfer-encoding : chunked'], `0\r\n\r\n${HIDDEN}`],
    ['a folded header', ['transfer-encoding:\r\n chunked'], `0\r\n\r\n${HIDDEN}`],
    ['a size that is none', ['transfer-encoding: chunked'], `zz\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['a size with a sign', ['transfer-encoding: chunked'], `+5\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['a size that overflows', ['transfer-encoding: chunked'], `fffffffffffffffff\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['a chunk that is longer than it says', ['transfer-encoding: chunked'], `1\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['a NUL in a header', ['x: a\0b'], HIDDEN],
    ['a line break alone in a header', ['x: a\nauthorization: b'], HIDDEN],
    ['no host', [], HIDDEN],
  ])('%s', async (what, headers, body) => {
    const host = what === 'no host' ? [] : ['host: a'];
    const request = ['POST /v1/customers HTTP/1.1', ...host, 'connection: close', ...headers, '', body].join('\r\n');
    const heard = await (await Wire.to(world)).send(request).end();
    expect(heard).toMatch(/^HTTP\/1\.1 400 /);
    expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(await world.list('/v1/plans?code=smuggled')).toEqual([]);
  });

  test('two requests on one connection stay two, each with a key of its own', async () => {
    const one = (key: string) => `GET /v1/plans HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\n`;
    const heard = await (await Wire.to(world)).send(`${one(API_KEY)}\r\n${one('nobody-has-this-key-here')}connection: close\r\n\r\n`).end();
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });
});

test('35 proxy headers: whoever says that he is somebody else is counted as himself', async () => {
  const statuses: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const tries = Array.from({ length: 50 }, (_, i) =>
      send(world, 'get', '/v1/plans', {
        key: `wrong-key-of-somebody-${round}-${i}`,
        headers: { 'x-forwarded-for': `203.0.113.${i}`, forwarded: `for=203.0.113.${i}`, 'x-real-ip': `203.0.113.${i}`, 'x-forwarded-host': 'evil.example' },
      }),
    );
    for (const { status } of await Promise.all(tries)) statuses.push(status);
  }
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(50);
});
