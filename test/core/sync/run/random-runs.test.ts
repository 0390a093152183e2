import { describe, expect, it } from 'vitest';
import { failedSeed, playRandomRuns } from './random-runs.ts';

/** More seeds, or one alone: SEEDS=500 FIRST_SEED=1 vitest run test/core/sync/run/random-runs.test.ts */
const seeds = Number(process.env.SEEDS ?? 12);
const first = Number(process.env.FIRST_SEED ?? 1);

describe('random buckets, edits, filters, sizes, crashes and pauses', () => {
  it(`leave a catalogue that is the bucket, and digests that are true (seeds ${first}–${first + seeds - 1})`, async () => {
    let leaves = 0;
    for (let seed = first; seed < first + seeds; seed += 1) {
      leaves += await playRandomRuns(seed).catch((error: unknown) => {
        throw failedSeed(seed, error);
      });
    }
    expect(leaves).toBeGreaterThan(seeds);
  }, 600_000);
});
