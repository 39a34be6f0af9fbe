import { afterAll, beforeAll, expect, test } from 'vitest';
import { Courier } from '../../src/webhooks/courier.js';
import { Egress } from '../../src/webhooks/egress.js';
import { send } from '../api/outsider.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** One address or more of every network that is not public. */
const INNER = [
  '0.0.0.0', '10.0.0.1', '10.255.255.255', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.254',
  '192.0.0.170', '192.0.2.1', '192.168.0.1', '192.168.255.254', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255',
  '168.63.129.16', '100.100.100.200',
];

/** The same address in every spelling that some library understands. */
function spellings(address: string): string[] {
  const bytes = address.split('.').map(Number) as [number, number, number, number];
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const groups = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
  const wide = Array.from(address).map((character) => (/\d/.test(character) ? String.fromCodePoint(0xff10 + Number(character)) : '。')).join('');
  return [
    address, `${address}.`, String(number), `0x${hex.join('')}`, `0${number.toString(8)}`, bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    bytes.map((byte) => `0${byte.toString(8)}`).join('.'), `${bytes[0]}.${bytes[1]}.${bytes[2] * 256 + bytes[3]}`, `${bytes[0]}.${number % 2 ** 24}`,
    `[::ffff:${address}]`, `[::ffff:${groups}]`, `[0:0:0:0:0:ffff:${groups}]`, `[64:ff9b::${groups}]`, `[2002:${groups}::]`, `[::${groups}]`, wide,
    Array.from(address).map((character) => `%${character.codePointAt(0)?.toString(16)}`).join(''),
  ];
}

const CATALOGUE = [
  ...INNER.flatMap(spellings).map((host) => `https://${host}/hooks`),
  ...['[::1]', '[::]', '[fe80::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[2001:db8::1]', '[100::1]', '[fec0::1]'].map((host) => `https://${host}:8443/`),
  ...['localhost', 'LOCALHOST.', 'a.localhost', 'printer.local', 'metadata.google.internal', 'instance-data', 'db.internal', 'router.lan', 'kubernetes.default.svc', 'x.intranet', 'x.home.arpa', 'x.onion']
    .map((host) => `https://${host}/`),
  ...['http', 'ftp', 'file', 'gopher', 'dict', 'ldap', 'ws', 'javascript', 'data', 'jar', 'unix'].map((scheme) => `${scheme}://shop.example/`),
  'https://user@shop.example/', 'https://shop.example:secret@127.0.0.1/', 'https://shop.example@[::1]/', 'https:\\\\user:secret@shop.example', 'https://127.0.0.1#@shop.example/', 'https://127.0.0.1?@shop.example/',
  '//shop.example/', 'shop.example', 'https://', 'https:///hooks', 'https://[::1', 'https://a b/',
];

test(`10 SSRF: of ${CATALOGUE.length} bad URLs none becomes an endpoint`, async () => {
  expect(CATALOGUE.length).toBeGreaterThanOrEqual(300);
  for (const url of CATALOGUE) {
    const response = await send(world, 'post', '/v1/webhook_endpoints', { body: { url } });
    expect(response.status, `${url} ${response.text}`).toBe(422);
    expect(response.body.errors).toEqual([{ path: 'url', message: expect.any(String) }]);
  }
  expect(await world.list('/v1/webhook_endpoints')).toEqual([]);
});

test('10 SSRF: nor is one of them called that had become one', async () => {
  const courier = new Courier(new Egress(false));
  for (const url of CATALOGUE) expect(await courier.deliver(url, {}, '{}'), url).toMatchObject({ status: null, error: expect.stringMatching(/^refused: /) });
  await courier.onApplicationShutdown();
});
