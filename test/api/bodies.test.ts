import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { INVALID, refused, send, TEA } from './outsider.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const MALFORMED = { status: 400, code: /^malformed_json$/ } as const;
const json = JSON.stringify(TEA);
const latin1 = Buffer.from(json.replace('Tea', 'Th\u00e9'), 'latin1');

/** The plan with one more field at its end, as text, so that the name can be any. */
const tea = (field: string): string => json.replace(/\}$/, `,${field}}`);
const nested = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);

describe('bytes that are no JSON are 400', () => {
  test.each<[string, string | Buffer]>([
    ['a lone brace', '{'],
    ['cut off', json.slice(0, -1)],
    ['something after it', `${json}x`],
    ['two of it', `${json}${json}`],
    ['a trailing comma', tea('')],
    ['single quotes', "{'code':'tea'}"],
    ['names without quotes', '{code:"tea"}'],
    ['a comment', `/* tea */${json}`],
    ['NaN', tea('"quantity":NaN')],
    ['a leading zero', tea('"quantity":007')],
    ['a raw line break in a text', tea('"description":"a\nb"')],
    ['a raw NUL in a text', tea('"description":"a\0b"')],
    ['a form', 'code=tea&name=Tea'],
    ['XML', '<plan/>'],
    ['100,000 open brackets', '['.repeat(100_000)],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(json), Buffer.from([0xff, 0xfe])])],
    ['Latin-1 that says nothing', latin1],
  ])('%s', async (_, body) => {
    await refused(world, 'post', '/v1/plans', { body }, MALFORMED);
  });
});

describe('bodies that are not taken', () => {
  test.each<[string, number, string, string | Buffer, Record<string, string>]>([
    ['a form', 415, 'unsupported_media_type', 'code=tea&name=Tea', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON that is called text', 415, 'unsupported_media_type', json, { 'content-type': 'text/plain;charset=UTF-8' }],
    ['JSON that is called nonsense', 415, 'unsupported_media_type', json, { 'content-type': 'nonsense' }],
    ['gzip', 415, 'unsupported_encoding', json, { 'content-encoding': 'gzip' }],
    ['brotli', 415, 'unsupported_encoding', json, { 'content-encoding': 'br' }],
    ['Latin-1', 415, 'unsupported_charset', latin1, { 'content-type': 'application/json; charset=latin1' }],
    ['UTF-16', 415, 'unsupported_charset', Buffer.from(json, 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }],
    ['257 KiB', 413, 'body_too_large', tea(`"description":"${'x'.repeat(257 * 1024)}"`), {}],
    ['257 KiB of blanks', 413, 'body_too_large', json + ' '.repeat(257 * 1024), {}],
  ])('%s is %i', async (_, status, code, body, headers) => {
    await refused(world, 'post', '/v1/plans', { body, headers }, { status, code });
  });

  test('256 KiB are', async () => {
    const padded = json.replace('tea', 'padded').padEnd(256 * 1024);
    expect((await send(world, 'post', '/v1/plans', { body: padded })).status).toBe(201);
  });

  test('the gateway’s webhooks have the same bounds', async () => {
    const path = '/webhooks/checkout';
    await refused(world, 'post', path, { body: ' '.repeat(257 * 1024), key: null }, { status: 413, code: 'body_too_large' });
    await refused(world, 'post', path, { body: json, key: null, headers: { 'content-encoding': 'gzip' } }, { status: 415, code: 'unsupported_encoding' });
  });
});

describe('JSON that is no object is 422, also where nothing is required', () => {
  const PATHS = ['/v1/plans', '/v1/customers', '/v1/subscriptions', '/v1/test_clocks'];

  test.each(['null', '[]', '[{}]', '"tea"', '""', '0', 'true', JSON.stringify([TEA])])('%s', async (body) => {
    for (const path of PATHS) await refused(world, 'post', path, { body }, INVALID);
  });
});

describe('names that are not fields', () => {
  const NAMES = [
    'colour', 'Code', 'code ', ' ', '', 'id', 'object', 'created_at', '__proto__', 'constructor', 'prototype', 'toString',
    'valueOf', 'hasOwnProperty', 'isPrototypeOf', '__defineGetter__', '__lookupSetter__', 'metadata.a', 'code.0', 'naïve', '\u0000', '\ud800',
  ];

  test.each(NAMES.map((name) => [JSON.stringify(name), name]))('%s is named', async (quoted, name) => {
    for (const value of ['1', 'null', '{"a":{"b":1}}', '[]']) {
      await refused(world, 'post', '/v1/plans', { body: tea(`${quoted}:${value}`) }, { ...INVALID, paths: [name] });
    }
    await refused(world, 'post', '/v1/customers', { body: `{${quoted}:1}` }, { ...INVALID, paths: [name] });
  });

  test('are named together with everything else that is wrong', async () => {
    const body = '{"code":1,"__proto__":{"polluted":true},"toString":1,"colour":"red","amount":"3900"}';
    const paths = ['code', '__proto__', 'toString', 'colour', 'amount', 'name', 'currency', 'interval'];
    await refused(world, 'post', '/v1/plans', { body }, { ...INVALID, paths });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a thousand of them are a thousand errors', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `field_${i}`);
    const body = Object.fromEntries(names.map((name) => [name, 1]));
    await refused(world, 'post', '/v1/customers', { body }, { ...INVALID, paths: names });
  });
});

describe('depth that would break what recurses', () => {
  test.each([
    ['an unknown field of arrays', 'x', nested('[', ']', 60_000)],
    ['an unknown field of objects', 'x', nested('{"a":', '}', 40_000).replace(':}', ':1}')],
    ['a known field', 'name', nested('[', ']', 60_000)],
    ['metadata', 'metadata', nested('{"a":', '}', 40_000).replace(':}', ':1}')],
    ['a value in metadata', 'metadata', `{"a":${nested('[', ']', 60_000)}}`],
  ])('%s', async (_, path, value) => {
    await refused(world, 'post', '/v1/customers', { body: `{"${path}":${value}}` }, { ...INVALID, paths: [path] });
  });
});

describe('numbers as JSON may write them', () => {
  const withAmount = (amount: string) => json.replace('3900', amount);

  test.each(['1e400', '-1e400', '1e20', '99999999999999999999', '3900.5', '3.9e0', '-3900', '1e-7', '"3900"', '9007199254740993'])(
    '%s is no amount',
    async (amount) => {
      await refused(world, 'post', '/v1/plans', { body: withAmount(amount) }, { ...INVALID, paths: ['amount'] });
    },
  );

  test.each([
    ['39e2', 3900],
    ['3900.0', 3900],
    ['999999999', 999_999_999],
    ['1000', 1000],
  ])('%s is %i', async (written, amount) => {
    const response = await send(world, 'post', '/v1/plans', { body: withAmount(written).replace('tea', `tea ${written}`) });
    expect([response.status, response.body.amount]).toEqual([201, amount]);
  });

  test('minus zero is zero', async () => {
    const body = tea('"setup_fee":-0,"trial_days":-0').replace('tea', 'minus zero');
    const response = await send(world, 'post', '/v1/plans', { body });
    expect(response.body).toMatchObject({ setup_fee: 0, trial_days: 0 });
  });
});

describe('bodies that are fine', () => {
  test.each([
    ['of the last of two equal names', `{"name":"Li","name":"Wang"}`, 'Wang'],
    ['with a byte order mark', `\ufeff{"name":"Wang"}`, 'Wang'],
    ['with escapes', '{"\\u006eame":"\\u4e2d\\ud83d\\ude00"}', '中😀'],
  ])('%s', async (_, body, name) => {
    const response = await send(world, 'post', '/v1/customers', { body });
    expect([response.status, response.body.name]).toEqual([201, name]);
  });

  test.each(['application/vnd.api+json', 'application/json;charset=UTF-8', 'Application/JSON', 'application/json; charset'])(
    'called %s',
    async (type) => {
      const response = await send(world, 'post', '/v1/customers', { body: '{"name":"Li"}', headers: { 'content-type': type } });
      expect([response.status, response.body.name]).toEqual([201, 'Li']);
    },
  );

  test('none at all, where nothing is required', async () => {
    expect((await send(world, 'post', '/v1/customers')).status).toBe(201);
  });
});
