import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { REDACTED, told } from '../../src/platform/log/log.line.js';

const LEVELS = new Set(['fatal', 'error', 'warn', 'log', 'debug', 'verbose']);

interface Line {
  place: string;
  fields: string[];
}

/** Every line of the log that is written with fields. */
function linesOf(file: string): Line[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const lines: Line[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [fields] = node.arguments;
      if (isLog(node.expression, source) && fields && ts.isObjectLiteralExpression(fields)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        const names = fields.properties.map((property) => property.name?.getText(source) ?? property.getText(source));
        lines.push({ place: `${file}:${line + 1}`, fields: names });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

/** `this.log.warn` or `this.log[level]`. */
function isLog(callee: ts.Expression, source: ts.SourceFile): boolean {
  if (ts.isPropertyAccessExpression(callee)) return LEVELS.has(callee.name.text) && callee.expression.getText(source).endsWith('log');
  return ts.isElementAccessExpression(callee) && callee.expression.getText(source).endsWith('log');
}

test('what our own lines say of themselves is told', () => {
  const lines = globSync('src/**/*.ts').flatMap(linesOf);
  expect(lines.length).toBeGreaterThan(25);
  const hidden = lines.flatMap(({ place, fields }) =>
    fields.filter((name) => told({ [name]: 'x' })[name] === REDACTED && name !== 'err').map((name) => `${place} ${name}`),
  );
  expect(hidden).toEqual([]);
});
