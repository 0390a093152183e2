import { type AuditDeps, type AuditedRow, auditRowChange } from '../audit/audit-write.ts';
import type { Item, Table, TransactWrite } from '../model/ports/table.ts';
import type { Quota } from '../model/quota.ts';
import {
  type Alongside,
  createNumbered,
  firstVersion,
  idOfNumber,
  numberItem,
  removeNumbered,
} from '../table/registry-number.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type DatasourceRow, datasourceRow, datasourceView } from './datasource.ts';
import { purgeItem } from './purge-item.ts';

/** The one registry partition of datasources; the feed's readers know a change of a datasource by it. */
export const datasourcePartition = 'registry#datasource';

/** What writing a row takes: whoever does it is told of in the audit. */
type WriteDeps = AuditDeps & { readonly table: Table };

export async function readDatasource(table: Table, id: string): Promise<DatasourceRow | undefined> {
  const item = await table.get({ pk: datasourcePartition, sk: id });
  return item && fromItem(datasourceRow, item);
}

/** The datasource with this number. */
export async function readNumberedDatasource(table: Table, number: number): Promise<DatasourceRow | undefined> {
  const id = await idOfNumber(table, 'datasource', number);
  return id === undefined ? undefined : readDatasource(table, id);
}

/** All datasources by id. */
export async function* listDatasources(table: Table): AsyncIterable<DatasourceRow> {
  for await (const item of table.query({ pk: datasourcePartition })) yield fromItem(datasourceRow, item);
}

/** At most so many datasources, by id, beyond the one with this id. */
export async function pageDatasources(
  table: Table,
  after: string | undefined,
  limit: number,
): Promise<DatasourceRow[]> {
  const rows: DatasourceRow[] = [];
  const query = { pk: datasourcePartition, limit, ...(after === undefined ? {} : { after }) };
  for await (const item of table.query(query)) rows.push(fromItem(datasourceRow, item));
  return rows;
}

/**
 * Stores a new datasource under the given id, or under its number. Throws ConditionFailed if the id is taken, Failure
 * `conflict` if a condition of `alongside` does not hold, `quota_exceeded` where there are as many as there may be.
 */
export async function insertDatasource(
  deps: WriteDeps,
  id: string | undefined,
  row: Omit<DatasourceRow, 'id' | 'number' | 'version'>,
  alongside?: Alongside,
  quota?: Quota,
): Promise<DatasourceRow> {
  const build = (number: number): Item => {
    const rowId = id ?? String(number);
    return toItem({ pk: datasourcePartition, sk: rowId }, { ...row, id: rowId, number, version: firstVersion(row) });
  };
  const audit = (made: Item): TransactWrite[] =>
    auditRowChange(deps, 'datasource', undefined, audited(fromItem(datasourceRow, made)));
  const beside = (made: Item): TransactWrite[] => [...audit(made), ...(alongside?.(made) ?? [])];
  const item = await createNumbered(deps.table, 'datasource', id, build, beside, quota);
  return fromItem(datasourceRow, item);
}

/**
 * Stores a changed datasource; where its uid changed, the data of the old uid is marked for purging in the same
 * transaction, so that nothing is orphaned. Throws ConditionFailed if someone else changed the row since it was read, or
 * if a condition of `guards` does not hold.
 */
export async function updateDatasource(
  deps: WriteDeps,
  before: DatasourceRow,
  changed: DatasourceRow,
  guards: readonly TransactWrite[] = [],
): Promise<DatasourceRow> {
  const next = { ...changed, version: before.version + 1 };
  const writes: TransactWrite[] = [{ put: place(next), condition: { type: 'version', equals: before.version } }];
  if (changed.uid !== before.uid) writes.push({ put: purgeItem(before.uid, before.id) });
  writes.push(...auditRowChange(deps, 'datasource', audited(before), audited(next)));
  await deps.table.transact([...writes, ...guards]);
  return next;
}

/** Removes a datasource and marks its data for purging. Throws ConditionFailed if it was changed since it was read. */
export async function removeDatasource(deps: WriteDeps, row: DatasourceRow): Promise<void> {
  await removeNumbered(deps.table, 'datasource', [
    { delete: { pk: datasourcePartition, sk: row.id }, condition: { type: 'version', equals: row.version } },
    { delete: numberItem('datasource', row.number, row.id) },
    { put: purgeItem(row.uid, row.id) },
    ...auditRowChange(deps, 'datasource', audited(row), undefined),
  ]);
}

function place(row: DatasourceRow): Item {
  return toItem({ pk: datasourcePartition, sk: row.id }, row);
}

function audited(row: DatasourceRow): AuditedRow {
  const { id, number, version, secrets } = row;
  return { id, number, version, shown: datasourceView(row), secrets };
}
