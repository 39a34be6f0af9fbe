import { BASES, type Base, type Flow, FLOWS } from './flows.js';
import { Ground } from './ground.js';
import { violations } from './judge.js';
import type { Died } from './preload.js';
import { live } from './life.js';
import type { Crew } from './processes.js';
import { EngineDied, type World } from './world.js';

export interface Plan {
  /** Engines in one process, which die together. */
  crew: number;
  /** Processes at the same time. */
  lanes: number;
  /** Points of each flow at most; Infinity goes on until a flow ends with nobody killed. */
  most: number;
  /** Only this flow, and only this point of it. */
  flow?: string;
  point?: number;
}

/** A flow, its n-th point, and what became of it. */
interface Case {
  flow: Flow;
  point: number;
}

interface Verdict extends Case {
  /** Where it died; null when the flow has fewer points. */
  died: string | null;
  wrong: string[];
}

export interface Enumeration {
  points: number;
  /** Points of each flow, by its name; to its end where `whole`. */
  flows: { name: string; points: number; whole: boolean }[];
  /** Kinds of places at which something died. */
  places: Map<string, number>;
  wrong: string[];
  seconds: number;
}

/** Kills an engine at every point of every flow, one at a time, and lets the next one clear up. */
export async function enumerate(plan: Plan, say: (line: string) => void): Promise<Enumeration> {
  const began = performance.now();
  const ground = await Ground.open();
  try {
    const flows = FLOWS.filter(({ name }) => plan.flow === undefined || name === plan.flow);
    const bases = await layBases(ground, flows);
    const verdicts = await judgeAll(ground, bases, flows, plan, say);
    return summary(verdicts, flows, (performance.now() - began) / 1000);
  } finally {
    await ground.close();
  }
}

async function layBases(ground: Ground, flows: readonly Flow[]): Promise<Map<Base, string>> {
  const laid = new Map<Base, string>();
  const lay = async (base: Base): Promise<string> => {
    const known = laid.get(base);
    if (known !== undefined) return known;
    const { from, run } = BASES[base];
    const world = await ground.clone(from === 'fresh' ? 'fresh' : await lay(from));
    await live([world], () => run(world));
    await world.rest();
    laid.set(base, world.name);
    return world.name;
  };
  for (const { base } of flows) await lay(base);
  return laid;
}

async function judgeAll(
  ground: Ground,
  bases: Map<Base, string>,
  flows: readonly Flow[],
  plan: Plan,
  say: (line: string) => void,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const reached = new Map(flows.map((flow) => [flow, 0]));
  const nextCases = (): Case[] => {
    if (plan.point !== undefined) return reached.size === 0 ? [] : [...reached.keys()].map((flow) => (reached.delete(flow), { flow, point: plan.point as number }));
    const cases: Case[] = [];
    // Breadth first, so that a crew holds many flows.
    while (cases.length < plan.crew && reached.size > 0) {
      const [flow, last] = [...reached].reduce((least, one) => (one[1] < least[1] ? one : least));
      if (last >= plan.most) reached.delete(flow);
      else {
        reached.set(flow, last + 1);
        cases.push({ flow, point: last + 1 });
      }
    }
    return cases;
  };
  const lane = async (): Promise<void> => {
    for (let cases = nextCases(); cases.length > 0; cases = nextCases()) {
      const judged = await judgeTogether(ground, bases, cases);
      verdicts.push(...judged);
      for (const { flow, died } of judged) if (died === null) reached.delete(flow);
      say(`${verdicts.filter(({ died }) => died !== null).length} points, ${verdicts.reduce((sum, { wrong }) => sum + wrong.length, 0)} violations`);
    }
  };
  await Promise.all(Array.from({ length: plan.lanes }, lane));
  return verdicts;
}

async function judgeTogether(ground: Ground, bases: Map<Base, string>, cases: readonly Case[]): Promise<Verdict[]> {
  const worlds: World[] = [];
  for (const { flow } of cases) {
    const world = await ground.clone(bases.get(flow.base));
    await flow.prepare?.(world);
    worlds.push(world);
  }
  const deaths: (Died | null)[] = [];
  await live(worlds, async (crew) => {
    const ends = cases.map(async ({ flow, point }, i) => untilDeath(crew, worlds[i] as World, flow, point));
    deaths.push(...(await Promise.all(ends)));
  });
  const errors: string[] = [];
  await live(worlds, () =>
    Promise.all(cases.map(async ({ flow }, i) => (errors[i] = await recover(worlds[i] as World, flow)))),
  );
  const verdicts = await Promise.all(
    cases.map(async ({ flow, point }, i): Promise<Verdict> => {
      const world = worlds[i] as World;
      const wrong = [...(errors[i] ? [errors[i]] : []), ...(await violations(world)), ...(await endsAs(world, flow))];
      return { flow, point, died: deaths[i]?.label ?? null, wrong };
    }),
  );
  await Promise.all(worlds.map((world) => ground.remove(world)));
  return verdicts;
}

/** Runs the flow until its engine dies at the point; null when it ends alive. */
async function untilDeath(crew: Crew, world: World, flow: Flow, point: number): Promise<Died | null> {
  const death = crew.arm({ database: world.name, key: world.key, point });
  const end = flow.run(world).then(
    () => null,
    (error: unknown) => {
      if (!(error instanceof EngineDied)) throw error;
      return null;
    },
  );
  end.catch(() => undefined);
  const died = await Promise.race([death, end]);
  if (died) world.bereave();
  // Whoever still waits hears of the death now, and leaves the world to the next life.
  await end.catch(() => undefined);
  return died;
}

/** The next engine's life: what was begun comes to its end. Returns what went wrong, or nothing. */
async function recover(world: World, flow: Flow): Promise<string> {
  try {
    await flow.run(world);
    await world.until('all is quiet', () => world.isQuiet());
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function endsAs(world: World, { ends }: Flow): Promise<string[]> {
  const wrong: string[] = [];
  const statuses = await world.query<{ status: string }>('select status from subscriptions order by id');
  if (statuses.length !== 1) wrong.push(`there are ${statuses.length} subscriptions`);
  if (statuses[0]?.status !== ends.status) wrong.push(`the subscription is ${statuses[0]?.status}, not ${ends.status}`);
  const paid = await world.query<{ period_no: number }>(`select period_no from invoices where status = 'paid' order by period_no`);
  const periods = paid.map(({ period_no: period }) => period).join();
  if (periods !== ends.paid.join()) wrong.push(`periods ${periods} are paid, not ${ends.paid.join()}`);
  const given = await world.one<{ sum: number }>('select coalesce(sum(amount_refunded), 0)::int as sum from charges');
  if (given?.sum !== (ends.refunded ?? 0)) wrong.push(`${given?.sum} were refunded, not ${ends.refunded ?? 0}`);
  return wrong;
}

function summary(verdicts: readonly Verdict[], flows: readonly Flow[], seconds: number): Enumeration {
  const died = verdicts.filter((verdict) => verdict.died !== null);
  const places = new Map<string, number>();
  for (const { died: place } of died) places.set(place as string, (places.get(place as string) ?? 0) + 1);
  return {
    points: died.length,
    flows: flows.map((flow) => ({
      name: flow.name,
      points: died.filter((verdict) => verdict.flow === flow).length,
      whole: verdicts.some((verdict) => verdict.flow === flow && verdict.died === null),
    })),
    places,
    wrong: verdicts.flatMap(({ flow, point, died: place, wrong }) =>
      wrong.map((line) => `${flow.name}, point ${point} (${place ?? 'nobody died'}): ${line}`),
    ),
    seconds,
  };
}
