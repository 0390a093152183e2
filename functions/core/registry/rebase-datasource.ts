import type { AuditDeps } from '../audit/audit-write.ts';
import type { Table } from '../model/ports/table.ts';
import type { ConnectorRow } from './connector.ts';
import type { DatasourceRow } from './datasource.ts';
import { updateDatasource } from './datasource-store.ts';
import { configOf, targetOf } from './effective-config.ts';

/**
 * Gives a datasource a new uid if what it inherits from its connector now points to another bucket or endpoint: the
 * records of the old one must not be compared with the listing of the new one. Returns the row to go on with. Throws
 * Failure if the datasource no longer has a whole scope, ConditionFailed if someone else changed it meanwhile.
 */
export async function rebaseDatasource(
  deps: AuditDeps & { readonly table: Table },
  connector: ConnectorRow,
  row: DatasourceRow,
): Promise<DatasourceRow> {
  const effective = configOf(connector, row);
  const target = targetOf(effective);
  if (target === row.target) return row;
  const moved = { ...row, target, uid: deps.ids.unique(), config_version: row.config_version + 1 };
  return updateDatasource(deps, row, moved);
}
