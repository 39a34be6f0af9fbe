const LONG = process.env.NUM_RUNS;

/** Whether the properties run at length: then they tell how much they have tried. */
export const atLength = LONG !== undefined;

/** How often a property is tried: `usual` times, or a share of NUM_RUNS where the properties run at length. */
export function runs(usual: number, share = 1): number {
  return LONG === undefined ? usual : Math.max(1, Math.round(Number(LONG) * share));
}

export function report(figures: string): void {
  if (atLength) console.info(figures);
}
