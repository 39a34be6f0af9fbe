import { expect, it } from 'vitest';
import { BlindIndex } from './blind.index.js';
import { InstallationSecret } from './secret.js';

const indexWith = (...values: [string, ...string[]]) => new BlindIndex(new InstallationSecret(values));
const COLUMN = 'sources.gateway_source_id';

it('a blind index finds the same text in the same column, and shows nothing of it', () => {
  const [index, ...replaced] = indexWith('the-secret-of-today').of('src_1', COLUMN);
  expect(index).toMatch(/^[\w-]{43}$/);
  expect(replaced).toEqual([]);
  expect(indexWith('the-secret-of-today').of('src_1', COLUMN)).toEqual([index]);
  for (const other of [
    indexWith('the-secret-of-today').of('src_2', COLUMN),
    indexWith('the-secret-of-today').of('src_1', 'others.gateway_source_id'),
    indexWith('the-secret-of-yesterday').of('src_1', COLUMN),
  ]) expect(other).not.toContain(index);
});

it('a blind index finds what a replaced secret has stored, as long as it is given, and stores with the current one', () => {
  const [before] = indexWith('the-secret-of-yesterday').of('src_1', COLUMN);
  const [after] = indexWith('the-secret-of-today').of('src_1', COLUMN);
  expect(indexWith('the-secret-of-today', 'the-secret-of-yesterday').of('src_1', COLUMN)).toEqual([after, before]);
});
