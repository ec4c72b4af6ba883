import { defineConfig } from 'vitest/config';

/** Tests that need minutes (matrices, corpora, fuzzing, races) end in `.full.test.ts`. */
const full = '**/*.full.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Real engines and two cores: more workers than that only make timings worse.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    retry: 0,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['src/**/*.test.ts', 'range/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['node_modules/**', full],
        },
      },
      {
        extends: true,
        test: {
          name: 'full',
          include: [full],
          exclude: ['node_modules/**'],
          testTimeout: 900_000,
        },
      },
    ],
  },
});
