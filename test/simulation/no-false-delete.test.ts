import { describe, expect, it } from 'vitest';
import { runWireCase } from '../prove/faults-over-http.ts';
import {
  endsAlike,
  foreignEndpoint,
  proveFaultCases,
  proveFaultPlans,
  proveForeignPlans,
  runFaultCase,
} from '../prove/no-false-delete.ts';
import { listingFaultKinds } from './listing-faults.ts';

/** Another part of the plans each day, so that in time all of them are played; a failure names the plan's seed. */
const seed = 20_000 + Math.floor(Date.now() / 86_400_000);

/** On a machine that does other things besides. */
const timeout = 120_000;

describe('no fault of a listing deletes anything', () => {
  it('in listings of one and three pages, at the first, the middle and the last', { timeout }, async () => {
    const result = await proveFaultCases(0.5);
    expect(result.passed, result.measured).toBe(true);
  });

  it('in fifty pages, struck in the middle', { timeout }, async () => {
    for (const kind of listingFaultKinds) {
      const outcome = await runFaultCase({ kind, place: 'middle', pages: 50 });
      expect(outcome.problems, kind).toEqual([]);
      // Each page before the middle had one addition, and each was answered before the fault struck.
      expect(outcome.additions, kind).toEqual({ answered: 25, applied: 25 });
    }
  });

  it('in random histories', { timeout }, async () => {
    const result = await proveFaultPlans(100, seed);
    expect(result.passed, result.measured).toBe(true);
  });
});

describe('the quirks of foreign servers', () => {
  it('delete nothing, and no completed run lacks an object, in random histories', { timeout }, async () => {
    const result = await proveForeignPlans(100, seed);
    expect(result.passed, result.measured).toBe(true);
  });
});

describe('the same fault on the wire', () => {
  it.concurrent.each(listingFaultKinds)(
    '%s removes nothing and ends as on the bucket model',
    { timeout },
    async (kind) => {
      const wire = await runWireCase(kind);
      expect(wire.problems).toEqual([]);
      const { run } = await runFaultCase({ kind, place: 'middle', pages: 3 }, foreignEndpoint);
      expect(endsAlike(kind, wire, run), `${wire.status} ${wire.code}, ${run.status} ${run.error?.code}`).toBe(true);
    },
  );
});
