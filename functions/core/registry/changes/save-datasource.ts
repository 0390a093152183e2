import type { Acting } from '../../audit/audit-write.ts';
import { canonicalJson } from '../../model/canonical-json.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { RowQuotas } from '../../model/quota.ts';
import { type Demand, demandTag } from '../../model/row-tag.ts';
import type { Alongside } from '../../table/registry-number.ts';
import type { ConnectorRow } from '../connector.ts';
import { connectorStands, readConnector } from '../connector-store.ts';
import { changeTimes, type DatasourceInput, type DatasourcePatch, type DatasourceRow } from '../datasource.ts';
import { insertDatasource, readDatasource, updateDatasource } from '../datasource-store.ts';
import { datasourceTag } from '../registry-tag.ts';
import { changeRow } from './change-row.ts';
import { type PlanDeps, type PlannedDatasource, planDatasource } from './plan-datasource.ts';

export type SaveDeps = PlanDeps &
  Acting & {
    readonly table: Table;
    /** As many as anybody likes where the host says nothing. */
    readonly quotas?: RowQuotas | undefined;
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

/** Changes what the input mentions and keeps the rest. Throws Failure `not_found`, `conflict`, `precondition_failed` or
 *  `invalid_request`. */
export function updateDatasourceFields(
  deps: SaveDeps,
  id: string,
  input: DatasourcePatch,
  demand?: Demand,
): Promise<DatasourceRow> {
  return changeDatasource(deps, id, () => input, demand);
}

/** The same with an input that depends on the row that it changes. */
export async function changeDatasource(
  deps: SaveDeps,
  id: string,
  inputFor: (stored: DatasourceRow) => DatasourcePatch,
  demand?: Demand,
): Promise<DatasourceRow> {
  const found = await readDatasource(deps.table, id);
  if (found === undefined) throw new Failure('not_found', `there is no datasource ${id}`);
  return changeStored(deps, found, demand, async (stored) => {
    const input = inputFor(stored);
    const connector = await connectorOf(deps.table, input.connector?.id ?? stored.connector.id);
    return store(deps, stored, await planDatasource(deps, connector, input, stored, false), connector);
  });
}

/** Puts a whole datasource in the place of the one with this id, or creates it, unless one was demanded. An absent secret
 *  stays. */
export async function replaceDatasource(
  deps: SaveDeps,
  id: string,
  input: DatasourceInput,
  demand?: Demand,
): Promise<{ row: DatasourceRow; created: boolean }> {
  const found = await readDatasource(deps.table, id);
  if (found === undefined) {
    demandTag(demand, undefined, `datasource ${id}`);
    return { row: await createDatasource(deps, { ...input, id }), created: true };
  }
  const row = await changeStored(deps, found, demand, async (stored) => {
    const connector = await connectorOf(deps.table, input.connector.id);
    return store(deps, stored, await planDatasource(deps, connector, input, stored, true), connector);
  });
  return { row, created: false };
}

function changeStored(
  { table }: SaveDeps,
  found: DatasourceRow,
  demand: Demand | undefined,
  change: (stored: DatasourceRow) => Promise<DatasourceRow>,
): Promise<DatasourceRow> {
  const what = `datasource ${found.id}`;
  const message = `${what} or its connector was changed by someone else just now; read it and try again`;
  return changeRow(found, demand, {
    what,
    tagOf: datasourceTag,
    readAgain: () => readDatasource(table, found.id),
    change,
    conflict: (cause) => new Failure('conflict', message, { cause }),
  });
}

async function connectorOf(table: Table, id: string): Promise<ConnectorRow> {
  const connector = await readConnector(table, id);
  if (connector !== undefined) return connector;
  const reason = `there is no connector "${id}"; register it first or use "s3"`;
  throw new Failure('invalid_request', `connector.id: ${reason}`, { details: [{ path: 'connector.id', reason }] });
}

/** Throws ConditionFailed if the row, or its connector, is no longer what it was planned on. */
async function store(
  deps: SaveDeps,
  stored: DatasourceRow,
  planned: PlannedDatasource,
  connector: ConnectorRow,
): Promise<DatasourceRow> {
  if (changesNothing(stored, planned)) return stored;
  const { id, number, version } = stored;
  return updateDatasource(deps, stored, { ...planned, id, number, version }, connectorStands(connector));
}

/** Rows of version 0.1 do not say when timing and state were changed; that is no change. */
function changesNothing(stored: DatasourceRow, planned: PlannedDatasource): boolean {
  const { id, number, version } = stored;
  const before = { ...stored, sync: { ...stored.sync, changed_at: changeTimes(stored.sync) } };
  const after = { ...planned, id, number, version, updated: stored.updated };
  return canonicalJson(before) === canonicalJson(after);
}
