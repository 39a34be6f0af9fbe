import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const DRILL = join(import.meta.dirname, '../../dist/chaos/drill.js');

test('restored from a backup, the engine asks before it charges: nothing twice, nothing missed', async () => {
  const { stdout } = await run(process.execPath, [DRILL, 'recovered']);
  expect(stdout).toContain('in quarantine: the database was restored or failed over (another timeline)');
  expect(stdout).toMatch(/10 payments lost and found, 10 charged later, 0 violations/);
}, 300_000);
