import { type Column, explained, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { holdAtList } from '../hold-at-list.ts';
import { registerBucket, tellUncompleted } from '../run-once.ts';
import { fillMany, MANY, manyObjectsSize, tellLost } from './many-objects.ts';

/** So many lists after its start, or after the kill before: of 100 pages early, in the middle and late. */
const LISTS_BEFORE_A_KILL = [7, 30, 40];

const RUN_MS = 300_000;

export const resumedRun: Column = {
  name: 'resumed run',
  what: 'a first load of a hundred pages, killed (SIGKILL) three times and begun again each time, completes and is exact',
  withinMs: 900_000,
  async run(bench) {
    await fillMany(bench);
    await registerBucket(bench, 'resumed', MANY, { sync: { page_size: manyObjectsSize(bench).ofHundred } });
    const run = await bench.stocktake.startRun('resumed');
    const kills = [];
    for (const lists of LISTS_BEFORE_A_KILL) {
      const held = await holdAtList(bench, { datasource: 'resumed', run, lists, withinMs: RUN_MS });
      if (!held.arrived) break;
      await bench.stocktake.killAndRestart(async () => held.release());
      kills.push(lists);
    }
    const ended = await bench.stocktake.endOf('resumed', run, RUN_MS);
    const { objects, ofHundred } = manyObjectsSize(bench);
    const difference = await compareWithBucket(bench, 'resumed', MANY, ofHundred);
    const wrong = tellUncompleted(ended) ?? tellDifference(difference);
    if (wrong !== undefined) return failed(`killed after ${kills.join(', ')} lists: ${wrong}`);
    const figure = `✓ ${kills.length} kills`;
    return difference.listed === objects
      ? passed(figure)
      : explained(figure, tellLost(objects - difference.listed, ofHundred));
  },
};
