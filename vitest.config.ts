import { defineConfig } from 'vitest/config';

const shared = {
  globalSetup: ['test/support/global.setup.ts'],
  setupFiles: ['reflect-metadata', 'test/support/coherence.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Two cores: more workers would only wait for each other.
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: 'all', include: ['test/**/*.test.ts', 'src/**/*.spec.ts'] } },
      // The oldest PostgreSQL that is promised: its migrations, its guards and two lives.
      {
        test: {
          ...shared,
          name: 'pg15',
          include: ['test/database/*.test.ts', 'test/scenarios/first-year.test.ts', 'test/scenarios/dunning.test.ts'],
        },
      },
    ],
  },
});
