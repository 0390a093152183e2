import type { AuditDeps } from '../../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { WorkQueue } from '../../model/ports/work-queue.ts';
import { readDatasource, removeDatasource } from '../datasource-store.ts';

/**
 * Makes a datasource invisible at once; its run is stopped and its records are purged in the background. The mark left
 * for the purge is durable, the message only hurries it. Throws Failure `not_found` or `conflict`.
 */
export async function deleteDatasource(
  deps: AuditDeps & { readonly table: Table; readonly queue: WorkQueue },
  id: string,
): Promise<void> {
  const row = await readDatasource(deps.table, id);
  if (row === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  try {
    await removeDatasource(deps, row);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new Failure('conflict', `datasource ${id} was changed by someone else just now; try again`, { cause: error });
  }
  await deps.queue.send({ type: 'purge', uid: row.uid });
}
