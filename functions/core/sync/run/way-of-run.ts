import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import { targetOf } from '../../registry/effective-config.ts';
import { readServerNote, writeServerNote } from '../../registry/server-note.ts';
import type { RunRow } from '../../runs/run.ts';
import { runItem } from '../../runs/run-store.ts';
import type { RunContext } from '../worker/run-context.ts';
import { progressOf } from '../worker/run-progress.ts';
import type { WayChange } from '../worker/way-change.ts';

/**
 * Notes that the pass of a run begins again in another way. Its work and candidates stand under a name of their own from
 * then on, so nothing that was noted before counts. Throws Failure `lease_lost` if another run took over.
 */
export async function noteWayChange(context: RunContext, change: WayChange): Promise<RunRow> {
  const { deps, uid, held, run } = context;
  const generation = (run.generation ?? 0) + 1;
  const way = { kind: change.to, why: change.message, remember: change.remember };
  const changed: RunRow = { ...progressOf(context), way, generation };
  try {
    const put = { put: runItem(changed), condition: { type: 'fence', atMost: held.fence } } as const;
    await deps.table.transact([put, fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  const { datasource, id } = run;
  deps.log.warn('listing changes its way', { datasource, run: id, way: change.to, reason: change.message });
  return changed;
}

/** Keeps what a complete listing found out about a foreign server. */
export async function noteServer(context: RunContext, tolerances: readonly string[]): Promise<void> {
  const { deps, config, foreign, run } = context;
  const slow = run.way ?? run.pass?.way;
  const learnt = tolerances.length > 0 || slow?.remember === true;
  if (!foreign || run.dry_run || !learnt) return;
  const target = targetOf(config);
  const now = deps.clock.now();
  const before = await readServerNote(deps.table, target, now);
  const way = slow?.remember ? slow.kind : before?.way;
  const why = slow?.remember ? slow.why : before?.why;
  const all = [...new Set([...(before?.tolerances ?? []), ...tolerances])].sort();
  if (way === before?.way && all.length === (before?.tolerances.length ?? 0)) return;
  await writeServerNote(deps.table, target, { way, why, tolerances: all }, now);
}
