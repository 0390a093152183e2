import type { Bench } from '../column.ts';
import { type Column, explained, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { registerBucket, runOnce, tellUncompleted } from '../run-once.ts';

export const MANY = 'matrix-many';

/** Of 1 for the whole: how much of the buckets and, so that there are as many pages, of the pages. */
export function manyObjectsSize({ share }: Pick<Bench, 'share'>): {
  objects: number;
  ofTen: number;
  ofHundred: number;
} {
  return { objects: 10_000 * share, ofTen: Math.ceil(1000 * share), ofHundred: Math.ceil(100 * share) };
}

/** A folder that is larger than a page, siblings that sort between its name and its inside, and what comes after. */
function* manyObjects(objects: number): Generator<{ key: string; body: string }> {
  const of = function* (share: number, keyOf: (number: string) => string) {
    for (let index = 0; index < objects * share; index += 1) {
      yield { key: keyOf(String(index).padStart(5, '0')), body: `${index}` };
    }
  };
  yield* of(0.7, (number) => `docs/${number}.txt`);
  yield* of(0.15, (number) => `docs-${number}.zip`);
  yield* of(0.15, (number) => `zz/${number}`);
}

const filled = new WeakSet<Bench>();

/** Fills the bucket at the first call for a server. */
export async function fillMany(bench: Bench): Promise<void> {
  if (filled.has(bench)) return;
  await bench.client.createBucket(MANY);
  await bench.client.fill(MANY, manyObjects(manyObjectsSize(bench).objects));
  filled.add(bench);
}

const RUN_MS = 300_000;

export const manyObjectsColumn: Column = {
  name: '10,000 objects',
  what: 'a first load of ten pages and a second run that changes nothing; how many LISTs each took',
  withinMs: 900_000,
  async run(bench) {
    await fillMany(bench);
    await registerBucket(bench, 'many', MANY, { sync: { page_size: manyObjectsSize(bench).ofTen } });
    const before = bench.watched.counts();
    const first = await runOnce(bench, 'many', RUN_MS);
    const afterFirst = bench.watched.counts();
    const { objects, ofTen } = manyObjectsSize(bench);
    const difference = await compareWithBucket(bench, 'many', MANY, ofTen);
    const wrong = tellUncompleted(first) ?? tellDifference(difference);
    if (wrong !== undefined) return failed(wrong);
    const beforeSecond = bench.watched.counts();
    const second = await runOnce(bench, 'many', RUN_MS);
    const lists = [afterFirst.lists - before.lists, bench.watched.counts(beforeSecond).lists];
    const { added, modified, deleted } = second.counters;
    const other = tellUncompleted(second) ?? tellChanges([added, modified, deleted]);
    if (other !== undefined) return failed(`the second run: ${other}`);
    const figure = `✓ ${lists.join(', then ')} LISTs`;
    return difference.listed === objects
      ? passed(figure)
      : explained(figure, tellLost(objects - difference.listed, ofTen));
  },
};

/** What a server that loses keys between its own pages does to boto3 as well. */
export function tellLost(lost: number, pageSize: number): string {
  return `its own cursor loses ${lost} keys with pages of ${pageSize}: boto3 is not given them either`;
}

function tellChanges(counts: readonly (number | undefined)[]): string | undefined {
  return counts.every((count) => count === 0)
    ? undefined
    : `${counts.join(', ')} added, modified, deleted although nothing changed`;
}
