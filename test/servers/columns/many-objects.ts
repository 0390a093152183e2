import type { Bench } from '../column.ts';
import { type Column, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { registerBucket, runOnce, tellUncompleted } from '../run-once.ts';

export const MANY = 'matrix-many';

/** A folder that is larger than a page, siblings that sort between its name and its inside, and what comes after. */
export function* manyObjects(): Generator<{ key: string; body: string }> {
  const number = (value: number, digits: number) => String(value).padStart(digits, '0');
  for (let index = 0; index < 7000; index += 1) yield { key: `docs/${number(index, 5)}.txt`, body: `${index}` };
  for (let index = 0; index < 1500; index += 1) yield { key: `docs-${number(index, 4)}.zip`, body: `${index}` };
  for (let index = 0; index < 1500; index += 1) yield { key: `zz/${number(index, 4)}`, body: `${index}` };
}

const filled = new WeakSet<Bench>();

/** Fills the bucket at the first call for a server. */
export async function fillMany(bench: Bench): Promise<void> {
  if (filled.has(bench)) return;
  await bench.client.createBucket(MANY);
  await bench.client.fill(MANY, manyObjects());
  filled.add(bench);
}

const RUN_MS = 300_000;

export const manyObjectsColumn: Column = {
  name: '10,000 objects',
  what: 'a first load of ten pages and a second run that changes nothing; how many LISTs each took',
  withinMs: 900_000,
  async run(bench) {
    await fillMany(bench);
    await registerBucket(bench, 'many', MANY);
    bench.watched.countAnew();
    const first = await runOnce(bench, 'many', RUN_MS);
    const lists = [bench.watched.counts.lists];
    const wrong = tellUncompleted(first) ?? tellDifference(await compareWithBucket(bench, 'many', MANY));
    if (wrong !== undefined) return failed(wrong);
    bench.watched.countAnew();
    const second = await runOnce(bench, 'many', RUN_MS);
    lists.push(bench.watched.counts.lists);
    const { added, modified, deleted } = second.counters;
    const other = tellUncompleted(second) ?? tellChanges([added, modified, deleted]);
    return other === undefined ? passed(`✓ ${lists.join(', then ')} LISTs`) : failed(`the second run: ${other}`);
  },
};

function tellChanges(counts: readonly (number | undefined)[]): string | undefined {
  return counts.every((count) => count === 0)
    ? undefined
    : `${counts.join(', ')} added, modified, deleted although nothing changed`;
}
