import { expect, it, test } from 'vitest';
import type { RunRow } from '#core/runs/run.ts';
import { zeroCounters } from '#core/runs/run.ts';
import { noteSteps, progressedAt, timeOver } from '#core/sync/worker/time-limit.ts';

const day = 86_400_000;
const run = (change: Partial<RunRow> = {}) =>
  ({ started_at: new Date(0).toISOString(), counters: { ...zeroCounters, pages: 10 }, ...change }) as RunRow;

test.each([
  ['none was noted', run(), 10, 1000],
  ['the holder noted some', run({ progressed_at: 5000 }), 10, 5000],
  ['others stored pages since', run({ progressed_at: 5000 }), 11, 9000],
  ['it was noted by a clock that was ahead', run({ progressed_at: 1e9 }), 10, 9000],
])('given that %s, the last progress is known', (_, row, pages, at) => {
  expect(progressedAt(row, pages, 1000, 9000)).toBe(at);
});

it('given a step of its own, progress was now, and stays then until the next', () => {
  const last = { steps: 0, progressedAt: 100 };
  expect([noteSteps(last, 0, 200), noteSteps(last, 1, 300), noteSteps(last, 1, 400), noteSteps(last, 2, 500)]).toEqual([
    100, 300, 300, 500,
  ]);
});

test.each([
  [{ endsAt: 5 * day, idleMs: day }, 4 * day, 5 * day - 1, undefined],
  [{ endsAt: 5 * day, idleMs: day }, 4 * day, 5 * day, 'limit of 432000 s'],
  [{ endsAt: 5 * day, idleMs: day }, 2 * day, 3 * day - 1, undefined],
  [{ endsAt: 5 * day, idleMs: day }, 2 * day, 3 * day, 'no further for 86400 s'],
  [{ endsAt: day }, 0, day - 1, undefined],
  [{ endsAt: day }, day - 1, day, 'limit of 86400 s'],
])('given %j, progress at %i and the time %i, it says %s', (limit, progressed, now, said) => {
  const over = timeOver(limit, run(), progressed, now);
  expect(over?.code).toBe(said && 'run_time_limit');
  expect(over?.message ?? '').toContain(said ?? '');
});
