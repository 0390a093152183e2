import { expect, it } from 'vitest';
import { runPurgeModel } from '#support/purge-model.ts';

/** Two hundred ranges: where workers meet at the end weighs more than of a billion (`npm run prove -- --only purge`). */
const records = 20_000_000;

it.each([
  [4, 40_000, 32_000],
  [4, 10_000, 10_000],
  [1, 40_000, 8000],
])(
  '%i workers on a table of %i writes a second delete nearly %i records a second, and all of them',
  async (workers, writes, rate) => {
    const report = await runPurgeModel({ records, tableWritesPerSecond: writes, workers });
    expect(report.left).toBe(0);
    expect(report.seconds).toBeLessThan(1.5 * (records / rate));
    expect(report.twice).toBeLessThan(0.15);
    expect(report.percents).toEqual([...report.percents].sort((one, other) => one - other));
    expect(report.percents.at(-1)).toBe(100);
  },
);
