import type { AuditDeps } from '../../audit/audit-write.ts';
import { Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { WorkQueue } from '../../model/ports/work-queue.ts';
import type { Demand } from '../../model/row-tag.ts';
import type { DatasourceRow } from '../datasource.ts';
import { readDatasource, removeDatasource } from '../datasource-store.ts';
import { datasourceTag } from '../registry-tag.ts';
import { changeRow } from './change-row.ts';

/**
 * Makes a datasource invisible at once; its run is stopped and its records are purged in the background. The mark left
 * for the purge is durable, the message only hurries it. Throws Failure `not_found`, `conflict` or `precondition_failed`.
 */
export async function deleteDatasource(
  deps: AuditDeps & { readonly table: Table; readonly queue: WorkQueue },
  id: string,
  demand?: Demand,
): Promise<void> {
  const found = await readDatasource(deps.table, id);
  if (found === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  const message = `datasource ${id} was changed by someone else just now; try again`;
  const removed = await changeRow(found, demand, {
    what: `datasource ${id}`,
    tagOf: datasourceTag,
    readAgain: () => readDatasource(deps.table, id),
    change: async (row: DatasourceRow) => {
      await removeDatasource(deps, row);
      return row;
    },
    conflict: (cause) => new Failure('conflict', message, { cause }),
  });
  await deps.queue.send({ type: 'purge', uid: removed.uid });
}
