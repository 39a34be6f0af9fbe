import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const path = (file: string) => new URL(`../../${file}`, import.meta.url);
const rows = readFileSync(path('docs/security.md'), 'utf8').split('## The checklist')[1]?.split('\n').filter((line) => /^\| \d/.test(line)) ?? [];

test('every line of the security checklist has its row, once, and every test that a row names is there', () => {
  const lines = rows.flatMap((row) => (row.split('|')[1] as string).match(/\d+/g)?.map(Number) ?? []);
  expect(lines.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
  const named = rows.flatMap((row) => row.match(/(?:test|src)\/[\w./-]+\.ts/g) ?? []);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((file) => !existsSync(path(file)))).toEqual([]);
});
