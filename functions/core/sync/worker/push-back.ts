import { Failure } from '../../model/errors.ts';
import type { PlainWrite, Table } from '../../model/ports/table.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { createPatientTable } from '../../table/patient-table.ts';
import { writeAll } from '../../table/write-all.ts';
import { timeBudget } from '../../timing/time-budget.ts';
import { listWork } from '../progress/range-work.ts';
import { checkpoint, type RunContext } from './run-context.ts';
import { RunYielded } from './run-unwound.ts';

/**
 * Writes a batch until all of it stands. Whatever the table pushes back is sent again only after another look at the run,
 * which keeps its lease alive, and at the right to write, before each send: `mayWrite` throws where there is none. Throws
 * RunYielded when this invocation's time is over meanwhile, RunCanceled, and Failure: `lease_lost`, `table_throttled` when the
 * table has taken nothing for an hour, or what broke another worker of the run off.
 */
export async function writeInTurn(
  context: RunContext,
  writes: readonly PlainWrite[],
  mayWrite: () => Promise<void> = () => context.held.assertWritable(),
): Promise<void> {
  if (writes.length === 0) return;
  await writeAll(context.deps.table, writes, async (pushedBack) => {
    if (pushedBack !== undefined) await lookAgain(context, pushedBack.taken);
    await mayWrite();
  });
  noteMoved(context);
}

/** The table gave this run something: from now on it is not stuck. */
export function noteMoved({ progress }: Pick<RunContext, 'progress'>): void {
  progress.stuckSince = undefined;
}

async function lookAgain(context: RunContext, taken: number): Promise<void> {
  if (taken > 0) noteMoved(context);
  else context.progress.stuckSince ??= context.deps.clock.now();
  await checkpoint(context);
  await assertNotStuck(context);
  if (isOver(context.deps)) throw new RunYielded(true);
}

/**
 * To be called before a run is handed on because it had to wait for the table. Throws Failure `table_throttled` where neither
 * this worker nor another one of the run got anywhere for an hour.
 */
export async function assertNotStuck(context: RunContext): Promise<void> {
  const { deps, progress, run } = context;
  if (progress.stuckSince === undefined) return;
  if (deps.clock.now() - progress.stuckSince < timeBudget.noProgressMs) return;
  if ((await listedByAll(context)) <= run.counters.listed) throw tableThrottled();
  noteMoved(context);
}

/** What all workers have stored that they listed. */
async function listedByAll({ deps, uid, pass }: RunContext): Promise<number> {
  const rows = await listWork(deps.table, uid, pass.id);
  return [...rows.values()].reduce((sum, { tally }) => sum + tally.counters.listed, 0);
}

function tableThrottled(): Failure {
  return new Failure(
    'table_throttled',
    'the table of Stocktake has taken no write of this run for an hour; what it did is kept, and the next run goes on from where it stopped. See the throttles of the table on the dashboard: spread the intervals of the datasources, raise the quota of DynamoDB for the table, or warm the table up with the setting tableWarmWrites',
  );
}

/** The same dependencies, with a table whose push-back is borne until this invocation's time is over; then it throws
 *  RunYielded. */
export function patiently<Deps extends SyncDeps>(deps: Deps): Deps {
  const table: Table = createPatientTable(deps.table, () => {
    deps.alive?.();
    if (isOver(deps)) throw new RunYielded(true);
  });
  return { ...deps, table };
}

function isOver({ clock, yieldAt = Number.POSITIVE_INFINITY }: SyncDeps): boolean {
  return clock.now() >= yieldAt;
}
