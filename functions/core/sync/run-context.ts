import type { DatasourceRow } from '../datasources/datasource.ts';
import type { EffectiveConfig } from '../datasources/effective-config.ts';
import type { RangeRow } from '../documents/range-map.ts';
import type { Stamp } from '../documents/record.ts';
import { Failure } from '../errors.ts';
import type { Bucket } from '../ports.ts';
import type { HeldLease } from './held-lease.ts';
import { type RunCounters, type RunRow, zeroCounters } from './run.ts';
import { RunCanceled } from './run-canceled.ts';
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

/** What a run has seen so far. */
export type RunTally = {
  counters: RunCounters;
  /** Live records found in the store, and their bytes, as they were before this run. */
  stored: { objects: number; bytes: number };
  /** What this run's writes did to the number of live records, and how much of it the range map knows already. */
  change: { objects: number; bytes: number };
  noted: { objects: number; bytes: number };
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

export function emptyTally(now: number): RunTally {
  return {
    counters: { ...zeroCounters },
    stored: { objects: 0, bytes: 0 },
    change: { objects: 0, bytes: 0 },
    noted: { objects: 0, bytes: 0 },
    candidates: 0,
    candidateSample: [],
    clockSkew: 0,
    controls: [],
    notedAt: now,
  };
}

/**
 * To be called before each step that takes time. Throws RunCanceled, Failure `lease_lost` if another run took over, or
 * `run_time_limit`.
 */
export async function checkpoint(context: RunContext): Promise<void> {
  const { canceled } = await context.held.heartbeat();
  if (canceled) throw new RunCanceled();
  if (context.deps.clock.now() < context.deadline) return;
  const limit = Math.round((context.deadline - Date.parse(context.run.started_at ?? '')) / 1000);
  throw new Failure(
    'run_time_limit',
    `the run reached its time limit of ${limit} s; what it added and modified is kept. Raise processor.max_running_timeout_in_seconds of the connector or narrow the prefix`,
  );
}
