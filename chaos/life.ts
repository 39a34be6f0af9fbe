import { Crew } from './processes.js';
import type { World } from './world.js';

/**
 * Lets an engine live in each of these worlds while `work` goes on, and kills them in the end. Further
 * settings of the engines come in `env`.
 */
export async function live(
  worlds: readonly World[],
  work: (crew: Crew) => Promise<unknown>,
  env: Record<string, string> = {},
): Promise<void> {
  const crew = await Crew.start(worlds.map((world) => ({ database: world.name, env: { ...world.env, ...env } })));
  try {
    await Promise.all(worlds.map((world) => world.serve(crew.ports[world.name] as number)));
    await work(crew);
  } finally {
    for (const world of worlds) world.bereave();
    await crew.kill();
  }
}
