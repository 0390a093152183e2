import { defineConfig } from 'vitest/config';

/** Tests that deploy the whole stack: minutes long, one story each, so that one failure ends them. */
export default defineConfig({
  test: {
    include: ['test/e2e/aws/*.e2e.ts'],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    bail: 1,
  },
});
