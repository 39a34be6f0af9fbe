import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from './canonical.js';

test('says the same of the same body, however its fields are ordered, and tells others apart', () => {
  const body = fc.object({ maxDepth: 3, withNullPrototype: false });
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).toReversed().map(([name, one]) => [name, turned(one)]));
  };
  fc.assert(
    fc.property(body, body, (one, other) => {
      const [a, b] = [json(one), json(other)];
      expect(canonical(turned(a))).toBe(canonical(a));
      // Zero has two signs in JavaScript, and one in JSON.
      expect(json(JSON.parse(canonical(a)))).toEqual(a);
      if (canonical(a) === canonical(b)) expect(b).toEqual(a);
    }),
  );
});

test('a body that is left out is an empty one; one that is too deep is no trouble', () => {
  expect(canonical(undefined)).toBe('{}');
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(canonical(deep).length).toBeLessThan(100);
});
