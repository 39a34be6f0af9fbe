import { createHmac } from 'node:crypto';
import type { Dice } from './dice.js';

/** A delivery as somebody may send it. */
export interface Delivery {
  kind: string;
  body: Buffer;
  headers: Record<string, string>;
}

/** Larger bodies are not taken at all. */
export const MOST_BYTES = 256 * 1024;
const OTHER_KEY = 'a-key-of-somebody-else';

export function sign(body: Buffer, key: string): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

interface Signing {
  key: string;
  /** Genuine bodies to begin with. */
  genuine: readonly Buffer[];
  dice: Dice;
}

type Mutation = (signing: Signing, body: Buffer) => Pick<Delivery, 'body' | 'headers'>;

const signed = ({ key }: Signing, body: Buffer, headers: object = {}) => ({ body, headers: { 'cko-signature': sign(body, key), ...headers } });
/** Another body under the signature of the genuine one. */
const changed = ({ key }: Signing, genuine: Buffer, body: Buffer) => ({ body, headers: { 'cko-signature': sign(genuine, key) } });
const text = (body: Buffer): string => body.toString('utf8');

function flipBit(body: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(body);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}

/** Bodies that are changed after they were signed, and signatures that are none. */
const FORGED: Record<string, Mutation> = {
  bit_flipped: (s, body) => changed(s, body, flipBit(body, s.dice.below(body.length * 8))),
  truncated: (s, body) => changed(s, body, body.subarray(0, s.dice.below(body.length))),
  extended: (s, body) => changed(s, body, Buffer.concat([body, s.dice.bytes(1 + s.dice.below(20))])),
  serialised_anew: (s, body) => changed(s, body, Buffer.from(JSON.stringify(JSON.parse(text(body)), null, 1 + s.dice.below(4)))),
  keys_turned_round: (s, body) => changed(s, body, Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text(body)) as object).toReversed())))),
  byte_order_mark: (s, body) => changed(s, body, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])),
  no_signature: (_, body) => ({ body, headers: {} }),
  empty_signature: (_, body) => ({ body, headers: { 'cko-signature': '' } }),
  random_signature: (s, body) => ({ body, headers: { 'cko-signature': s.dice.bytes(32).toString('hex') } }),
  near_signature: (s, body) => ({ body, headers: { 'cko-signature': flipBit(Buffer.from(sign(body, s.key), 'hex'), s.dice.below(256)).toString('hex') } }),
  other_key: (_, body) => ({ body, headers: { 'cko-signature': sign(body, OTHER_KEY) } }),
  shouted_signature: (s, body) => ({ body, headers: { 'cko-signature': sign(body, s.key).replace(/[a-f]/, (letter) => letter.toUpperCase()) } }),
  long_signature: (s, body) => ({ body, headers: { 'cko-signature': `${sign(body, s.key)}00` } }),
  base64_signature: (s, body) => ({ body, headers: { 'cko-signature': Buffer.from(sign(body, s.key), 'hex').toString('base64') } }),
  random_bytes: (s) => ({ body: s.dice.bytes(s.dice.below(200)), headers: { 'cko-signature': s.dice.bytes(32).toString('hex') } }),
};

/** Signed as they are: whoever holds the key may send any nonsense, and it moves nothing. */
const SIGNED: Record<string, Mutation> = {
  genuine_again: (s, body) => signed(s, body),
  signed_bit_flip: (s, body) => signed(s, flipBit(body, s.dice.below(body.length * 8))),
  signed_truncation: (s, body) => signed(s, body.subarray(0, s.dice.below(body.length))),
  signed_noise: (s) => signed(s, s.dice.bytes(s.dice.below(400))),
  signed_emptiness: (s) => signed(s, Buffer.alloc(0)),
  keys_twice: (s, body) => signed(s, Buffer.from(text(body).replace('{', `{"id":"evt_twice${s.dice.below(1e6)}","data":{"id":7},"type":[],`))),
  prototype: (s, body) => signed(s, Buffer.from(text(body).replace('{', `{"__proto__":{"id":"evt_p${s.dice.below(1e6)}"},"constructor":{"prototype":{"type":1}},`))),
  nested_deep: (s) => signed(s, Buffer.from(`{"data":${'['.repeat(20_000)}${']'.repeat(20_000)},"n":${s.dice.below(1e6)}}`)),
  other_types: (s, body) => signed(s, Buffer.from(text(body).replace(/"(id|type|reference|amount)":[^,}]+/g, (_, name) => `"${name}":${s.dice.pick(['null', '[]', '{}', '1e999', 'true', '"\\ud800"', '"\\u0000"'])}`))),
  a_lie: (s, body) => signed(s, Buffer.from(text(body).replace(/"evt_\w+"/, `"evt_lie${s.dice.below(1e9)}"`).replace(/payment_\w+/, s.dice.pick(['payment_captured', 'payment_declined', 'payment_refunded', 'payment_expired'])).replace(/"amount":\d+/, '"amount":1'))),
  broken_utf8: (s, body) => signed(s, Buffer.concat([body.subarray(0, 20), Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]), body.subarray(20)])),
  large: (s) => signed(s, Buffer.alloc(64 * 1024 + s.dice.below(64 * 1024), 0x20)),
};

/** Not taken at all, whoever signed them. */
const REFUSED: Record<string, Mutation> = {
  too_large: (s) => signed(s, Buffer.alloc(MOST_BYTES + 1 + s.dice.below(1_000), 0x20)),
  packed: (s, body) => signed(s, body, { 'content-encoding': s.dice.pick(['gzip', 'deflate', 'br', 'zstd']) }),
};

const ALL = Object.entries({ ...FORGED, ...SIGNED });
/** They cost a hundred times as much, and one in a hundred tells as much. */
const COSTLY = Object.entries(REFUSED);
const COSTLY_SHARE = 100;
const SELDOM = new Set(['nested_deep', 'large']);

/** Deliveries without end; the first ones flip every single bit of the first genuine body. */
export function* deliveries(signing: Signing, { overHttp }: { overHttp: boolean }): Generator<Delivery> {
  const { genuine, dice } = signing;
  const [first] = genuine as [Buffer];
  for (let bit = 0; bit < first.length * 8; bit += 1) yield { kind: 'every_bit', ...changed(signing, first, flipBit(first, bit)) };
  for (;;) {
    const costly = dice.below(COSTLY_SHARE) === 0;
    const [kind, mutate] = dice.pick(costly && overHttp ? COSTLY : ALL);
    if (SELDOM.has(kind) && !costly) continue;
    yield { kind, ...mutate(signing, dice.pick(genuine)) };
  }
}

/** Whether the body bears the signature of the key's holder: the judge's own opinion. */
export function isGenuine({ body, headers }: Delivery, key: string): boolean {
  return headers['cko-signature'] === sign(body, key);
}
