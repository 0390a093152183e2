import { expect, it } from 'vitest';
import { proveAnyKey } from '../prove/any-key.ts';

/** Other sets each day; a failure names the seed of its sets. */
const seed = 1_000_000 + Math.floor(Date.now() / 86_400_000) * 1000;

it('finds exactly what two sets of any keys differ by, and keeps their bytes', { timeout: 120_000 }, async () => {
  for (const result of await proveAnyKey({ share: 0.01, seed })) expect(result.passed, result.measured).toBe(true);
});
