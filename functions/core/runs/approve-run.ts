import type { Acting } from '../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import { fingerprintOf } from '../registry/effective-config.ts';
import { readScope } from '../registry/read-scope.ts';
import { findRun } from './cancel-run.ts';
import { type RequestDeps, requestRun } from './request-run.ts';
import type { RunRow } from './run.ts';
import { readRun, runItem } from './run-store.ts';
import { readState } from './sync-state.ts';

/** Candidates are kept 30 days; a decision about older ones cannot be carried out. */
const decideWithinMs = 29 * 86_400_000;

/**
 * Approves the deletions that a held run showed. A new run lists the bucket again and deletes those of them that are
 * still missing, never more. Returns that run. Throws Failure `not_found`, or `conflict` if the run is not held, was
 * approved already, the scope changed, or a later complete run took its place. Of holds in a row the first
 * and the last can be approved, so that a short interval does not snatch away what somebody is deciding about.
 */
export async function approveRun(deps: RequestDeps & Acting, datasourceId: string, runId: string): Promise<RunRow> {
  const { run, uid } = await findRun(deps, datasourceId, runId);
  if (run.status !== 'held') {
    throw new Failure('conflict', `run ${runId} is ${run.status}, not held: there is nothing to approve`);
  }
  if (run.approved_by !== undefined && (await stands(deps, uid, run.approved_by))) {
    throw new Failure('conflict', `run ${runId} was approved already; run ${run.approved_by} applies it`);
  }
  const state = await readState(deps.table, uid);
  if (state.hold?.first !== runId && state.hold?.last !== runId) {
    const standing = state.hold === undefined ? '' : `; of the runs that hold now, ${state.hold.first} was the first`;
    throw new Failure('conflict', `a later run took the place of ${runId}${standing}`);
  }
  const { config } = await readScope(deps.table, datasourceId);
  if (fingerprintOf(config) !== run.fingerprint) {
    throw new Failure(
      'conflict',
      `the settings were changed since run ${runId} was held; sync again to see what goes now`,
    );
  }
  if (deps.clock.now() - Date.parse(run.completed_at ?? run.queued_at) > decideWithinMs) {
    throw new Failure('conflict', `run ${runId} was held too long ago to be approved; start a new sync`);
  }
  const { run: approving, alreadyOn } = await requestRun(
    deps,
    { datasource: datasourceId, trigger: 'api', approves: runId },
    // In the transaction that makes the approving run: from then on the deletions are on their way.
    ({ id, datasource }) => ({
      ...({ action: 'approved', kind: 'run', id: runId } as const),
      after: { datasource, approved_by: id, counters: run.counters },
    }),
  );
  if (alreadyOn) {
    throw new Failure('conflict', `run ${approving.id} is on; wait for it to end, then approve what it shows`);
  }
  await noteApproval(deps, run, approving.id);
  return approving;
}

/** An approval whose run failed or was canceled came to nothing and may be given again. */
async function stands(deps: RequestDeps, uid: string, approvingRun: string): Promise<boolean> {
  const approving = await readRun(deps.table, uid, approvingRun);
  return approving !== undefined && approving.status !== 'failed' && approving.status !== 'canceled';
}

/** For the record only: what the approving run does follows from its own `approves`. */
async function noteApproval(deps: RequestDeps, held: RunRow, by: string): Promise<void> {
  for (;;) {
    const run = await readRun(deps.table, held.uid, held.id);
    if (run === undefined) return;
    const noted = { ...run, version: run.version + 1, approved_by: by };
    try {
      await deps.table.put(runItem(noted), { type: 'version', equals: run.version });
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
