import { describe, expect, it } from 'vitest';
import { Egress, isPublicAddress, type Resolve } from './egress.js';

const PUBLIC = '93.184.215.14';
const nowhere: Resolve = () => Promise.reject(new Error('ENOTFOUND'));
const guard = new Egress(false, nowhere);
const open = new Egress(true, nowhere);

/** Addresses that nobody may be called at, in every spelling that a URL takes. */
const INNER = [
  // Loopback and unspecified.
  '127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '017700000001', '0x7f000001', '0x7f.1', '0177.0.0.1', '0x7F.0x0.0x0.0x1',
  '127.0.0.1.', '0', '0.0.0.0', '0x0', '00000000', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '１２７．０．０．１', '①②⑦.⓪.⓪.①', '127。0。0。1', '127｡0｡0｡1',
  '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:0001]',
  '[::127.0.0.1]', '[::7f00:1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::1]',
  // Private, and what providers keep to themselves.
  '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.1.1', '0xc0a80101', '3232235777', '0300.0250.1.1', '10.1', '012.1',
  '100.64.0.1', '100.127.255.254', '100.100.100.200', '192.0.0.1', '192.0.0.192', '198.18.0.1', '198.19.255.255', '168.63.129.16', '0xa83f8110',
  '[fc00::1]', '[fd00:ec2::254]', '[fdff::1]', '[::ffff:10.0.0.1]', '[::ffff:c0a8:101]', '[2002:a00:1::]', '[64:ff9b::10.0.0.1]', '[fec0::1]',
  // Link-local, with the metadata of clouds.
  '169.254.169.254', '169.254.0.1', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '[fe80::1]', '[febf::1]', '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::]',
  // Multicast, broadcast, reserved, documentation.
  '224.0.0.1', '239.255.255.255', '255.255.255.255', '240.0.0.1', '254.1.1.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '4294967295',
  '[ff02::1]', '[ff0e::1]', '[2001:db8::1]', '[3fff::1]', '[100::1]', '[2001::1]', '[2001:10::1]', '[2001:20::1]', '[5f00::1]', '[4000::1]', '[::2]',
];
const INNER_NAMES = [
  'localhost', 'LOCALHOST', 'localhost.', 'localhost..', 'ｌｏｃａｌｈｏｓｔ', 'api.localhost', 'localhost.localdomain', 'printer.local', 'metadata', 'metadata.google.internal',
  'metadata.google.internal.', 'db.internal', 'router.lan', 'nas.home.arpa', 'intranet', 'wiki.corp', 'x.intranet', 'postgres', 'loc\u00adalhost',
];
const CREDENTIALS = [
  'https://user@shop.example/', 'https://user:secret@shop.example/', 'https://:secret@shop.example/', 'https://@shop.example/', 'https://:@shop.example/',
  'https:\\\\user:secret@shop.example', 'https:user:secret@shop.example', 'https://user%3Asecret@shop.example', 'https://shop.example@127.0.0.1/',
];
const NO_HTTPS = ['http://shop.example/', 'HTTP://shop.example/', 'ftp://shop.example/', 'file:///etc/passwd', 'gopher://shop.example:70/', 'javascript:alert(1)', 'data:text/html,x', 'ws://shop.example/', 'unix:/var/run/docker.sock'];
const FINE = [
  'https://shop.example/hooks', 'HTTPS://SHOP.EXAMPLE/', 'https://shop.example:8443/a?b=c#d', 'https://shop.example./', 'https://茶.example/', `https://${PUBLIC}/`,
  'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/', 'https://localhost.example/', 'https://127.0.0.1.example/', 'https://internal.example/', 'https://shop.example/a@b',
];

describe('where nobody is called', () => {
  it.each(INNER)('https://%s', async (host) => {
    const url = `https://${host}/hooks`;
    if (!URL.canParse(url)) return expect(guard.refusal(url)).toBe('is not a URL');
    expect(guard.refusal(url)).toMatch(/not public/);
    expect(await guard.refusalNow(url)).toMatch(/not public/);
    expect(open.refusal(url), 'unless it is allowed').toBeNull();
  });

  it.each(INNER_NAMES)('https://%s', (host) => {
    expect(guard.refusal(`https://${host}/`)).toBe('leads to a name that is not public');
  });

  it.each(CREDENTIALS)('%s', (url) => {
    for (const egress of [guard, open]) expect(egress.refusal(url)).toBe('must not carry credentials');
  });

  it.each(NO_HTTPS)('%s', (url) => {
    expect(guard.refusal(url)).toBe('must be https');
  });

  it('plain http only where private addresses are allowed too', () => {
    expect(open.refusal('http://localhost:3000/')).toBeNull();
    expect(open.refusal('ftp://localhost/')).toBe('must be https');
  });
});

describe('where anybody may be called', () => {
  it.each(FINE)('%s', async (url) => {
    expect(guard.refusal(url)).toBeNull();
    expect(await guard.refusalNow(url), 'a name that leads nowhere yet is fine').toBeNull();
  });
});

describe('a name', () => {
  it.each([
    ['a public address', [PUBLIC], null],
    ['several', [PUBLIC, '2606:2800:21f:cb07:6820:80da:af6b:8b2c'], null],
    ['a private one', ['10.0.0.1'], /not public/],
    ['a private one among public ones', [PUBLIC, '::ffff:127.0.0.1'], /not public/],
    ['something that is no address', ['tea'], /not public/],
  ])('that leads to %s', async (_, addresses, refusal) => {
    const egress = new Egress(false, () => Promise.resolve(addresses));
    const found = await egress.refusalNow('https://shop.example/');
    if (refusal === null) expect(found).toBeNull();
    else expect(found).toMatch(refusal);
    const looked = await new Promise<unknown>((done) => egress.lookup('shop.example', { all: true }, (error, all) => done(error ?? all)));
    if (refusal === null) expect(looked).toEqual(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    else expect(looked).toBeInstanceOf(Error);
  });

  it('is given out one at a time to whoever asks so, and not at all when it is none', async () => {
    const ask = (egress: Egress) => new Promise<unknown>((done) => egress.lookup('shop.example', {}, (error, address, family) => done(error ?? [address, family])));
    expect(await ask(new Egress(false, () => Promise.resolve([PUBLIC])))).toEqual([PUBLIC, 4]);
    expect(await ask(new Egress(false, () => Promise.resolve([])))).toBeInstanceOf(Error);
    expect(await ask(guard)).toBeInstanceOf(Error);
  });
});

it('an address of a zone, or none at all, is not public', () => {
  for (const address of ['fe80::1%eth0', '2606:2800:21f::1%eth0', '', 'shop.example', '::g']) expect(isPublicAddress(address)).toBe(false);
  expect(isPublicAddress('::ffff:93.184.215.14')).toBe(true);
});
