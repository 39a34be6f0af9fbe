import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const CRASH = join(import.meta.dirname, '../../dist/chaos/crash.js');

test('killed at each of the first points of every flow, the engine comes back and settles everything once', async () => {
  const { stdout } = await run(process.execPath, [CRASH, 'enumerate', '--short']);
  const [, points, places, violations] = /(\d+) points at (\d+) places, (\d+) violations/.exec(stdout) ?? [];
  expect({ violations, many: Number(points) > 150, ofAllKinds: Number(places) > 25 }, stdout).toEqual({ violations: '0', many: true, ofAllKinds: true });
}, 600_000);
