import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, VARIABLES, warningsOf } from '../../src/platform/config/config.js';

const SANDBOX = {
  CKO_SECRET_KEY: `sk_sbox_${'a'.repeat(27)}`,
  CKO_API_URL: 'http://127.0.0.1:4010',
  CKO_PROCESSING_CHANNEL_ID: `pc_${'a'.repeat(26)}`,
};
const LIVE = { ...SANDBOX, CKO_SECRET_KEY: `sk_${'a'.repeat(27)}`, CKO_API_URL: 'https://vkuhvk4v.api.checkout.com' };
const OAUTH = { CKO_CLIENT_ID: 'ack_x', CKO_CLIENT_SECRET: 'y', CKO_TOKEN_URL: 'https://access.checkout.com/connect/token', CKO_API_URL: LIVE.CKO_API_URL };

/** The one line that a start with these variables ends with; null when it would not end. */
function refusal(env: Record<string, string>): string | null {
  try {
    loadConfig(env);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
}

const BAD: Record<string, readonly string[]> = {
  PORT: ['-1', '65536', 'http', '1.5'],
  DATABASE_URL: ['localhost', 'mysql://a@b/c'],
  DATABASE_POOL: ['1', '501', 'many'],
  ZHOUQI_SECRET: ['short', 'long-enough-for-a-secret,short'],
  ZHOUQI_API_KEY: ['fifteen-letters', 'with blanks in it', 'é'.repeat(20), 'x'.repeat(256)],
  PUBLIC_URL: ['localhost', 'ftp://a.example'],
  CKO_SECRET_KEY: ['pk_sbox_x'],
  CKO_TOKEN_URL: ['nowhere'],
  CKO_API_URL: ['api.checkout.com', 'ftp://a.example'],
  CKO_PROCESSING_CHANNEL_ID: ['pc_short', 'channel'],
  CKO_WEBHOOK_KEY: ['x'.repeat(256)],
  CKO_MERCHANT_INITIATED: ['yes', '1'],
  CKO_WRITES_PER_SECOND: ['0', '1000001', '1.5', 'x'],
  CKO_READS_PER_SECOND: ['0', '1000001'],
  CKO_SETTLE_SECONDS: ['0', '-1', 'soon'],
  CKO_IDEMPOTENCY_HOURS: ['1', 'day'],
  SURPLUS_POLICY: ['keep'],
  QUARANTINE: ['maybe'],
  BILLING_CRON: ['* * * *', '61 * * * *', 'hourly', '* * * * * * *'],
  ROLE: ['both', 'API'],
  DEFAULT_TIME_ZONE: ['Shanghai', '+8'],
  DEFAULT_COUNTRY: ['China', 'cn'],
  API_RATE_LIMIT: ['0', '1000001'],
  CURRENCIES: ['CNY,YUAN', ','],
  SMTP_URL: ['mail.example', 'http://mail.example'],
  MAIL_FROM: ['nobody'],
  WEBHOOKS_ALLOW_PRIVATE: ['2'],
  LOG_LEVEL: ['loud'],
  METRICS_TOKEN: ['short'],
  SANDBOX_PORT: ['65536'],
  SANDBOX_CONTROL_PORT: ['x'],
};

describe('a bad value ends the start with one line that names its variable', () => {
  test.each(Object.entries(BAD).flatMap(([name, values]) => values.map((value) => [name, value] as const)))('%s=%s', (name, value) => {
    const line = refusal({ [name]: value });
    expect(line).toMatch(new RegExp(`^${name}: [^\\n]+$`));
  });
});

test.each<[string, Record<string, string>, string]>([
  ['a key without its URL', { CKO_SECRET_KEY: LIVE.CKO_SECRET_KEY }, 'CKO_API_URL'],
  ['a key without its channel', { CKO_SECRET_KEY: LIVE.CKO_SECRET_KEY, CKO_API_URL: LIVE.CKO_API_URL }, 'CKO_PROCESSING_CHANNEL_ID'],
  ['OAuth without its secret', { CKO_CLIENT_ID: 'x' }, 'CKO_CLIENT_SECRET'],
  ['OAuth without its URL', { CKO_CLIENT_ID: 'x', CKO_CLIENT_SECRET: 'y' }, 'CKO_TOKEN_URL'],
  ['OAuth without its channel', OAUTH, 'CKO_PROCESSING_CHANNEL_ID'],
  ['a live key over plain http', { ...LIVE, CKO_API_URL: 'http://a.example' }, 'CKO_API_URL'],
  ['OAuth over plain http', { ...OAUTH, CKO_TOKEN_URL: 'http://a.example', CKO_PROCESSING_CHANNEL_ID: LIVE.CKO_PROCESSING_CHANNEL_ID }, 'CKO_TOKEN_URL'],
  ['a live key that resends within a minute', { ...LIVE, CKO_SETTLE_SECONDS: '59' }, 'CKO_SETTLE_SECONDS'],
  ['a live key on a database without the secret', { ...LIVE, DATABASE_URL: 'postgres://a@b/c' }, 'ZHOUQI_SECRET'],
  ['a mail server without a sender', { SMTP_URL: 'smtp://mail.example' }, 'MAIL_FROM'],
  ['a sender without a mail server', { MAIL_FROM: 'a@b.example' }, 'SMTP_URL'],
])('%s is refused', (_, env, named) => {
  expect(refusal(env)).toMatch(new RegExp(`^${named}: [^\\n]+$`));
});

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['empty values, which are none', Object.fromEntries([...VARIABLES].map((name) => [name, '']))],
  ['a sandbox key, plain http and a short settle time', { ...SANDBOX, CKO_SETTLE_SECONDS: '1' }],
  ['a live key', { ...LIVE, ZHOUQI_SECRET: 'sixteen-letters-long,the-previous-value', DATABASE_URL: 'postgresql://a:b@c:5433/d' }],
  ['OAuth', { ...OAUTH, CKO_PROCESSING_CHANNEL_ID: LIVE.CKO_PROCESSING_CHANNEL_ID }],
  ['every limit at its top', { CKO_WRITES_PER_SECOND: '1000000', CKO_READS_PER_SECOND: '1000000', API_RATE_LIMIT: '1000000' }],
  ['a cron of six fields', { BILLING_CRON: '*/5 * * * * *' }],
  ['mail', { SMTP_URL: 'smtps://u:p@mail.example:465', MAIL_FROM: 'Tea club <billing@shop.example>' }],
])('%s is taken', (_, env) => {
  expect(refusal(env)).toBeNull();
});

test('the defaults are those of the documentation', () => {
  expect(loadConfig({ CURRENCIES: 'all' })).toMatchObject({
    PORT: 3000, HOST: '0.0.0.0', DATABASE_POOL: 20, DATA_DIR: '.data', CKO_MERCHANT_INITIATED: true, CKO_WRITES_PER_SECOND: 80,
    CKO_READS_PER_SECOND: 80, CKO_SETTLE_SECONDS: 1800, CKO_IDEMPOTENCY_HOURS: 24, SURPLUS_POLICY: 'refund', QUARANTINE: false,
    BILLING_CRON: '* * * * *', ROLE: 'all', DEFAULT_TIME_ZONE: 'Asia/Shanghai', DEFAULT_COUNTRY: 'CN', API_RATE_LIMIT: 100,
    WEBHOOKS_ALLOW_PRIVATE: false, LOG_LEVEL: 'info', SANDBOX_PORT: 4010,
  });
  expect(loadConfig({}).CURRENCIES).toBeUndefined();
});

test('a settle time that is shorter than the gateway may take is warned of', () => {
  expect(warningsOf(loadConfig({ ...SANDBOX, CKO_SETTLE_SECONDS: '1799' }))).toEqual([expect.stringMatching(/^CKO_SETTLE_SECONDS: /)]);
  expect(warningsOf(loadConfig({}))).toEqual([]);
});

test.each(['abc', '-1', '70000', '1.5'])('a number that is none says which would be one: PORT=%s', (value) => {
  expect(refusal({ PORT: value })).toBe('PORT: must be an integer from 0 to 65535');
});
