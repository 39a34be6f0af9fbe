import { expect } from 'vitest';

export interface Family {
  type: string;
  help: string;
  /** By name and labels, as they are written. */
  samples: Map<string, number>;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i;

/** Reads the text that Prometheus would read, as strictly as it may be read. Throws at the first line that is not valid. */
export function readExposition(text: string): Map<string, Family> {
  expect(text.endsWith('\n'), 'the last line is ended').toBe(true);
  const families = new Map<string, Family>();
  let name = '';
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, about, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      name = about as string;
      expect(families.has(name), `${name} comes once`).toBe(false);
      families.set(name, { type: '', help: rest as string, samples: new Map() });
      continue;
    }
    const family = families.get(name);
    if (!family) throw new Error(`without its help: ${line}`);
    if (keyword === 'TYPE') {
      expect(about, line).toBe(name);
      expect(['counter', 'gauge', 'histogram', 'summary'], line).toContain(rest);
      family.type = rest as string;
      continue;
    }
    const [, sample, labels = '', value] = SAMPLE.exec(line) ?? [];
    expect(sample, line).toBeDefined();
    const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : family.type === 'summary' ? ['', '_sum', '_count'] : [''];
    expect(suffixes.map((suffix) => name + suffix), line).toContain(sample);
    const key = `${sample}${labels.replace(',}', '}')}`;
    expect(family.samples.has(key), `${key} comes once`).toBe(false);
    family.samples.set(key, Number((value as string).replace('Inf', 'Infinity')));
  }
  for (const [each, family] of families) if (family.type === 'histogram') expectCumulative(each, family);
  return families;
}

/** Buckets that never fall, the last one holding all that were counted. */
function expectCumulative(name: string, { samples }: Family): void {
  const before = new Map<string, number>();
  for (const [key, value] of samples) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const others = key.slice(name.length + '_bucket'.length).replace(/,?le="[^"]*"/, '').replace('{,', '{').replace('{}', '');
    expect(value, key).toBeGreaterThanOrEqual(before.get(others) ?? 0);
    before.set(others, value);
    if (key.includes('le="+Inf"')) expect(value, key).toBe(samples.get(`${name}_count${others}`));
  }
}

/** All samples of all families, by name and labels. */
export function samplesOf(families: ReadonlyMap<string, Family>): Record<string, number> {
  return Object.fromEntries([...families.values()].flatMap(({ samples }) => [...samples]));
}
