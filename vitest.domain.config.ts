import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

const underMutation = process.env.STRYKER_MUTATOR_WORKER !== undefined;

/** The specs of the mutated file come first: most mutants die there, and with the first failure a run is over. */
class OwnSpecsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [mutated = ''] = this.ctx.config.related ?? [];
    const isOwn = ({ moduleId }: TestSpecification): number => Number(moduleId.startsWith(mutated.replace(/ts$/, '')));
    return files.toSorted((a, b) => isOwn(b) - isOwn(a));
  }
}

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
      exclude: underMutation ? ['**/*.properties.spec.ts'] : [],
      include: [long ? 'src/domain/**/*.properties.spec.ts' : 'src/domain/**/*.spec.ts'],
      env: long ? { NUM_RUNS: process.env.NUM_RUNS ?? '1000000' } : {},
      testTimeout: long ? 7_200_000 : 30_000,
      maxWorkers: 2,
      // Each mutant gets a fresh worker, and that one loads the rules once for all specs.
      isolate: !underMutation,
      sequence: underMutation ? { sequencer: OwnSpecsFirst } : {},
    },
  };
});
