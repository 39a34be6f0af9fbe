/** How often a property is tried: `usual` times, or a share of NUM_RUNS where the properties run at length. */
export function runs(usual: number, share = 1): number {
  const long = process.env.NUM_RUNS;
  return long === undefined ? usual : Math.max(1, Math.round(Number(long) * share));
}
