import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { readConnector } from './connector-store.ts';
import type { DatasourceRow } from './datasource.ts';
import { readDatasource } from './datasource-store.ts';
import { configOf, type EffectiveConfig } from './effective-config.ts';

/** A datasource with the settings it runs with. Throws Failure `not_found`, or `invalid_request` for what they lack. */
export async function readScope(
  table: Table,
  id: string,
): Promise<{ readonly row: DatasourceRow; readonly config: EffectiveConfig }> {
  const row = await readDatasource(table, id);
  if (row === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  const connector = await readConnector(table, row.connector.id);
  if (connector === undefined) {
    throw new Failure('conflict', `connector ${row.connector.id} of this datasource does not exist any more`);
  }
  const config = configOf(connector, row);
  return { row, config };
}
