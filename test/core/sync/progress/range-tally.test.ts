import { expect, it } from 'vitest';
import { zeroCounters } from '#core/runs/run.ts';
import { newTally, type RangeTally, sumTallies } from '#core/sync/progress/range-tally.ts';

const count = (objects: number, bytes: number) => ({ objects, bytes });

it('of no range there is nothing', () => {
  const zero = count(0, 0);
  const nothing = { counters: zeroCounters, stored: zero, change: zero, noted: zero, edits: 3, candidates: 0 };
  const empty = { tolerances: [], odd_sample: [], candidate_sample: [], leaving: 0, leaving_sample: [], controls: [] };
  expect(newTally(3)).toEqual({ ...nothing, ...empty, unshared: { pages: 0 } });
  expect(sumTallies([])).toEqual(newTally(0));
});

it('each range has counts of its own', () => {
  const [one, other] = [newTally(0), newTally(0)];
  one.counters.added += 1;
  one.stored.objects += 1;
  expect(other).toEqual(newTally(0));
});

it('several ranges add up; of their candidates the first twenty are shown', () => {
  const keys = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `k${from + index}`);
  const tally = (change: Partial<RangeTally>): RangeTally => ({ ...newTally(0), ...change });
  const sum = sumTallies([
    tally({ counters: { ...zeroCounters, added: 1, bytes: 5 }, stored: count(1, 2), candidate_sample: keys(0, 15) }),
    tally({
      counters: { ...zeroCounters, added: 2, pages: 3 },
      stored: count(10, 20),
      change: count(3, 4),
      candidates: 9,
    }),
    tally({ noted: count(5, 6), change: count(30, 40), candidates: 20, candidate_sample: keys(15, 30) }),
  ]);
  expect(sum.counters).toEqual({ ...zeroCounters, added: 3, pages: 3, bytes: 5 });
  expect([sum.stored, sum.change, sum.noted]).toEqual([count(11, 22), count(33, 44), count(5, 6)]);
  expect([sum.candidates, sum.candidate_sample]).toEqual([29, keys(0, 20)]);
});

it('what may leave the scope adds up, and the first twenty of it are shown', () => {
  const keys = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `k${from + index}`);
  const leaving = (count: number, sample: string[]) => ({ ...newTally(0), leaving: count, leaving_sample: sample });
  const sum = sumTallies([leaving(40, keys(0, 15)), newTally(0), leaving(7, keys(15, 22))]);
  expect([sum.leaving, sum.leaving_sample]).toEqual([47, keys(0, 20)]);
});

it('what a server was forgiven is told once, of the rows that could not be read the first twenty', () => {
  const rows = (count: number): string[] => Array.from({ length: count }, (_, index) => `row ${index}`);
  const tally = (tolerances: string[], odd: number) => ({ ...newTally(0), tolerances, odd_sample: rows(odd) });
  const sum = sumTallies([tally(['key_count', 'prefix'], 15), tally(['prefix', 'name'], 15)]);
  expect(sum.tolerances).toEqual(['key_count', 'prefix', 'name']);
  expect(sum.odd_sample).toEqual([...rows(15), ...rows(5)]);
});

it('the controls of several ranges are the first key of the first and the last of the last that has any', () => {
  const controlled = (...controls: string[]): RangeTally => ({ ...newTally(0), controls });
  const of = (...tallies: RangeTally[]): string[] => sumTallies(tallies).controls;
  expect(of(controlled(), controlled('b', 'c'), controlled('d', 'e'), controlled())).toEqual(['b', 'e']);
  expect(of(controlled('b', 'c'), controlled('d'))).toEqual(['b', 'd']);
  expect(of(controlled('b'))).toEqual(['b', 'b']);
});
