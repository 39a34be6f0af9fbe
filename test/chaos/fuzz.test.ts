import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const FUZZ = join(import.meta.dirname, '../../dist/chaos/fuzz.js');

test('mutated webhooks: none unsigned is taken, none breaks the engine, none moves money', async () => {
  const { stdout } = await run(process.execPath, [FUZZ, '--http', '6000', '--process', '30000']);
  expect(stdout).toMatch(/in process: 30000 deliveries .* 0 violations/);
  expect(stdout).toMatch(/over HTTP: 6000 deliveries .* 0 violations/);
}, 120_000);
