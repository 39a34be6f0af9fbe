import { expect, test } from 'vitest';
import { readEnvironment } from '../../sandbox/config.js';

test('defaults: the usual ports, any key, nothing kept', () => {
  expect(readEnvironment({})).toEqual({ port: 4010, controlPort: 4011, secretKey: undefined, client: undefined, dataDir: undefined, settings: {} });
});

test('every variable has its effect', () => {
  const env = {
    SANDBOX_PORT: '5000', SANDBOX_WEBHOOK_URL: 'http://127.0.0.1:3000/webhooks/checkout', SANDBOX_WEBHOOK_KEY: 'k', SANDBOX_DATA_DIR: '/data', SANDBOX_SETTINGS: '{"preset":"fast","key_lifetime_hours":2}',
    CKO_SECRET_KEY: 'sk_sbox_x', CKO_CLIENT_ID: 'ack_x', CKO_CLIENT_SECRET: 's', PORT: '1',
  };
  expect(readEnvironment(env)).toEqual({
    port: 5000, controlPort: 5001, secretKey: 'sk_sbox_x', client: { id: 'ack_x', secret: 's' }, dataDir: '/data',
    settings: { preset: 'fast', key_lifetime_hours: 2, webhook_url: 'http://127.0.0.1:3000/webhooks/checkout', webhook_key: 'k' },
  });
  expect(readEnvironment({ ...env, SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '7' })).toMatchObject({ port: 0, controlPort: 7 });
});

test.each([
  [{ SANDBOX_PORT: 'high' }, 'SANDBOX_PORT'], [{ SANDBOX_PORT: '-1' }, 'SANDBOX_PORT'], [{ SANDBOX_CONTROL_PORT: '70000' }, 'SANDBOX_CONTROL_PORT'], [{ SANDBOX_PORT: '65535' }, 'SANDBOX_CONTROL_PORT'],
  [{ SANDBOX_WEBHOOK_URL: 'nowhere' }, 'SANDBOX_WEBHOOK_URL'], [{ SANDBOX_SETTINGS: '{' }, 'SANDBOX_SETTINGS'], [{ SANDBOX_SETTINGS: '{"speed":1}' }, 'SANDBOX_SETTINGS'], [{ CKO_CLIENT_ID: 'ack_x' }, 'CKO_CLIENT_SECRET'],
])('a bad value is named: %j', (env, named) => expect(() => readEnvironment(env)).toThrow(named));
