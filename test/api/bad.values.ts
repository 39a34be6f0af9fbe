import { nobody } from './outsider.js';

/** What a field must refuse. `undefined` stands for leaving it out. */
export type BadValues = Record<string, readonly unknown[]>;

const NOT_TEXT = [1, 1.5, true, {}, [], ['a']];
const UNSTORABLE = ['a\u0000b', 'a\tb', 'a\nb', '\u0085', 'half \ud83d', '\udc00'];
const long = (length: number) => 'x'.repeat(length);
const texts = (max = 255) => [...NOT_TEXT, ...UNSTORABLE, '', long(max + 1)];
const integers = (min: number, max: number) => [
  String(min), min + 0.5, min - 1, max + 1, 2 ** 31, 2 ** 53, true, null, {}, [], [min], '',
];
const oneOf = (value: string) => [value.toUpperCase(), ` ${value}`, '', 'toString', '__proto__', 1, true, null, {}, [value]];
const INSTANTS = [
  '', 'now', '2026-01-01', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-00T00:00:00Z',
  '2026-01-01T00:00:00', '2026-01-01 00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T23:60:00Z', '2026-06-30T23:59:60Z',
  '2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+8:00', '2026-01-01T00:00Z', '+012026-01-01T00:00:00Z', '0000-01-01T00:00:00Z',
  '0999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59', '２０２６-01-01T00:00:00Z', ' 2026-01-01T00:00:00Z', 1_767_225_600, true, {}, ['2026-01-01T00:00:00Z'],
];
const METADATA = [
  null, 'a', 1, true, [], [['a', 'b']], { a: 1 }, { a: true }, { a: null }, { a: { b: 'c' } }, { a: ['b'] }, { '': 'a' },
  { a: long(256) }, { [long(256)]: 'a' }, { a: '\u0000' }, { a: 'x\ny' }, { '\u0000': 'a' }, { a: '\ud800' }, { '\udc00': 'a' },
  JSON.parse('{"__proto__":"a"}'), Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`key ${i}`, 'a'])),
];
const URLS = [
  undefined, null, '', 1, {}, ['https://shop.example'], 'shop.example', '/yes', '//shop.example', 'javascript:alert(1)', 'data:text/html,x',
  'ftp://shop.example', 'https://', 'https://:443', 'https://shop.example:99999', 'https://a b.example', 'https://shop.example/\u0000',
  'https://shop.example/\ud800', 'https://shop.example/a\nb', 'https://user@shop.example', 'https://user:secret@shop.example',
  'https://user%3Asecret@shop.example', 'https:\\\\user:secret@shop.example', `https://shop.example/${long(1_024)}`,
];

export const BAD_PLAN: BadValues = {
  code: [undefined, null, ...texts(), nobody('plan'), nobody('sub')],
  name: [undefined, null, ...texts()],
  description: [null, ...texts(2_000)],
  amount: [undefined, ...integers(10, 999_999_999), 0, 9],
  currency: [undefined, null, '', 'cny', 'RMB', 'CNYY', 'CN', ' CNY', 'toString', '__proto__', 156, true, {}, ['CNY']],
  interval: [undefined, ...oneOf('month'), 'quarter', 'months'],
  interval_count: integers(1, 1_000),
  trial_days: integers(0, 1_095),
  trial_amount: [...integers(0, 999_999_999), 9, 1, 1_000],
  setup_fee: integers(0, 999_999_999),
  proration: oneOf('day'),
  dunning_policy: [null, ...texts(), 'no such policy'],
  catch_up: oneOf('all'),
  renewal_notice: oneOf('off'),
  spread_minutes: integers(0, 1_440),
  active: ['true', 1, 0, null, '', [], {}],
  metadata: METADATA,
};

export const BAD_PLAN_UPDATE: BadValues = {
  name: [null, ...texts()],
  description: texts(2_000),
  dunning_policy: BAD_PLAN['dunning_policy'] ?? [],
  catch_up: oneOf('all'),
  spread_minutes: integers(0, 1_440),
  active: ['true', 1, null],
  metadata: METADATA,
  code: ['other'],
  amount: [5_000],
  currency: ['USD'],
  interval: ['year'],
  trial_days: [7],
  version: [2],
};

const WAITS = ['', '0d', '1', 'd', '1.5h', '-1d', '1 d', '1D', '91d', '100000h', 1, true, null, {}, ['1d']];
const HOURS = ['', '9:00-21:00', 9, true, [], ['09:00', '21:00']];

export const BAD_POLICY_UPDATE: BadValues = {
  retries: [null, '1d', 1, {}, ['1d'], [null], [[]], [{ after: '1d' }, 'x'], Array.from({ length: 21 }, () => ({ after: '1d' }))],
  technical_retries: [null, '1h', {}, [1], [null], Array.from({ length: 21 }, () => ({ after: '1h' }))],
  final_action: oneOf('cancel'),
  grace_days: integers(0, 365),
  allowed_hours: HOURS,
  quiet_hours: HOURS,
  metadata: METADATA,
};
export const BAD_POLICY: BadValues = { ...BAD_POLICY_UPDATE, code: BAD_PLAN['code'] ?? [] };
/** Bad values of the fields within: dotted paths. */
export const BAD_POLICY_PARTS: Record<string, readonly [make: (value: unknown) => object, values: readonly unknown[]]> = {
  'retries.0.after': [(after) => ({ retries: [{ after }] }), [undefined, ...WAITS]],
  'retries.1.notify': [(notify) => ({ retries: [{ after: '1d' }, { after: '1d', notify }] }), ['true', 1, null, {}]],
  'retries.0.until': [(until) => ({ retries: [{ after: '1d', until }] }), [1, null]],
  'technical_retries.0.after': [(after) => ({ technical_retries: [{ after }] }), [undefined, ...WAITS, '25h', '2d']],
  'technical_retries.0.notify': [(notify) => ({ technical_retries: [{ after: '1h', notify }] }), [true]],
  'allowed_hours.from': [(from) => ({ allowed_hours: { from, to: '21:00' } }), [undefined, '', '9:00', '24:00', '09:60', '25:00', '09:00:00', 9, null, {}]],
  'allowed_hours.to': [(to) => ({ allowed_hours: { from: '09:00', to } }), [undefined, '', '24:01', '9', 21, null, '09:00']],
  'quiet_hours.to': [(to) => ({ quiet_hours: { from: '22:00', to } }), [undefined, 'midnight', '22:00']],
  'quiet_hours.zone': [(zone) => ({ quiet_hours: { from: '22:00', to: '06:00', zone } }), ['UTC']],
};

export const BAD_VERSION: BadValues = {
  amount: BAD_PLAN['amount'] ?? [],
  interval: oneOf('month'),
  interval_count: integers(1, 1_000),
  trial_amount: [9, 1_000],
  currency: ['CNY'],
  code: ['other'],
  metadata: [{}],
};

export const BAD_CUSTOMER: BadValues = {
  email: [
    ...NOT_TEXT, ...UNSTORABLE, '', 'li', 'li@', '@example.com', 'li@example', 'li@@example.com', 'li @example.com', 'Li <li@example.com>',
    'li@example.com\n', 'li@\ud800.com', '"a\u0001b"@example.com', 'li@exa\u0000mple.com', `${long(250)}@example.com`, 'a@b.c,d@e.f',
  ],
  name: texts(),
  phone: [...NOT_TEXT, '', '12', 'none', '   ', '+', '---', '1'.repeat(41), '+86\u0000138', '１３８００', '1 '.repeat(60_000)],
  locale: ['zh', 'zh_CN', 'EN', 'fr', '', 1, {}, ['en']],
  time_zone: ['', 'Mars/Olympus', 'asia/shanghai', '+08:00', 'UTC+8', 'GMT+8', 'toString', 8, true, {}, ['UTC'], 'Asia/Shanghai\u0000'],
  country: ['', 'cn', 'CHN', 'C', 'XX', 'ZZ', 'ＣＮ', 'CN\n', 86, true, {}, ['CN']],
  external_id: texts(),
  metadata: METADATA,
  balances: [[], [{ currency: 'CNY', amount: 1 }]],
  object: ['customer'],
};

export const BAD_CHECKOUT: BadValues = {
  terminal_type: [undefined, ...oneOf('WEB').filter((value) => value !== 'WEB'), 'web', 'PHONE'],
  os_type: [null, '', 'ios', 'WINDOWS', 1, {}, ['IOS']],
  success_url: URLS,
  failure_url: URLS,
};

export const BAD_SUBSCRIPTION: BadValues = {
  ...BAD_CHECKOUT,
  customer: [undefined, null, ...texts()],
  plan: [undefined, null, ...texts()],
  quantity: integers(1, 1_000_000),
  trial_days: integers(0, 1_095),
  trial_amount: [...integers(0, 999_999_999), 9, 1_000],
  metadata: METADATA,
  coupon: ['SPRING'],
  anchor_day: [15],
  start_at: ['2026-04-01T00:00:00Z'],
  status: ['active'],
  currency: ['CNY'],
};

export const BAD_CANCEL: BadValues = {
  at: [null, '', 'later', 'NOW', 1, {}, ['now']],
  refund: [null, 'prorated', 'some', 1],
  reason: [null, ...texts()],
};

export const BAD_PAUSE: BadValues = { resumes_at: [null, ...INSTANTS, '2020-01-01T00:00:00Z'], until: ['2027-01-01T00:00:00Z'] };
export const BAD_RESUME: BadValues = { confirm_charge: [null, 'true', 1, {}, []], resumes_at: ['2027-01-01T00:00:00Z'] };
export const BAD_CLOCK: BadValues = { now: [undefined, null, ...INSTANTS], metadata: METADATA, to: ['2027-01-01T00:00:00Z'] };
export const BAD_ADVANCE: BadValues = { to: [undefined, null, ...INSTANTS], now: ['2027-01-01T00:00:00Z'] };
export const BAD_NOTHING: BadValues = { anything: [1, null, {}], constructor: [1] };

const ENDPOINT: BadValues = {
  url: [
    null, '', 1, true, {}, ['https://shop.example'], 'shop.example', '/yes', '//shop.example', 'https://', 'https://:443', 'https://shop.example:99999', 'https://a b.example',
    'https://shop.example/\u0000', 'https://shop.example/\ud800', 'https://shop.example/a\nb', `https://shop.example/${long(1_024)}`,
  ],
  events: [
    null, '', '*', 1, {}, [], [1], [null], [['*']], ['**'], ['invoice'], ['invoice.'], ['Invoice.*'], ['invoice.paid', 'invoice.refunded'], ['*', '*'], ['toString'], ['__proto__'],
    ['*\u0000'], Array.from({ length: 101 }, () => '*'),
  ],
  active: ['true', 1, 0, null, '', [], {}],
  metadata: METADATA,
  secret: ['whsec_AAAA'],
  failing_since: ['2026-01-01T00:00:00Z'],
  disabled_at: [null],
};
export const BAD_ENDPOINT: BadValues = { ...ENDPOINT, url: [undefined, ...(ENDPOINT['url'] ?? [])], description: [null, ...texts(2_000)] };
export const BAD_ENDPOINT_UPDATE: BadValues = { ...ENDPOINT, description: texts(2_000) };
export const BAD_REPLAY: BadValues = { from: [undefined, null, ...INSTANTS], to: [undefined, null, ...INSTANTS, '2026-03-01T00:00:00Z', '2020-01-01T00:00:00Z'], since: [1] };

export const BAD_REFUND: BadValues = {
  amount: [...integers(1, 999_999_999), 0, -1],
  reason: [null, ...texts()],
  currency: ['CNY'],
  metadata: [{}],
};

/** What stands in braces must be known, and closed. */
const BRACES = ['{{nobody}}', '{{ link }}', '{{amount', '{{}}', '{{{amount}}}', '{{#amount}}', '{{/amount}}', '{{#amount}}{{/date}}', '{{> amount}}', '{{amount.0}}', '{{__proto__}}'];
const NOT_LINES = ['a\u0000b', 'a\u000bb', '\u0085', 'half \ud83d'];

export const BAD_TEMPLATE: BadValues = {
  subject: [undefined, null, ...texts(), ...BRACES],
  text: [undefined, null, ...NOT_TEXT, ...NOT_LINES, '', long(20_001), ...BRACES],
  html: [...NOT_TEXT, ...NOT_LINES, '', long(100_001), ...BRACES],
  active: [true],
  name: ['receipt'],
  metadata: [{}],
};

export const BAD_SWITCH: BadValues = {
  active: [undefined, null, 'true', 'false', 1, 0, '', [], {}],
  subject: ['Hello'],
};
