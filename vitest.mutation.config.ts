import { defineConfig } from 'vitest/config';
import { ShortestFirst } from './test/prove/shortest-first.ts';

/**
 * The tests that are to notice a mutation of the sync engine. The random ones with a few seeds each (SEEDS). All in one
 * process, so that the code is not loaded again for each file.
 */
export default defineConfig({
  test: {
    include: ['test/core/{catalogue,lease,runs,source}/*.test.ts', 'test/core/sync/*/*.test.ts'],
    exclude: [
      'test/core/sync/{run/exact-catalogue,walk/hostile-servers,walk/listing-faults}.test.ts',
      // Runs of many invocations and simulated days: seconds each, for what a test of one function tells as well.
      'test/core/sync/run/{continuation,edges,one-run,shared-first-load}.test.ts',
      'test/core/sync/deletions/mass-restore.test.ts',
    ],
    isolate: false,
    sequence: { sequencer: ShortestFirst },
    testTimeout: 10_000,
    hookTimeout: 10_000,
  },
});
