import { type Column, failed, passed } from '../column.ts';
import { compareWithBucket, tellDifference } from '../exactness.ts';
import { runOnce, tellUncompleted } from '../run-once.ts';
import { FIRST } from './first-bucket.ts';

export const firstLoad: Column = {
  name: 'first load',
  what: 'the first run completes, and the catalogue is what boto3 lists, with sizes and ETags',
  withinMs: 120_000,
  async run(bench) {
    const wrong = tellUncompleted(await runOnce(bench, 'first', 60_000));
    if (wrong !== undefined) return failed(wrong);
    const difference = await compareWithBucket(bench, 'first', FIRST);
    const told = tellDifference(difference);
    return told === undefined ? passed(`✓ ${difference.listed}`) : failed(told);
  },
};
