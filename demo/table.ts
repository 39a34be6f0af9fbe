const GAP = '  ';

/** Lines of a table, numbers to the right and the first column to the left, with its totals below a rule. */
export function formatTable(header: string[][], rows: string[][], totals: string[]): string {
  const all = [...header, ...rows, totals];
  const widths = totals.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string =>
    widths.map((width, i) => (i === 0 ? (row[i] ?? '').padEnd(width) : (row[i] ?? '').padStart(width))).join(GAP).trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)));
  return [...header.map(line), rule, ...rows.map(line), rule, line(totals)].join('\n');
}
