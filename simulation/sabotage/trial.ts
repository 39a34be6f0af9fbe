import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Climate } from '../climates.js';
import type { SeedOrder } from '../seed.process.js';
import { type Ground, runSeedProcess } from '../seeds.js';
import { compiledMutant, remove, sourceMutant } from './mutant.js';
import type { Patch, Switch, Watch } from './switch.js';

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

/** Runs the program without one protection and tells whether that was noticed. */
export async function tryOut({ name, patches, watch, covered }: Switch, ground: Ground): Promise<Finding> {
  const began = performance.now();
  const seen = 'test' in watch ? await test(watch, patches) : await mutantLife(patches, watch.climate, watch.seed ?? 1, ground, name);
  const seconds = (performance.now() - began) / 1000;
  const expected = covered === undefined ? 'caught' : 'survived';
  const verdict = seen === null ? 'survived' : 'caught';
  return { name, verdict, by: seen ?? covered ?? 'NOBODY', seconds, right: verdict === expected };
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

async function test({ test: file, named }: Extract<Watch, { test: string }>, patches: readonly Patch[]): Promise<string | null> {
  const folder = await sourceMutant(patches);
  try {
    const which = named === undefined ? [] : ['--testNamePattern', named];
    const vitest = spawn(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'all', '--bail', '1', ...which, file], { cwd: folder, stdio: 'ignore' });
    const [code] = (await once(vitest, 'exit')) as [number | null];
    return code === 0 ? null : file;
  } finally {
    await remove(folder);
  }
}
