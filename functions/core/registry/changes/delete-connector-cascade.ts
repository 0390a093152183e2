import type { AuditDeps } from '../../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { WorkQueue } from '../../model/ports/work-queue.ts';
import type { Demand } from '../../model/row-tag.ts';
import type { ConnectorRow } from '../connector.ts';
import { readConnector, removeConnector, updateConnector } from '../connector-store.ts';
import { connectorTag } from '../registry-tag.ts';
import { changeRow } from './change-row.ts';
import { deleteDatasource } from './delete-datasource.ts';
import { datasourcesOf } from './save-connector.ts';

type CascadeDeps = AuditDeps & { readonly table: Table; readonly queue: WorkQueue };

/**
 * Deletes a connector and every datasource on it, whose records are purged in the background. What is interrupted half
 * way is finished by the next try. Throws Failure `precondition_failed`, or `conflict` if somebody else changed one of them
 * at the same moment.
 */
export async function deleteConnectorCascade(
  deps: CascadeDeps,
  connector: ConnectorRow,
  demand?: Demand,
): Promise<void> {
  const { table } = deps;
  const what = `connector ${connector.number}`;
  const conflict = (cause: ConditionFailed): Failure =>
    new Failure('conflict', `${what} was changed by someone else just now; try again`, { cause });
  // The new version turns away datasources that were planned on the old one.
  const marked = await changeRow(connector, demand, {
    what,
    tagOf: connectorTag,
    readAgain: () => readConnector(table, connector.id),
    change: (row) => updateConnector(deps, row, row),
    conflict,
  });
  try {
    await deleteAll(deps, connector.id);
    await removeConnector(deps, marked);
  } catch (error) {
    throw error instanceof ConditionFailed ? conflict(error) : error;
  }
  // One planned on the new version may have come in between. From here on none can: its connector is not there.
  await deleteAll(deps, connector.id);
}

async function deleteAll(deps: CascadeDeps, connectorId: string): Promise<void> {
  for (const { id } of await datasourcesOf(deps.table, connectorId)) {
    try {
      await deleteDatasource(deps, id);
    } catch (error) {
      // Somebody else deleted it first.
      if (!(error instanceof Failure) || error.code !== 'not_found') throw error;
    }
  }
}
