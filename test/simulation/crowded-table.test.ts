import { describe, expect, it } from 'vitest';
import { impatientWriting } from '../prove/impatient-writing.ts';
import { isDone } from '../prove/throttling.ts';
import { type Crowd, crowd, writingOfTheProduct } from './crowded-table.ts';

const seed = 7;
const load = { processes: 4, streams: 16, storedSeconds: 0, recordsAStream: 250, seed } as const;

/** A small share of `npm run prove -- --only throttling`. */
const cases: [string, Crowd][] = [
  ['64 streams on one partition', { ...load, partitions: 1 }],
  ['one first load on a new table', { ...load, partitions: 4 }],
  ['two first loads on a new table', { ...load, processes: 8, partitions: 4 }],
  ['four first loads on a new table', { ...load, processes: 16, partitions: 4 }],
  ['two first loads on a table that lay idle for 5 s', { ...load, processes: 8, partitions: 4, storedSeconds: 5 }],
];

describe('writers that are too many for the partitions they write to', () => {
  it.each(cases)(
    `write it all, in at most twice the time that the partitions need: %s (seed ${seed})`,
    async (_name, given) => {
      const result = await crowd(given, writingOfTheProduct);
      expect(result).toMatchObject({ thrown: 0, written: result.demanded });
      expect([isDone(result), result]).toEqual([true, result]);
    },
  );

  it('would be thrown out if they gave up after eight tries, so that this model can tell', async () => {
    const result = await crowd({ ...load, partitions: 1 }, impatientWriting);
    expect(result.thrown).toBeGreaterThan(0);
    expect(isDone(result)).toBe(false);
  });
});
