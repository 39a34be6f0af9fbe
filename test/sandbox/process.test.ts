import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { KEY, PATIENCE, redirectBody, send } from './support.js';

const ROOT = resolve(import.meta.dirname, '../..');
let dist: string;

// The process is tested as it is shipped: compiled, run by plain node.
beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), 'sandbox-dist-'));
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(dist, 'node_modules'));
  for (const file of readdirSync(join(ROOT, 'sandbox'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const target = join(dist, 'sandbox', file.replace(/ts$/, 'js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, stripTypeScriptTypes(readFileSync(join(ROOT, 'sandbox', file), 'utf8')));
  }
});

afterAll(() => rmSync(dist, { recursive: true, force: true }));

interface Running {
  child: ChildProcess;
  url: string;
  controlUrl: string;
  exit: Promise<number | string>;
}

function spawn(env: Record<string, string>): { child: ChildProcess; exit: Promise<number | string>; output: () => string } {
  const child = fork(join(dist, 'sandbox/main.js'), [], { env: { PATH: process.env['PATH'], SANDBOX_PORT: '0', ...env }, silent: true, execArgv: [] });
  let output = '';
  child.stdout!.on('data', (part) => (output += String(part)));
  child.stderr!.on('data', (part) => (output += String(part)));
  const exit = new Promise<number | string>((done) => child.once('exit', (code, signal) => done(code ?? signal!)));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, exit, output: () => output };
}

async function start(env: Record<string, string> = {}): Promise<Running & { output: () => string }> {
  const { child, exit, output } = spawn(env);
  const ready = await new Promise<any>((done, failed) => {
    child.once('message', done);
    child.once('exit', () => failed(new Error(output())));
  });
  expect(ready.type).toBe('ready');
  return { child, exit, output, url: ready.url, controlUrl: ready.controlUrl };
}

test('it says where it is, serves both ports on loopback, and stops on SIGTERM', async () => {
  const { child, exit, output, url, controlUrl } = await start();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(output()).toBe(`sandbox gateway ready: ${url} (control: ${controlUrl})\n`);
  expect((await send(`${controlUrl}/idle`, 'GET', {})).body.idle).toBe(true);
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
});

test('it does not outlive the process that started it', async () => {
  const { child, exit } = await start();
  child.disconnect();
  expect(await exit).toBe(0);
});

test('it keeps its book through kill -9', async () => {
  const dataDir = join(dist, 'data');
  mkdirSync(dataDir);
  const env = { SANDBOX_DATA_DIR: dataDir, SANDBOX_SETTINGS: '{"preset":"fast"}' };
  const first = await start(env);
  const { body } = await send(`${first.url}/payments`, 'POST', { authorization: `Bearer ${KEY}` }, JSON.stringify(redirectBody('Recurring')));
  await send(`${first.controlUrl}/payments/${body.id}/approve`, 'POST', {});
  await expect.poll(async () => (await send(`${first.controlUrl}/book`, 'GET', {})).body.currencies.CNY?.captured, PATIENCE).toBe(1100);
  // The journal may be some milliseconds late.
  await expect.poll(() => readFileSync(join(dataDir, 'sandbox.jsonl'), 'utf8'), PATIENCE).toContain(`["book","${body.id}"`);
  first.child.kill('SIGKILL');
  expect(await first.exit).toBe('SIGKILL');
  const second = await start(env);
  expect((await send(`${second.controlUrl}/book/entries`, 'GET', {})).body.data).toMatchObject([{ payment_id: body.id, amount: 1100 }]);
});

test('a bad value ends the start with one line that names it', async () => {
  const { exit, output } = spawn({ SANDBOX_PORT: 'high' });
  expect(await exit).toBe(1);
  expect(output()).toBe('sandbox: SANDBOX_PORT: must be a port number, not "high"\n');
});

test('a port that is taken ends the start with one line, too', async () => {
  const { url } = await start();
  const { exit, output } = spawn({ SANDBOX_PORT: new URL(url).port });
  expect(await exit).toBe(1);
  expect(output()).toMatch(/^sandbox: .*EADDRINUSE.*\n$/);
});
