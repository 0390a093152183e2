import { type AuditDeps, type AuditedRow, auditRowChange } from '../audit/audit-write.ts';
import { compareKeys } from '../keys/byte-order.ts';
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
import { type ConnectorRow, connectorRow, connectorView } from './connector.ts';
import { purgeItem } from './purge-item.ts';
import { testedKey } from './tested-at.ts';

const partition = 'registry#connector';

/** What writing a row takes: whoever does it is told of in the audit. */
type WriteDeps = AuditDeps & { readonly table: Table };

/** The connector that is there from the start. It takes a place in the table only once someone changes it. */
const builtin: ConnectorRow = {
  v: 1,
  version: 0,
  id: 's3',
  number: 0,
  owner: 'builtin-s3',
  builtin: true,
  name: 'S3',
  description: 'Catalogues the objects of S3 and S3-compatible buckets.',
  category: 'cloud_storage',
  icon: '/assets/icons/connector/s3/icon.png',
  tags: ['s3', 'storage'],
  config: {},
  secrets: {},
  processor: { enabled: true, name: 's3' },
  created: '2026-01-01T00:00:00.000Z',
  updated: '2026-01-01T00:00:00.000Z',
};

export async function readConnector(table: Table, id: string): Promise<ConnectorRow | undefined> {
  const item = await table.get({ pk: partition, sk: id });
  if (item) return fromItem(connectorRow, item);
  return id === builtin.id ? builtin : undefined;
}

/** All connectors by id, the builtin one among them. */
export async function listConnectors(table: Table): Promise<ConnectorRow[]> {
  const rows: ConnectorRow[] = [];
  for await (const item of table.query({ pk: partition })) rows.push(fromItem(connectorRow, item));
  if (rows.some((row) => row.id === builtin.id)) return rows;
  return [...rows, builtin].sort((one, other) => compareKeys(one.id, other.id));
}

/** The connector with this number. The builtin one is not found by its own. */
export async function readNumberedConnector(table: Table, number: number): Promise<ConnectorRow | undefined> {
  const id = await idOfNumber(table, 'connector', number);
  return id === undefined ? undefined : readConnector(table, id);
}

/**
 * Stores a new connector under the given id, or under its number. Throws ConditionFailed if the id is taken, Failure
 * `conflict` if a condition of `alongside` does not hold, `quota_exceeded` where there are as many as there may be.
 */
export async function insertConnector(
  deps: WriteDeps,
  id: string | undefined,
  row: Omit<ConnectorRow, 'id' | 'number' | 'version'>,
  alongside?: Alongside,
  quota?: Quota,
): Promise<ConnectorRow> {
  const build = (number: number): Item => {
    const rowId = id ?? String(number);
    return toItem({ pk: partition, sk: rowId }, { ...row, id: rowId, number, version: firstVersion(row) });
  };
  const audit = (made: Item): TransactWrite[] =>
    auditRowChange(deps, 'connector', undefined, audited(fromItem(connectorRow, made)));
  const beside = (made: Item): TransactWrite[] => [...audit(made), ...(alongside?.(made) ?? [])];
  const item = await createNumbered(deps.table, 'connector', id, build, beside, quota);
  return fromItem(connectorRow, item);
}

/** Stores a changed connector. Throws ConditionFailed if someone else changed it since it was read. */
export async function updateConnector(
  deps: WriteDeps,
  before: ConnectorRow,
  changed: ConnectorRow,
): Promise<ConnectorRow> {
  const next = { ...changed, version: before.version + 1 };
  const unstored = before.builtin && before.version === 0;
  const condition = unstored ? ({ type: 'absent' } as const) : ({ type: 'version', equals: before.version } as const);
  const audit = auditRowChange(deps, 'connector', audited(before), audited(next));
  await deps.table.transact([{ put: place(next), condition }, ...audit]);
  return next;
}

/**
 * What goes with the write of a datasource, so that its connector cannot be deleted, or changed into something it was
 * not planned for, in the same moment. The unstored builtin needs none: it cannot be deleted.
 */
export function connectorStands(row: ConnectorRow): TransactWrite[] {
  if (row.version === 0) return [];
  return [{ check: { pk: partition, sk: row.id }, condition: { type: 'version', equals: row.version } }];
}

/** Throws ConditionFailed if someone else changed it since it was read. What jobs kept under it is marked to be purged,
 *  and purged by the next sweep: nobody finds it any more. */
export async function removeConnector(deps: WriteDeps, row: ConnectorRow): Promise<void> {
  await removeNumbered(deps.table, 'connector', [
    { delete: { pk: partition, sk: row.id }, condition: { type: 'version', equals: row.version } },
    { delete: numberItem('connector', row.number, row.id) },
    { delete: testedKey(row) },
    { put: purgeItem(row.owner, row.id) },
    ...auditRowChange(deps, 'connector', audited(row), undefined),
  ]);
}

function place(row: ConnectorRow): Item {
  return toItem({ pk: partition, sk: row.id }, row);
}

function audited(row: ConnectorRow): AuditedRow {
  const { id, number, version, secrets } = row;
  return { id, number, version, shown: connectorView(row), secrets };
}
