import { defineConfig } from 'vitest/config';

/**
 * The rules alone, without a database or a gateway: what mutation works on. In mode `properties` only the
 * properties run, at length; NUM_RUNS says how long.
 */
export default defineConfig(({ mode }) => {
  const long = mode === 'properties';
  return {
    test: {
      name: 'domain',
      // A mutant is killed by an example that says why, not by the luck of a random life.
      exclude: process.env.STRYKER_MUTATOR_WORKER === undefined ? [] : ['**/*.properties.spec.ts'],
      include: [long ? 'src/domain/**/*.properties.spec.ts' : 'src/domain/**/*.spec.ts'],
      env: long ? { NUM_RUNS: process.env.NUM_RUNS ?? '1000000' } : {},
      testTimeout: long ? 7_200_000 : 30_000,
      maxWorkers: 2,
    },
  };
});
