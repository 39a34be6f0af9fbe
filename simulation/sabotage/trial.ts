import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Climate } from '../climates.js';
import type { SeedOrder } from '../seed.process.js';
import { type Ground, runSeedProcess } from '../seeds.js';
import { compiledMutant, remove, sourceMutant } from './mutant.js';
import type { Patch, Switch } from './switch.js';

/** What came of taking something out. */
export interface Finding {
  name: string;
  verdict: 'caught' | 'survived' | 'holds' | 'broken';
  /** Who noticed it, and how. */
  by: string;
  seconds: number;
  /** Whether it went as the table says. */
  right: boolean;
}

const SUBSCRIPTIONS = 24;
const DAYS = 10;
/** Long enough for the comparison of charges at 14 days. */
const CALM_DAYS = 15;

/** Runs the sound program in a climate: what is blamed on a switch must not be the weather's doing. */
export async function controlOf(climate: Climate, ground: Ground): Promise<Finding> {
  const began = performance.now();
  const seen = await live(climate, 1, ground, `control_${climate}`);
  const seconds = (performance.now() - began) / 1000;
  return { name: `(nothing: ${climate})`, verdict: seen === null ? 'holds' : 'broken', by: seen ?? '', seconds, right: seen === null };
}

/** Runs the tests that watch on the sound program: what is blamed on a switch must not be the copy's doing. */
export async function controlOfTests(files: readonly string[]): Promise<Finding> {
  const { verdict, by, seconds } = await judged(() => test(files, undefined, []));
  return { name: '(nothing: tests)', verdict: verdict === 'survived' ? 'holds' : 'broken', by, seconds, right: verdict === 'survived' };
}

/** Runs the program without one protection and tells whether that was noticed. */
export async function tryOut({ name, patches, watch, covered }: Switch, ground: Ground): Promise<Finding> {
  const { verdict, by, seconds } = await judged(() =>
    'test' in watch ? test([watch.test], watch.named, patches) : mutantLife(patches, watch.climate, watch.seed ?? 1, ground, name),
  );
  const expected = covered === undefined ? 'caught' : 'survived';
  return { name, verdict, by: verdict === 'survived' ? (covered ?? 'NOBODY') : by, seconds, right: verdict === expected };
}

async function judged(trial: () => Promise<string | null>): Promise<Pick<Finding, 'verdict' | 'by' | 'seconds'>> {
  const began = performance.now();
  const told = await trial().then(
    (seen) => ({ verdict: seen === null ? ('survived' as const) : ('caught' as const), by: seen ?? '' }),
    (error: unknown) => ({ verdict: 'broken' as const, by: String(error).split('\n')[0] ?? '' }),
  );
  return { ...told, seconds: (performance.now() - began) / 1000 };
}

async function mutantLife(patches: readonly Patch[], climate: Climate, seed: number, ground: Ground, name: string): Promise<string | null> {
  const folder = await compiledMutant(patches);
  try {
    return await live(climate, seed, ground, `mutant_${name.toLowerCase()}`, join(folder, 'dist/simulation/seed.process.js'));
  } finally {
    await remove(folder);
  }
}

/** What a simulation complains of, or null. */
async function live(climate: Climate, seed: number, ground: Ground, database: string, program?: string): Promise<string | null> {
  const databaseUrl = await ground.empty(database);
  const order: SeedOrder = { seed, subscriptions: SUBSCRIPTIONS, days: DAYS, calmDays: CALM_DAYS, databaseUrl, climate };
  try {
    const { verdict } = await runSeedProcess(order, program);
    const [first] = verdict.violations;
    if (!first) return null;
    const kinds = [...new Set(verdict.violations.map(({ kind }) => kind))].join(', ');
    return `simulation (${climate}, seed ${seed}): ${verdict.violations.length} × ${kinds}`;
  } catch (error) {
    // A program that falls down was noticed as well.
    return `simulation (${climate}, seed ${seed}): ${String(error).split('\n')[0]}`;
  }
}

/** What vitest reports of a run. */
interface Report {
  numPassedTests: number;
  testResults: { name: string; message: string; assertionResults: { status: string; title: string }[] }[];
}

/** The first test that failed, or null. A file that could not even be read, or that held none of the tests, noticed nothing. */
async function test(files: readonly string[], named: string | undefined, patches: readonly Patch[]): Promise<string | null> {
  const folder = await sourceMutant(patches);
  try {
    const report = join(folder, 'report.json');
    const which = named === undefined ? [] : ['--testNamePattern', named];
    const how = ['run', '--project', 'all', '--bail', '1', '--reporter', 'json', '--outputFile', report];
    const vitest = spawn(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), ...how, ...which, ...files], { cwd: folder, stdio: 'ignore' });
    const [code] = (await once(vitest, 'exit')) as [number | null];
    const { testResults, numPassedTests } = JSON.parse(await readFile(report, 'utf8')) as Report;
    for (const { name, assertionResults } of testResults) {
      const failed = assertionResults.find(({ status }) => status === 'failed');
      if (failed) return `${relative(folder, name)}: ${failed.title}`;
    }
    const unread = testResults.find(({ message }) => message !== '');
    if (unread) throw new Error(unread.message);
    if (code !== 0 || numPassedTests === 0) throw new Error(`ended with ${code} after ${numPassedTests} tests`);
    return null;
  } finally {
    await remove(folder);
  }
}
