import * as z from 'zod';
import { runCounters, zeroCounters } from '../../runs/run.ts';

const count = z.object({ objects: z.number().int(), bytes: z.number() });

/** What a run has seen of one range so far. */
export const rangeTally = z.object({
  counters: runCounters,
  /** Live records found in the store. */
  stored: count,
  /** What was added, modified and taken out of scope did to the number of live records. */
  change: count,
  /** How much of that the range map knows already. */
  noted: count,
  /** How many changes outside runs the range had seen when the run came to it. */
  edits: z.number().int(),
  /** What the server was forgiven, each by a short name; which deletions are asked for one by one hangs on it. */
  tolerances: z.array(z.string()).default([]),
  /** The first few rows of the listing that could not be read, in words; `counters.failed` counts them all. */
  odd_sample: z.array(z.string()).default([]),
  /** Keys that are in the store and not in the listing. */
  candidates: z.number().int(),
  /** The first few of them, to be shown. */
  candidate_sample: z.array(z.string()),
  /** Records out of the scope that stay until a key is seen that is in it; the first few of them. */
  leaving: z.number().int().default(0),
  leaving_sample: z.array(z.string()).default([]),
  /** The first and the last key listed, to ask for as a control when deletions are confirmed. */
  controls: z.array(z.string()),
  /** What its stream listed since it last shared what is ahead of it, in this range and in those that it closed before:
   *  so many pages, and where they began. */
  unshared: z.object({ pages: z.number().int(), first: z.string().optional() }),
});
export type RangeTally = z.output<typeof rangeTally>;

/** So many of the keys that would be deleted are shown to whoever decides about a hold. */
export const shownKeys = 20;

export function newTally(edits: number): RangeTally {
  const zero = { objects: 0, bytes: 0 };
  return {
    counters: { ...zeroCounters },
    stored: { ...zero },
    change: { ...zero },
    noted: { ...zero },
    edits,
    tolerances: [],
    odd_sample: [],
    candidates: 0,
    candidate_sample: [],
    leaving: 0,
    leaving_sample: [],
    controls: [],
    unshared: { pages: 0 },
  };
}

/** What was seen of several ranges, given in key order. */
export function sumTallies(tallies: readonly RangeTally[]): RangeTally {
  const sum = newTally(0);
  for (const tally of tallies) {
    for (const name of Object.keys(zeroCounters) as (keyof typeof zeroCounters)[]) {
      sum.counters[name] += tally.counters[name];
    }
    for (const name of ['stored', 'change', 'noted'] as const) {
      sum[name].objects += tally[name].objects;
      sum[name].bytes += tally[name].bytes;
    }
    for (const name of tally.tolerances) if (!sum.tolerances.includes(name)) sum.tolerances.push(name);
    sum.odd_sample.push(...tally.odd_sample.slice(0, shownKeys - sum.odd_sample.length));
    sum.candidates += tally.candidates;
    sum.candidate_sample.push(...tally.candidate_sample.slice(0, shownKeys - sum.candidate_sample.length));
    sum.leaving += tally.leaving;
    sum.leaving_sample.push(...tally.leaving_sample.slice(0, shownKeys - sum.leaving_sample.length));
    const [first, last] = [tally.controls[0], tally.controls.at(-1)];
    if (first !== undefined && sum.controls.length === 0) sum.controls.push(first);
    if (last !== undefined) sum.controls[1] = last;
  }
  return sum;
}
