import { FAULTS } from '../sandbox/faults/catalogue.js';
import { allEdges, type Counts, NOT_TAKEN, SELDOM } from './edges.js';
import type { Options } from './options.js';
import type { SeedReport } from './seed.process.js';
import { ENGINE_CLASSES, GATEWAY_CLASSES, NOT_SHOWN } from './swarm.js';

const MOST_SHOWN = 10;
const LAST_LINES = Number(process.env.SIMULATION_LINES ?? 25);

/** Prints the figures; true when everything that must hold holds. */
export function printReport(options: Options, reports: readonly SeedReport[], seconds: number): boolean {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const violations = reports.flatMap((report) => report.verdict.violations.map((violation) => ({ ...violation, report })));
  for (const { kind, email, detail, report } of violations.slice(0, MOST_SHOWN)) {
    say(`\nseed ${report.order.seed}: ${kind}: ${email ?? 'nobody'}: ${detail}`);
    for (const line of (report.stories[email ?? ''] ?? []).slice(-LAST_LINES)) say(`    ${line}`);
  }
  if (violations.length > MOST_SHOWN) say(`… and ${violations.length - MOST_SHOWN} more`);
  const total = (figure: (report: SeedReport) => number): number => reports.reduce((sum, report) => sum + figure(report), 0);
  const of = (kind: string): number => violations.filter((violation) => violation.kind === kind).length;
  const faults = sumOf(reports.map((report) => report.faults));
  const edges = sumOf(reports.map((report) => report.edges));
  say(`\nfaults fired: ${listOf(faults)}`);
  say(`moves: ${listOf(sumOf(reports.map((report) => report.moves)))}; answers: ${listOf(sumOf(reports.map((report) => report.answers)))}`);
  say(`edges taken: ${listOf(edges)}`);
  const silent = classesOf().filter((name) => !(faults[name] ?? 0));
  const possible = allEdges().filter((edge) => !(edge in NOT_TAKEN));
  const untaken = possible.filter((edge) => !(edges[edge] ?? 0) && !(edge in SELDOM));
  const missing = possible.filter((edge) => !(edges[edge] ?? 0) && edge in SELDOM);
  if (silent.length > 0) say(`never fired: ${silent.join(', ')}`);
  if (untaken.length > 0) say(`never taken: ${untaken.join(', ')}`);
  for (const edge of missing) say(`not taken this time: ${edge} (${SELDOM[edge]})`);
  for (const [edge, reason] of Object.entries(NOT_TAKEN)) say(`not to be taken: ${edge} (${reason})`);
  for (const [type, reason] of Object.entries(NOT_SHOWN)) say(`not to be shown: ${type} (${reason})`);
  say(
    `\n${reports.length} seeds, ${total((r) => r.verdict.subscriptions)} subscriptions, ${total((r) => r.verdict.periods)} periods, ` +
      `${total((r) => r.verdict.charges)} charges, ${total((r) => r.verdict.captures)} captures ` +
      `(${total((r) => r.verdict.surplus)} surplus), ${total((r) => r.verdict.owed)} periods owed; ${classesOf().length - silent.length} of ${classesOf().length} fault classes fired, ` +
      `${possible.length - untaken.length - missing.length} of ${possible.length} edges taken, `+
      `${total((r) => r.crashes)} crashes, ${total((r) => r.calls)} gateway calls, ${total((r) => r.statements)} statements (${total((r) => r.overtaken)} overtaken), ${total((r) => r.steps)} steps; ` +
      `doubles ${of('double')}, missed ${of('missed')}, other violations ${violations.length - of('double') - of('missed')}; ${seconds.toFixed(0)} s`,
  );
  const complete = !options.complete || (silent.length === 0 && untaken.length === 0);
  return violations.length === 0 && complete;
}

/** Every class of faults that there is, the gateway's refunds aside. */
function classesOf(): string[] {
  const known = new Set<string>([...GATEWAY_CLASSES.map(({ type }) => type), 'outage']);
  const gateway = Object.keys(FAULTS).filter((type) => known.has(type));
  return [...gateway, ...Object.keys(ENGINE_CLASSES)];
}

function sumOf(counts: readonly Counts[]): Counts {
  const sum: Counts = {};
  for (const one of counts) for (const [name, times] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + times;
  return sum;
}

function listOf(counts: Counts): string {
  return Object.entries(counts).sort().map(([name, times]) => `${name} ${times}`).join(', ');
}
