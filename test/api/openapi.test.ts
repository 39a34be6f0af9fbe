import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DOCUMENT, writeDocument } from '../../openapi/document.js';
import document from '../../src/openapi/openapi.json' with { type: 'json' };
import { mismatch, OPERATIONS } from '../support/interface.js';

type Json = Record<string, any>;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the document says what the code does; `npm run openapi` writes it anew', async () => {
  expect(writeDocument(ROOT)).toBe(await readFile(`${ROOT}/${DOCUMENT}`, 'utf8'));
}, 60_000);

describe.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))('%s', (_, { method, path }) => {
  const documented = (document.paths as Json)[path][method] as Json;
  const contents = [documented['requestBody'], ...Object.values(documented['responses'] as Json)].flatMap((part: Json | undefined) => Object.entries((part?.['content'] ?? {}) as Json));

  test('is shown by examples that its schemas take', () => {
    for (const [type, { schema, example }] of contents) {
      if (type !== 'application/json' || path === '/openapi.json') continue;
      expect(example, `${method} ${path} has an example`).toBeDefined();
      expect(mismatch(schema, example)).toBeNull();
    }
  });

  test('is explained', () => {
    expect(documented['summary']).toMatch(/^[A-Z]/);
    expect(documented['description'].length).toBeGreaterThanOrEqual(documented['summary'].length);
  });
});

test('every problem is shown by an example that its schema takes', () => {
  for (const [code, { value }] of Object.entries(document.components.examples)) {
    expect(value.code).toBe(code);
    expect(mismatch(document.components.schemas.Problem, value)).toBeNull();
  }
});

test('every field of every schema is explained', () => {
  for (const [name, schema] of Object.entries(document.components.schemas as Json)) {
    for (const [field, { description }] of Object.entries((schema.properties ?? {}) as Json)) expect(description, `${name}.${field}`).toMatch(/^\S/);
  }
});
