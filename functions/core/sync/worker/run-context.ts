import type { Stamp } from '../../catalogue/record.ts';
import type { HeldLease } from '../../lease/held-lease.ts';
import type { Bucket } from '../../model/ports/bucket.ts';
import type { DatasourceRow } from '../../registry/datasource.ts';
import type { EffectiveConfig } from '../../registry/effective-config.ts';
import type { RunRow, Way } from '../../runs/run.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import type { RangeBoard } from '../progress/range-board.ts';
import type { ObjectQuota } from './object-quota.ts';
import { RunCanceled, RunYielded } from './run-unwound.ts';
import { type LastProgress, noteSteps, type TimeLimit, timeOver } from './time-limit.ts';

/** Everything one worker of a run works with. */
export type RunContext = {
  readonly deps: SyncDeps;
  readonly datasource: DatasourceRow;
  readonly config: EffectiveConfig;
  readonly fingerprint: string;
  readonly uid: string;
  readonly run: RunRow;
  readonly held: HeldLease;
  readonly bucket: Bucket;
  /** The server is not AWS's own: what it lists from a key on is believed only where it was proved. */
  readonly foreign: boolean;
  readonly way: Way;
  readonly matches: (key: string) => boolean;
  readonly stamp: Stamp;
  readonly limit: TimeLimit;
  readonly quota: ObjectQuota;
  /** The pass over the bucket: the run itself, or an earlier one that ran out of time and that it goes on from. Work and
   *  deletion candidates hang on its id. `beganAt` in epoch milliseconds, by our clock. */
  readonly pass: { readonly id: string; readonly beganAt: number };
  readonly board: RangeBoard;
  readonly progress: RunProgress;
};

/** How this worker is getting on. */
export type RunProgress = {
  /** Pages listed, ranges found to lie beside the prefix, and records deleted by this worker. */
  steps: number;
  /** The bucket's clock minus ours, milliseconds; unknown until a page says. */
  clockSkew: number | undefined;
  /** The run's last progress, that of other workers as far as it is known. */
  readonly last: LastProgress;
  /** When progress was last noted, epoch milliseconds. */
  notedAt: number;
  /** The run's row says how to go on with it. */
  begun: boolean;
  /** A key was listed in this pass that is in its scope: what is out of it may leave. */
  scopeSeen: boolean;
  /** One stream broke off: the others stop at their next page. */
  halted: boolean;
  /** Since when the table has taken nothing of this run's, epoch milliseconds, also in invocations before; undefined where
   *  it takes what it is given. */
  stuckSince?: number | undefined;
};

/**
 * To be called before each step that takes time, with nothing left to write. Throws RunCanceled, Failure `lease_lost` if
 * another run took over, `run_time_limit`, `quota_exceeded`, or what broke another worker of the run off; with `mayYield` also RunYielded
 * when this invocation's time is over. Only a step that was preceded by one may yield, so that each invocation gets
 * somewhere.
 */
export async function checkpoint(context: RunContext, mayYield = false): Promise<void> {
  await context.deps.giveWay?.(context.run.id);
  const { canceled, failure } = await context.held.heartbeat();
  if (canceled) throw new RunCanceled();
  if (failure !== undefined) throw failure;
  if (context.progress.halted) throw new RunYielded();
  const now = context.deps.clock.now();
  const { limit, run, progress } = context;
  const over = timeOver(limit, run, noteSteps(progress.last, progress.steps, now), now);
  if (over !== undefined) throw over;
  await context.quota.demand(context);
  if (mayYield && now >= (context.deps.yieldAt ?? Number.POSITIVE_INFINITY)) throw new RunYielded();
}
