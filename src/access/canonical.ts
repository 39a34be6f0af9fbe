/** Deeper than any body that is taken: what lies below is refused whatever it is. */
const MAX_DEPTH = 10;

/** One text for all spellings of a body: the order of fields and the blanks between them mean nothing. */
export function canonical(value: unknown, depth = 0): string {
  if (value === undefined) return '{}';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > MAX_DEPTH) return '"too deep"';
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join(',')}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one, depth + 1)}`).join(',')}}`;
}
