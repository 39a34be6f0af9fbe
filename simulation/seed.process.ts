import 'reflect-metadata';
import { runMigrations } from '../src/platform/database/migrate.js';
import { Chance } from './chance.js';
import { type Climate, CLIMATES } from './climates.js';
import { type Counts, readEdges, watchEdges } from './edges.js';
import { judge, type Verdict } from './judge.js';
import { Lab } from './lab.js';
import { Life } from './life.js';
import { swarmOf } from './swarm.js';
import { hashOf, readStories } from './trace.js';

/** What a process is to live through. */
export interface SeedOrder {
  seed: number;
  subscriptions: number;
  /** Virtual days under faults; another `calmDays` follow in health. */
  days: number;
  calmDays: number;
  databaseUrl: string;
  /** One kind of weather instead of the seed's own choice. */
  climate?: Climate;
}

/** What came of it. */
export interface SeedReport {
  order: SeedOrder;
  verdict: Verdict;
  hash: string;
  edges: Counts;
  /** Fault classes that were switched on, with how often each struck. */
  faults: Counts;
  moves: Counts;
  answers: Counts;
  stories: Record<string, string[]>;
  crashes: number;
  steps: number;
  calls: number;
  statements: number;
  overtaken: number;
  seconds: number;
  /** Processor time of this process alone. */
  cpuSeconds: number;
}

const START = Date.parse('2026-01-27T00:00:00Z');
const DAY_MS = 86_400_000;

/** Lives one seed's life, in this process, and judges it. */
export async function runSeed(order: SeedOrder): Promise<SeedReport> {
  const began = process.hrtime.bigint();
  const chance = new Chance(`seed ${order.seed}`);
  const swarm = order.climate === undefined ? swarmOf(order.seed, chance) : CLIMATES[order.climate];
  const life = new Life(chance, swarm);
  await runMigrations(order.databaseUrl);
  const lab = await Lab.open({ databaseUrl: order.databaseUrl, start: START, chance, roadFault: life.luck.roadFault });
  await watchEdges(lab.admin);
  await life.begin(lab, order.subscriptions);
  await life.liveUntil(START + order.days * DAY_MS);
  await life.heal();
  await life.settleUntil(lab.time.at + order.calmDays * DAY_MS);
  const verdict = await judge(lab);
  // A world in which nobody lives has nothing that could go wrong.
  if (verdict.periods * 4 < order.subscriptions) verdict.violations.push({ kind: 'missed', email: null, detail: `only ${verdict.periods} periods were lived` });
  const stories = await readStories(lab.admin, lab);
  const blamed = new Set(verdict.violations.map(({ email }) => email));
  const faults: Counts = { ...Object.fromEntries(swarm.gateway.map(({ type }) => [type, 0])), ...Object.fromEntries(Object.keys(swarm.engine).map((name) => [name, 0])) };
  const report: SeedReport = {
    order,
    verdict,
    hash: hashOf(stories),
    edges: await readEdges(lab.admin),
    faults: { ...faults, ...lab.gateway.context.faults.firedByType(), ...Object.fromEntries(life.luck.struck) },
    moves: Object.fromEntries(life.moves),
    answers: Object.fromEntries(lab.answers),
    stories: Object.fromEntries([...stories].filter(([email]) => blamed.has(email) || process.env.SIMULATION_STORIES !== undefined)),
    crashes: life.crashes,
    steps: life.steps,
    calls: lab.road.calls,
    statements: lab.gate.statements,
    overtaken: lab.gate.overtaken,
    seconds: Number(process.hrtime.bigint() - began) / 1e9,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  };
  return report;
}

// Without whoever ordered it nobody wants the life any more.
process.once('disconnect', () => process.exit(1));
process.once('message', (order: SeedOrder) => {
  runSeed(order).then(
    (report) => process.send?.({ report }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1)),
  );
});
