import { defineConfig } from 'vitest/config';

// test/conformance and test/soak need real peers or minutes of time: .ci/run names them, `npm test` does not.
const peers = process.env.BARLINE_TEST_PEERS === '1';

export default defineConfig({
  test: {
    include: peers ? ['test/conformance/**/*.test.ts', 'test/soak/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: peers ? [] : ['test/conformance/**', 'test/soak/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
