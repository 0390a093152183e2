import { type AuditDeps, auditWrite, type Deed } from '../audit/audit-write.ts';
import { amendLease } from '../lease/lease.ts';
import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { isEnded, type RunRow } from './run.ts';
import { readRun } from './run-store.ts';

/**
 * Asks a run to stop; it does so before its next page and ends as `canceled`. Throws Failure `not_found`, or `conflict`
 * if it has ended already.
 */
export async function cancelRun(
  deps: AuditDeps & { readonly table: Table },
  datasourceId: string,
  runId: string,
): Promise<RunRow> {
  const { run } = await findRun(deps, datasourceId, runId);
  if (isEnded(run)) throw new Failure('conflict', `run ${runId} has ended already: ${run.status}`);
  const deed: Deed = { action: 'canceled', kind: 'run', id: runId, after: { datasource: datasourceId } };
  await amendLease(
    deps.table,
    run.uid,
    (lease) => (lease.run === runId && lease.cancel !== true ? { ...lease, cancel: true } : undefined),
    () => [auditWrite(deps, deed)],
  );
  return run;
}

/** Reads one run of a datasource. Throws Failure `not_found` for either. */
export async function findRun(
  deps: { readonly table: Table },
  datasourceId: string,
  runId: string,
): Promise<{ readonly run: RunRow; readonly uid: string }> {
  const datasource = await readDatasource(deps.table, datasourceId);
  if (datasource === undefined) throw new Failure('not_found', `there is no datasource ${datasourceId}`);
  const run = await readRun(deps.table, datasource.uid, runId);
  if (run === undefined) throw new Failure('not_found', `datasource ${datasourceId} has no run ${runId}`);
  return { run, uid: datasource.uid };
}
