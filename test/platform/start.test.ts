import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../sandbox/server.js';
import { type Config, ConfigError, loadConfig } from '../../src/platform/config/config.js';
import { startBundledSandbox } from '../../src/startup/bundled.sandbox.js';
import { startEngine } from '../../src/startup/engine.js';
import { createTestDatabase } from '../support/database.js';

const SECRET = { ZHOUQI_SECRET: 'an-installation-secret-for-tests' };

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The line that a start ends with. */
async function lineOf(starting: Promise<unknown>): Promise<string> {
  const error: unknown = await starting.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as Error).message;
}

const start = (env: Record<string, string>) => startEngine(loadConfig({ ...SECRET, HOST: '127.0.0.1', PORT: '0', ...env }));

test('a port that is in use is named', async () => {
  const port = await takenPort();
  expect(await lineOf(start({ PORT: String(port) }))).toBe(`PORT: port ${port} is in use`);
});

test('an address that is not ours is named', async () => {
  expect(await lineOf(start({ HOST: '192.0.2.1' }))).toMatch(/^HOST: [^\n]*192\.0\.2\.1[^\n]*$/);
});

test('a database that is out of reach is named, and its password is not', async () => {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  const elsewhere = Object.assign(new URL(url), { pathname: '/nowhere' }).href;
  for (const bad of ['postgres://me:hush@127.0.0.1:1/x', 'postgres://me:hush@localhost:1/x', 'postgres://me:hush@nowhere.invalid/x', elsewhere]) {
    const line = await lineOf(start({ DATABASE_URL: bad }));
    expect(line, bad).toMatch(/^DATABASE_URL: [^\n]+$/);
    expect(line).not.toContain('hush');
  }
});

test('the sandbox of another installation is not used: it would refuse every call', async () => {
  const theirs = await startSandbox({ port: 0, controlPort: 0, secretKey: `sk_sbox_${'b'.repeat(27)}` });
  onTestFinished(() => theirs.close());
  const config = loadConfig({ SANDBOX_PORT: new URL(theirs.url).port, SANDBOX_CONTROL_PORT: new URL(theirs.controlUrl).port });
  const key = (last: string): Partial<Config> => ({ CKO_SECRET_KEY: `sk_sbox_${last.repeat(27)}` });
  expect(await lineOf(startBundledSandbox(config, key('a')))).toMatch(/^SANDBOX_PORT: [^\n]+$/);
  const ours = await startBundledSandbox(config, key('b'));
  expect(ours, 'another replica has started it').toMatchObject({ url: theirs.url, controlUrl: theirs.controlUrl });
  await ours.stop();
});

test('ports of the sandbox that somebody else holds are named', async () => {
  const port = await takenPort();
  expect(await lineOf(startBundledSandbox(loadConfig({ SANDBOX_PORT: String(port) }), {}))).toBe(`SANDBOX_PORT: port ${port} is in use`);
  const controlled = loadConfig({ SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: String(port) });
  expect(await lineOf(startBundledSandbox(controlled, {}))).toBe(`SANDBOX_CONTROL_PORT: port ${port} is in use`);
});
