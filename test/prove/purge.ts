import { runPurgeModel } from '#support/purge-model.ts';
import type { ProofResult } from './proof-result.ts';

const fullRecords = 1_000_000_000;

/** What takes how much in a second: the table in the large regions and elsewhere, and what one worker does alone. */
const cases = [
  { workers: 4, tableWritesPerSecond: 40_000, rate: 32_000 },
  { workers: 4, tableWritesPerSecond: 10_000, rate: 10_000 },
  { workers: 1, tableWritesPerSecond: 40_000, rate: 8000 },
] as const;

/** The records of a deleted datasource go as fast as partitions and table allow, in hours where there are a billion. */
export async function provePurge({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const records = Math.max(20_000_000, Math.round(fullRecords * share));
  const results: ProofResult[] = [];
  for (const { rate, ...model } of cases) {
    const began = performance.now();
    const { seconds, secondsInAll, invocations, left, twice } = await runPurgeModel({ records, ...model });
    const hours = (time: number): string => (time / 3600).toFixed(2);
    results.push({
      proof: 'purge',
      claim: `${records.toLocaleString('en')} records, ${model.workers} workers, a table of ${model.tableWritesPerSecond.toLocaleString('en')} writes/s: at most 1.3 × what these allow and ten minutes`,
      measured: `${hours(seconds)} h (at best ${hours(records / rate)}), ${hours(secondsInAll)} h with the second round, ${invocations} invocations, ${(twice * 100).toFixed(2)} % deleted twice, ${left} left`,
      passed: left === 0 && seconds < 1.3 * (records / rate) + 600,
      seconds: (performance.now() - began) / 1000,
    });
  }
  return results;
}
