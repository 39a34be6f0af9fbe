import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/platform/config/config.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const NAME = /`([A-Z][A-Z0-9_]+)`/g;

/** The names in the first cells of a document's table of variables. */
function tabled(file: string): string[] {
  const rows = read(file).split('\n| variable |')[1]?.split('\n\n')[0]?.split('\n') ?? [];
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(NAME)].map(([, name]) => name as string));
}

test('README tells of every variable that can be set, and of no other', () => {
  expect(tabled('README.md').toSorted()).toEqual([...VARIABLES].toSorted());
});

test('containers can be given every variable, but where things are kept in them', () => {
  const set = [...read('docker-compose.yml').matchAll(/^\s+([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name as string);
  const own = ['DATA_DIR', 'SANDBOX_PORT', 'SANDBOX_CONTROL_PORT'];
  // Those of PostgreSQL's image and of OpenTelemetry's packages are not ours to describe.
  const engine = set.filter((name) => !/^(POSTGRES|OTEL)_/.test(name));
  expect(engine.toSorted()).toEqual([...VARIABLES].filter((name) => !own.includes(name)).toSorted());
});
