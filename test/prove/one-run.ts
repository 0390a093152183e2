import { type InterleavingResult, interleave } from '../simulation/interleaving.ts';
import type { ProofResult } from './proof-result.ts';

const fullSize = 1000;

/**
 * Proves that a datasource never has two runs, whoever wakes up when. `share` of 1 is 1,000 interleavings from `seed`
 * on.
 */
export async function proveOneRun({ share, seed }: { share: number; seed: number }): Promise<ProofResult[]> {
  const count = Math.max(1, Math.round(fullSize * share));
  const started = performance.now();
  const results: InterleavingResult[] = [];
  for (let each = seed; each < seed + count; each += 1) results.push(await interleave(each));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const failed = results.filter(({ problems }) => problems.length > 0);
  const sum = (of: (result: InterleavingResult) => number): number => results.reduce((all, each) => all + of(each), 0);
  const measured = [
    `${count} interleavings from seed ${seed}`,
    `${sum(({ ticks }) => ticks)} ticks, ×2 to ×8 a slot`,
    `${sum(({ pauses }) => pauses)} workers that stood still, ${sum(({ crashes }) => crashes)} that died`,
    `${sum(({ staleRefused }) => staleRefused)} stale fenced writes, all refused`,
    `${sum(({ staleBatches }) => staleBatches)} stale batches, all healed`,
    `${sum(({ remade }) => Number(remade))} datasources deleted and made anew`,
  ];
  const [first] = failed;
  if (first !== undefined) {
    const replay = `node test/simulation/replay-interleaving.ts ${first.seed}`;
    measured.push(`${failed.length} FAILED; ${first.problems[0]} (${replay})`);
  }
  return [
    {
      proof: 'one run',
      claim:
        'stale fenced writes refused, stale batches healed by the next run, runs never overlap nor stay open, nothing left of a deleted datasource',
      measured: measured.join('; '),
      passed: failed.length === 0,
      seconds,
    },
  ];
}
