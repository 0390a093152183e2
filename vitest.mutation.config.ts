import { defineConfig } from 'vitest/config';

/** The tests that are to notice a mutation of the sync engine. The random ones with a few seeds each (SEEDS). */
export default defineConfig({
  test: {
    include: ['test/core/ranges/*.test.ts', 'test/core/sync/*.test.ts'],
    exclude: ['test/core/sync/{exact-catalogue,hostile-servers,key-filter,listing-faults,ticks}.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
