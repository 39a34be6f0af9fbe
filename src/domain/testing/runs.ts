const { NUM_RUNS, SEED } = process.env;

/** Whether the properties run at length: then they tell how much they have tried. */
export const atLength = NUM_RUNS !== undefined;

/** Where everything random comes from at length; a seed that was told brings the same run again. */
const seed = Number(SEED ?? Date.now() % 2 ** 31);

/** How often a property is tried: `usual` times, or a share of NUM_RUNS where the properties run at length. */
export function runs(usual: number, share = 1): { numRuns: number; seed?: number } {
  return atLength ? { numRuns: Math.max(1, Math.round(Number(NUM_RUNS) * share)), seed } : { numRuns: usual };
}

export function report(figures: string): void {
  if (atLength) console.info(`${figures} (seed ${seed})`);
}
