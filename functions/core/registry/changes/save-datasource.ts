import type { Acting } from '../../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { RowQuotas } from '../../model/quota.ts';
import type { Alongside } from '../../table/registry-number.ts';
import type { ConnectorRow } from '../connector.ts';
import { connectorStands, readConnector } from '../connector-store.ts';
import type { DatasourceInput, DatasourcePatch, DatasourceRow } from '../datasource.ts';
import { insertDatasource, readDatasource, updateDatasource } from '../datasource-store.ts';
import { type PlanDeps, planDatasource } from './plan-datasource.ts';

export type SaveDeps = PlanDeps &
  Acting & {
    readonly table: Table;
    /** As many as anybody likes where the host says nothing. */
    readonly quotas?: RowQuotas;
  };

/**
 * Stores a new datasource, and with it what `alongside` makes of its row. Throws Failure `conflict` if its id is taken or
 * a condition does not hold, `quota_exceeded`, `invalid_request` for what cannot be kept.
 */
export async function createDatasource(
  deps: SaveDeps,
  input: DatasourceInput,
  alongside: Alongside = () => [],
): Promise<DatasourceRow> {
  const connector = await connectorOf(deps.table, input.connector.id);
  const planned = await planDatasource(deps, connector, input, undefined, true);
  try {
    const guards = connectorStands(connector);
    return await insertDatasource(
      deps,
      input.id,
      planned,
      (row) => [...guards, ...alongside(row)],
      deps.quotas?.datasources,
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new Failure('conflict', `a datasource with the id ${input.id} exists already; choose another id`, {
      cause: error,
    });
  }
}

/** Changes what the input mentions and keeps the rest. Throws Failure `not_found`, `conflict` or `invalid_request`. */
export async function updateDatasourceFields(
  deps: SaveDeps,
  id: string,
  input: DatasourcePatch,
): Promise<DatasourceRow> {
  const stored = await readDatasource(deps.table, id);
  if (stored === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  const connector = await connectorOf(deps.table, input.connector?.id ?? stored.connector.id);
  return store(deps, stored, await planDatasource(deps, connector, input, stored, false), connector);
}

/** Puts a whole datasource in the place of the one with this id, or creates it. An absent secret stays. */
export async function replaceDatasource(
  deps: SaveDeps,
  id: string,
  input: DatasourceInput,
): Promise<{ row: DatasourceRow; created: boolean }> {
  const stored = await readDatasource(deps.table, id);
  if (stored === undefined) return { row: await createDatasource(deps, { ...input, id }), created: true };
  const connector = await connectorOf(deps.table, input.connector.id);
  const planned = await planDatasource(deps, connector, input, stored, true);
  return { row: await store(deps, stored, planned, connector), created: false };
}

async function connectorOf(table: Table, id: string): Promise<ConnectorRow> {
  const connector = await readConnector(table, id);
  if (connector !== undefined) return connector;
  const reason = `there is no connector "${id}"; register it first or use "s3"`;
  throw new Failure('invalid_request', `connector.id: ${reason}`, { details: [{ path: 'connector.id', reason }] });
}

async function store(
  deps: SaveDeps,
  stored: DatasourceRow,
  planned: Omit<DatasourceRow, 'id' | 'number' | 'version'>,
  connector: ConnectorRow,
): Promise<DatasourceRow> {
  const { id, number, version } = stored;
  try {
    return await updateDatasource(deps, stored, { ...planned, id, number, version }, connectorStands(connector));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new Failure(
      'conflict',
      `datasource ${id} or its connector was changed by someone else just now; read it and try again`,
      {
        cause: error,
      },
    );
  }
}
