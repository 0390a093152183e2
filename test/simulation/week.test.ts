import { describe, expect, it } from 'vitest';
import { simulateWeek } from './week.ts';

/** A share of what `npm run simulate` plays. STOCKTAKE_SEED and STOCKTAKE_SEEDS look elsewhere, or longer. */
const first = Number(process.env.STOCKTAKE_SEED ?? 1);
const count = Number(process.env.STOCKTAKE_SEEDS ?? 3);

describe('a whole Stocktake', () => {
  it(`given ${count} seeds from ${first}, a day of calm and storm ends as users and buckets have it`, async () => {
    for (let seed = first; seed < first + count; seed += 1) {
      const { problems, figures } = await simulateWeek({ seed, days: 1, datasources: 20 });
      expect(problems, `npm run simulate -- --seeds 1 --from ${seed} --days 1`).toEqual([]);
      expect(figures.runs).toBeGreaterThan(100);
      expect(figures.deleted).toBeGreaterThan(0);
      expect(figures.steadySlots).toBeGreaterThan(0);
    }
  }, 300_000);

  it('given one seed twice, both times all happens alike', async () => {
    const options = { seed: first, days: 0.3, datasources: 8 };
    const one = await simulateWeek(options);
    const other = await simulateWeek(options);
    expect(other.hash).toBe(one.hash);
    expect(other.figures).toEqual(one.figures);
    expect((await simulateWeek({ ...options, seed: first + 1 })).hash).not.toBe(one.hash);
  }, 120_000);
});
