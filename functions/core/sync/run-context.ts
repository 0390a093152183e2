import type { DatasourceRow } from '../datasources/datasource.ts';
import type { EffectiveConfig } from '../datasources/effective-config.ts';
import type { RangeRow } from '../documents/range-map.ts';
import type { Stamp } from '../documents/record.ts';
import { Failure } from '../errors.ts';
import type { Bucket } from '../ports.ts';
import type { HeldLease } from './held-lease.ts';
import { type RunCheckpoint, type RunCounters, type RunRow, zeroCounters } from './run.ts';
import { RunCanceled, RunYielded } from './run-unwound.ts';
import type { SyncDeps } from './sync-deps.ts';

/** Everything one run works with. `tally` grows while it runs. */
export type RunContext = {
  readonly deps: SyncDeps;
  readonly datasource: DatasourceRow;
  readonly config: EffectiveConfig;
  readonly fingerprint: string;
  readonly uid: string;
  readonly run: RunRow;
  readonly held: HeldLease;
  readonly bucket: Bucket;
  readonly matches: (key: string) => boolean;
  readonly range: RangeRow;
  readonly stamp: Stamp;
  /** Epoch milliseconds after which the run gives up. */
  readonly deadline: number;
  readonly tally: RunTally;
};

type Count = { objects: number; bytes: number };

/** What a run has seen so far. */
export type RunTally = {
  counters: RunCounters;
  /** The last key that was merged and written; absent before the first page. */
  position: string | undefined;
  /** The listing is complete. */
  settling: boolean;
  /** Live records found in the store. */
  stored: Count;
  /** What was added, modified and taken out of scope did to the number of live records. */
  change: Count;
  /** What deletions did to it. */
  deleted: Count;
  /** Records that this invocation deleted itself. */
  removed: number;
  /** How much of both the range map knows already. */
  noted: Count;
  /** Records there were when the run began, to tell how far it is. */
  expected: number;
  /** How many changes outside runs the range had seen when the run began. */
  edits: number;
  /** Keys that are in the store and not in the listing. */
  candidates: number;
  /** The first few of them, to be shown. */
  candidateSample: string[];
  /** The bucket's clock minus ours, milliseconds. */
  clockSkew: number;
  /** Some listed keys, to ask for as a control when deletions are confirmed. */
  controls: string[];
  /** When progress was last noted, epoch milliseconds. */
  notedAt: number;
};

/** A tally to begin with, or to go on with from where an earlier invocation left the run. */
export function tallyOf(run: RunRow, range: RangeRow, now: number): RunTally {
  const from = run.checkpoint;
  const zero = { objects: 0, bytes: 0 };
  return {
    // Deletions are counted anew: those that an earlier invocation made are found as its tombstones.
    counters: { ...(from ? run.counters : zeroCounters), deleted: 0 },
    position: from?.position,
    settling: from?.settling ?? false,
    stored: { ...(from?.stored ?? zero) },
    change: { ...(from?.change ?? zero) },
    deleted: { ...zero },
    removed: 0,
    noted: { ...(from?.noted ?? zero) },
    expected: from?.expected ?? range.objects,
    edits: from?.edits ?? range.edits,
    candidates: from?.candidates ?? 0,
    candidateSample: [...(from?.candidate_sample ?? [])],
    clockSkew: from?.clock_skew ?? 0,
    controls: [...(from?.controls ?? [])],
    notedAt: now,
  };
}

/** What another invocation needs to go on from here. */
export function checkpointOf({ tally, fingerprint }: RunContext): RunCheckpoint {
  return {
    position: tally.position,
    settling: tally.settling,
    fingerprint,
    stored: tally.stored,
    change: tally.change,
    noted: tally.noted,
    expected: tally.expected,
    edits: tally.edits,
    candidates: tally.candidates,
    candidate_sample: tally.candidateSample,
    clock_skew: tally.clockSkew,
    controls: tally.controls,
  };
}

/**
 * To be called before each step that takes time, with nothing left to write. Throws RunCanceled, Failure `lease_lost` if
 * another run took over, or `run_time_limit`; with `mayYield` also RunYielded when this invocation's time is over. Only a
 * step that was preceded by one may yield, so that each invocation gets somewhere.
 */
export async function checkpoint(context: RunContext, mayYield = false): Promise<void> {
  const { canceled } = await context.held.heartbeat();
  if (canceled) throw new RunCanceled();
  const now = context.deps.clock.now();
  if (now < context.deadline) {
    if (mayYield && now >= (context.deps.yieldAt ?? Number.POSITIVE_INFINITY)) throw new RunYielded();
    return;
  }
  const limit = Math.round((context.deadline - Date.parse(context.run.started_at ?? '')) / 1000);
  throw new Failure(
    'run_time_limit',
    `the run reached its time limit of ${limit} s; what it added and modified is kept. Raise processor.max_running_timeout_in_seconds of the connector or narrow the prefix`,
  );
}
