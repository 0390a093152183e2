import { type Crowd, type CrowdResult, crowd, writingOfTheProduct } from '../simulation/crowded-table.ts';
import { impatientWriting } from './impatient-writing.ts';
import type { ProofResult } from './proof-result.ts';

/** A first load: four workers of sixteen streams each. A table that is new has four partitions. */
const load = { processes: 4, streams: 16 } as const;
const fullRecords = 2000;

type Case = { readonly name: string; readonly given: Omit<Crowd, 'seed' | 'recordsAStream'> };

const cases: readonly Case[] = [1, 2, 4].flatMap((loads) =>
  [0, 10].map((storedSeconds) => ({
    name: `${loads} first load${loads > 1 ? 's' : ''} on a new table, ${storedSeconds} s of capacity in store`,
    given: { ...load, processes: loads * load.processes, partitions: 4, storedSeconds },
  })),
);

const one: Case = {
  name: '64 streams on one partition',
  given: { ...load, partitions: 1, storedSeconds: 0 },
};

/**
 * Proves that whoever writes to partitions that take too little for all of them gets done, in at most twice the time that the
 * partitions need, and that no call throws; beside it, how it was with eight retries and a fixed number of requests.
 */
export async function proveThrottling({ share, seed }: { share: number; seed: number }): Promise<ProofResult[]> {
  const recordsAStream = Math.max(250, Math.round((fullRecords * share) / 250) * 250);
  const results: ProofResult[] = [];
  for (const { name, given } of [...cases, one]) {
    const started = performance.now();
    const before = await crowd({ ...given, recordsAStream, seed }, impatientWriting);
    const after = await crowd({ ...given, recordsAStream, seed }, writingOfTheProduct);
    results.push({
      proof: 'throttling',
      claim: `${name}: all is written, no call throws, in at most 2 × (demand ÷ capacity)`,
      measured: `${after.demanded} records, ${Math.round(after.leastSeconds)} s at the least; before: ${described(before)}; now: ${described(after)}`,
      passed: isDone(after),
      seconds: (performance.now() - started) / 1000,
    });
  }
  return results;
}

/** Where the store covers nearly all, listing takes its own time. */
export function isDone({ seconds, leastSeconds, thrown, written, demanded, longestSeconds }: CrowdResult): boolean {
  return (
    thrown === 0 &&
    written === demanded &&
    seconds <= Math.max(2 * leastSeconds, leastSeconds + 10) &&
    longestSeconds < 30
  );
}

function described({ seconds, calls, thrown, longestSeconds, requestsABatch }: CrowdResult): string {
  const of = `${thrown} streams thrown out, ${calls} calls`;
  return `${of}, the longest ${longestSeconds.toFixed(1)} s, ${requestsABatch.toFixed(1)} requests a batch, ${Math.round(seconds)} s`;
}
