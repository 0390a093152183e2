import { type Bench, type Cell, type Column, explained, failed, passed } from '../column.ts';
import { compareWithBucket, sample, tellDifference } from '../exactness.ts';
import { runOnce, tellUncompleted } from '../run-once.ts';
import { FIRST } from './first-bucket.ts';

const modified = ['readme.txt', 'pictures/2024/007.jpg', 'ä.txt'];
const added = ['new.txt', 'report/2024.pdf', 'pictures-2024.zip'];
/** `reports/…` are there: some servers then hide those, some refuse it. */
const likeAFolder = 'reports';

export const changes: Column = {
  name: 'changes',
  what: 'three objects written anew and three put are found, and one put at the name of a folder costs nothing',
  withinMs: 180_000,
  async run(bench) {
    for (const key of modified) await bench.client.put(FIRST, { key, body: `written anew: ${key}` });
    const refusedNew = await bench.client.tryToFill(
      FIRST,
      added.map((key) => ({ key, body: `new: ${key}` })),
    );
    const plain = await tellPlainChanges(bench, added.length - refusedNew.size);
    if (plain !== undefined) return failed(plain);
    const refused = await bench.client.tryToFill(FIRST, [{ key: likeAFolder, body: 'named like a folder' }]);
    return refused.size > 0
      ? explained('✓', `refuses a key that is the folder of others (${[...refused.values()].join(', ')})`)
      : afterTheFolder(bench);
  },
};

async function tellPlainChanges(bench: Bench, expected: number): Promise<string | undefined> {
  const run = await runOnce(bench, 'first', 60_000);
  const wrong = tellUncompleted(run) ?? tellDifference(await compareWithBucket(bench, 'first', FIRST));
  if (wrong !== undefined) return wrong;
  const { counters } = run;
  if (counters.added === expected && counters.modified === modified.length && counters.deleted === 0) return undefined;
  return `counted ${counters.added} added, ${counters.modified} modified, ${counters.deleted} deleted`;
}

/**
 * Where all that is missing is there all the same, the first run fails and says so, for it cannot know whether the whole
 * listing is wrong; the next knows these keys.
 */
async function afterTheFolder(bench: Bench): Promise<Cell> {
  const first = await runOnce(bench, 'first', 60_000);
  const isContradicted = first.error?.code === 'listing_contradicted';
  const last = isContradicted ? await runOnce(bench, 'first', 60_000) : first;
  const difference = await compareWithBucket(bench, 'first', FIRST);
  const wrong = tellUncompleted(last) ?? tellDifference(difference);
  if (wrong !== undefined) return failed(`after putting ${likeAFolder} beside ${likeAFolder}/…: ${wrong}`);
  if (difference.unlisted.length === 0) return passed('✓');
  const hidden = `hides ${difference.unlisted.length} keys from its listing once ${likeAFolder} is put, and has them all the same: ${sample(difference.unlisted)}`;
  const runs = isContradicted ? 'one run fails as `listing_contradicted`, the next completes' : 'the run completes';
  return explained('✓', `${hidden}; their records stay, ${runs}`);
}
