import { type Bench, type Column, explained, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { registerBucket, tellUncompleted } from '../run-once.ts';
import { fillMany, MANY, manyObjectsSize, tellLost } from './many-objects.ts';

/** Of 100 pages: early, in the middle, late. */
const KILLED_AT_PAGES = [7, 40, 75];

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
    for (const page of KILLED_AT_PAGES) {
      if (!(await waitForPage(bench, run, page))) break;
      await bench.stocktake.killAndRestart();
      kills.push(page);
    }
    const ended = await bench.stocktake.endOf('resumed', run, RUN_MS);
    const { objects, ofHundred } = manyObjectsSize(bench);
    const difference = await compareWithBucket(bench, 'resumed', MANY, ofHundred);
    const wrong = tellUncompleted(ended) ?? tellDifference(difference);
    if (wrong !== undefined) return failed(`killed at pages ${kills.join(', ')}: ${wrong}`);
    const figure = `✓ ${kills.length} kills`;
    return difference.listed === objects
      ? passed(figure)
      : explained(figure, tellLost(objects - difference.listed, ofHundred));
  },
};

/** True once the run tells so many pages; false when it ended before. */
async function waitForPage({ stocktake }: Bench, run: string, page: number): Promise<boolean> {
  const deadline = Date.now() + RUN_MS;
  while (Date.now() < deadline) {
    const { status, counters } = await stocktake.run('resumed', run);
    if (status !== 'queued' && status !== 'running') return false;
    if ((counters.pages ?? 0) >= page) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the run is not at page ${page} after ${RUN_MS / 1000} s`);
}
