import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Family, readExposition } from '../support/exposition.js';
import { World } from '../support/world.js';

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const PAGE = 'docs/operations.md';
const page = read(PAGE);
const { groups } = parse(read('docs/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const OWN = /\bzhouqi_[a-z_]+[a-z]\b/g;
/** Of the machine, not of the engine. */
const FOREIGN = /^node_/;

let families: Map<string, Family>;
beforeAll(async () => {
  const world = await World.open();
  families = readExposition((await world.call('get', '/metrics')).text);
  await world.close();
});
afterAll(() => families.clear());

/** The family that a name in a document is about: `_bucket`, `_sum` and `_count` are a histogram's. */
function familyOf(name: string): Family | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return families.get(name) ?? (families.get(base)?.type === 'histogram' ? families.get(base) : undefined);
}

const ours = () => [...families].filter(([name]) => name.startsWith('zhouqi_'));

test('every metric stands in the tables of docs/operations.md, and every name there is a metric', () => {
  const tabled = page.split('\n').flatMap((line) => /^\| `(zhouqi_[a-z_]+)(?:\{[^}]*\})?`/.exec(line)?.[1] ?? []);
  expect(tabled.toSorted()).toEqual(ours().map(([name]) => name).toSorted());
  const named = [page, read('README.md'), read('docs/security.md')].flatMap((text) => text.match(OWN) ?? []).filter((name) => name !== 'zhouqi_engine');
  expect(named.filter((name) => !familyOf(name))).toEqual([]);
});

test('the labels that the tables name are those of the metrics', () => {
  for (const [, name, labels = ''] of page.matchAll(/^\| `(zhouqi_[a-z_]+)(?:\{([a-z_, ]+)\})?`/gm)) {
    const shown = new Set([...(families.get(name as string)?.samples.keys() ?? [])].flatMap((key) => [...key.matchAll(/[{,](\w+)=/g)].map(([, label]) => label)));
    shown.delete('le');
    // What has not happened yet shows no labels.
    if (shown.size > 0) expect(labels.split(', ').toSorted(), name).toEqual([...shown].toSorted());
  }
});

test('metrics are named as Prometheus wants them: the base unit, `_total` for what only rises, and a help for each', () => {
  for (const [name, { type, help }] of ours()) {
    expect(help.length, name).toBeGreaterThan(10);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name, name).not.toMatch(/_(ms|milliseconds|minutes|hours|count|bucket|sum)$/);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    if (/_age|_lag|_duration|_timestamp/.test(name)) expect(name).toMatch(/_seconds$/);
  }
});

describe('docs/alerts.yml', () => {
  test('holds rules as Prometheus reads them, each once', () => {
    expect(rules.length).toBeGreaterThan(20);
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule, rule.alert).toEqual({
        alert: expect.stringMatching(/^Zhouqi[A-Z][A-Za-z]+$/),
        expr: expect.any(String),
        ...(rule.for !== undefined && { for: expect.stringMatching(/^\d+[smh]$/) }),
        labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
        annotations: { summary: expect.any(String), runbook: expect.any(String) },
      });
    }
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))('%s asks for what there is, in valid PromQL', (_, { expr, annotations }) => {
    const names: string[] = [];
    parser.parse(expr).iterate({
      enter: (node) => {
        expect(node.type.isError, `at ${expr.slice(node.from)}`).toBe(false);
        if (node.name === 'VectorSelector') names.push(/^[\w:]+/.exec(expr.slice(node.from))?.[0] ?? '');
      },
    });
    expect(names.length).toBeGreaterThan(0);
    for (const name of names.filter((each) => !FOREIGN.test(each))) expect(familyOf(name), name).toBeDefined();
    // Values of labels that are always shown must be among those that are shown.
    for (const [, name, label, value] of expr.matchAll(/(zhouqi_[a-z_]+)\{(status|state|timer|kind|budget|turn|age)="([^"]+)"/g)) {
      const keys = [...(familyOf(name as string)?.samples.keys() ?? [])];
      if (name !== 'zhouqi_measured_timestamp_seconds') expect(keys.some((key) => key.includes(`${label}="${value}"`)), `${name} ${label}=${value}`).toBe(true);
    }
    const [file, anchor] = annotations.runbook.split('#');
    expect(file).toBe(PAGE);
    expect(anchors()).toContain(anchor);
  });

  test('and each is explained in the table of docs/operations.md', () => {
    const tabled = [...page.matchAll(/^\| `(Zhouqi\w+)`/gm)].map(([, name]) => name as string);
    expect(tabled.toSorted()).toEqual(rules.map((rule) => rule.alert).toSorted());
    for (const { alert, expr, annotations } of rules) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${alert}\``)) ?? '';
      const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
      expect(cells[2], alert).toBe(`\`${expr.replaceAll('|', '\\|')}\``);
      expect(cells[4], alert).toMatch(new RegExp(`^\\[.+\\]\\(#${annotations.runbook.split('#')[1]}\\)$`));
    }
  });
});

/** Headings as GitHub makes links of them. */
function anchors(): string[] {
  return [...page.matchAll(/^#{2,4} (.+)$/gm)].map(([, heading]) => (heading as string).toLowerCase().replace(/[^\w\s-]/g, '').replaceAll(' ', '-'));
}
