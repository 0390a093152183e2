import { type Column, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { runOnce, tellUncompleted } from '../run-once.ts';
import { FIRST } from './first-bucket.ts';

const gone = [
  'gone.txt',
  'gone-too.txt',
  'report-old.pdf',
  'a b.txt',
  'pictures/2024/003.jpg',
  'pictures/2024/011.jpg',
];

export const deletions: Column = {
  name: 'deletions',
  what: `${gone.length} objects deleted: exactly these records go, in one run`,
  withinMs: 180_000,
  async run(bench) {
    await bench.client.remove(FIRST, gone);
    const run = await runOnce(bench, 'first', 60_000);
    const wrong = tellUncompleted(run) ?? tellDifference(await compareWithBucket(bench, 'first', FIRST));
    if (wrong !== undefined) return failed(wrong);
    const { deleted } = run.counters;
    return deleted === gone.length ? passed(`✓ ${deleted}`) : failed(`${deleted} deleted, not ${gone.length}`);
  },
};
