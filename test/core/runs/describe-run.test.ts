import { expect, it } from 'vitest';
import { describeRun, type RunRow, runView, zeroCounters } from '#core/runs/run.ts';

const runRow = (change: Partial<RunRow>): RunRow => ({
  ...{ v: 1, version: 1, fence: 1, id: 'run', datasource: 'd', uid: 'u', status: 'completed', trigger: 'api' },
  ...{ dry_run: false, first_load: false, queued_at: '', ranges: { done: 0, total: 0 }, counters: zeroCounters },
  ...change,
});
const counts = '0 added, 0 modified, 0 deleted, 0 unchanged';
const approve = 'approve it: POST /datasource/d/_runs/run/_approve';

it.each<[string, Partial<RunRow>, string]>([
  ['a run without remarks', {}, counts],
  [
    'keys that the listing lacks and the server has',
    { contradicted: 3 },
    `${counts}. 3 keys are missing from the listing and not from the server: see warnings`,
  ],
  [
    'what waits for another run, and such keys',
    { waiting: 2000, contradicted: 1 },
    `${counts}. 2000 records are missing from the listing, too many to ask for each: those that the next complete sync misses too are deleted. 1 keys are missing from the listing and not from the server: see warnings`,
  ],
  [
    'what waits in an inbox',
    { waiting: 2, inbox: { bucket: {}, absent: { pass: 'p', at: 0 } } },
    `${counts}. 2 records are missing from the listing, as expect_empty says they may: those that a complete sync misses too, an interval later or more, are asked for and deleted`,
  ],
  [
    'a hold',
    { status: 'held', hold: { candidates: 5, share: 0.1234, sample: [] } },
    `${counts}. 5 records (12.3 %) are missing from the listing: nothing was deleted. If that is right, ${approve}`,
  ],
  [
    'an empty scope',
    { status: 'held', hold: { candidates: 0, share: 1, sample: [], leaving: 50 } },
    `${counts}. Not one listed key is in the scope (prefix and filters), which 50 records of the catalogue would leave: nothing was removed. Correct the prefix or the filters; if they are right, ${approve} takes these records out of the catalogue, and nothing out of the bucket`,
  ],
  [
    'an empty scope that lacks keys as well',
    { status: 'held', hold: { candidates: 4, share: 1, sample: [], leaving: 50 } },
    `${counts}. Not one listed key is in the scope (prefix and filters), which 50 records of the catalogue would leave, 4 more are missing from the listing: nothing was removed. Correct the prefix or the filters; if they are right, ${approve} takes these records out of the catalogue, and nothing out of the bucket`,
  ],
])('is told of %s', (_what, change, message) => {
  expect(describeRun(runRow(change))).toBe(message);
});

it('what is kept of an inbox is not shown, what somebody should know is', () => {
  const run = runRow({ inbox: { bucket: { created: 5 } }, contradicted: 1, warnings: ['so'] });
  expect(runView(run)).not.toHaveProperty('inbox');
  expect(runView(run)).toMatchObject({ contradicted: 1, warnings: ['so'] });
});
