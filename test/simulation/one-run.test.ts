import { describe, expect, it } from 'vitest';
import { interleave } from './interleaving.ts';

/** A share of what `npm run prove` plays at full size. STOCKTAKE_SEED and STOCKTAKE_SEEDS look elsewhere, or longer. */
const first = Number(process.env.STOCKTAKE_SEED ?? 200);
const count = Number(process.env.STOCKTAKE_SEEDS ?? 40);

describe('workers that all want one datasource', () => {
  it(`given ${count} interleavings from seed ${first}, one run is on at a time and the next heals the rest`, async () => {
    let stale = 0;
    for (let seed = first; seed < first + count; seed += 1) {
      const { problems, staleRefused, staleBatches } = await interleave(seed);
      expect(problems, `node test/simulation/replay-interleaving.ts ${seed}`).toEqual([]);
      stale += staleRefused + staleBatches;
    }
    // If nobody ever came too late, this would show nothing.
    if (count >= 40) expect(stale).toBeGreaterThan(0);
  }, 120_000);

  it('given one seed twice, both times all happens alike', async () => {
    const [one, other] = [await interleave(first), await interleave(first)];
    expect(other.hash).toBe(one.hash);
    expect(other.steps).toBe(one.steps);
    expect((await interleave(first + 1)).hash).not.toBe(one.hash);
  });
});
