import type { AuditDeps } from '../../audit/audit-write.ts';
import { canonicalJson } from '../../model/canonical-json.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { Table } from '../../model/ports/table.ts';
import type { RowQuotas } from '../../model/quota.ts';
import { type Demand, demandTag } from '../../model/row-tag.ts';
import { type ConfigAtRest, type MergeDeps, mergeConfig } from '../../source/merge-config.ts';
import type { Alongside } from '../../table/registry-number.ts';
import { type ConnectorInput, type ConnectorRow, echoedFields } from '../connector.ts';
import { insertConnector, readConnector, removeConnector, updateConnector } from '../connector-store.ts';
import type { DatasourceRow } from '../datasource.ts';
import { listDatasources, readDatasource } from '../datasource-store.ts';
import { configOf } from '../effective-config.ts';
import { rebaseDatasource } from '../rebase-datasource.ts';
import { connectorTag } from '../registry-tag.ts';
import { demandVisibleLabels } from '../visible-labels.ts';
import { changeRow } from './change-row.ts';

export type ConnectorDeps = MergeDeps &
  AuditDeps & {
    readonly table: Table;
    /** As many as anybody likes where the host says nothing. */
    readonly quotas?: RowQuotas | undefined;
  };

/** Stores a new connector. Throws Failure `conflict` if its id is taken, or a condition of `alongside` does not hold,
 *  `quota_exceeded` where there are as many as there may be. */
export async function createConnector(
  deps: ConnectorDeps,
  input: ConnectorInput,
  alongside?: Alongside,
): Promise<ConnectorRow> {
  const taken = new Failure('conflict', `a connector with the id ${input.id} exists already; choose another id`);
  if (input.id !== undefined && (await readConnector(deps.table, input.id)) !== undefined) throw taken;
  const owner = deps.ids.unique();
  const planned = await planConnector(deps, owner, input, undefined);
  try {
    return await insertConnector(deps, input.id, planned, alongside, deps.quotas?.connectors);
  } catch (error) {
    throw error instanceof ConditionFailed ? taken : error;
  }
}

/**
 * Replaces a connector; its `config` stays when the input has none, for its secrets cannot be read back to be sent
 * again. With `create`, a missing one is created, unless one was demanded. Datasources that inherit from it move with it.
 * Throws Failure `not_found`, `conflict`, `precondition_failed`, `invalid_request` if a datasource would be left without
 * bucket, endpoint or credentials, or `secret_required` if a secret, its own or a datasource's, would go where it was not
 * given for.
 */
export async function replaceConnector(
  deps: ConnectorDeps,
  id: string,
  input: ConnectorInput,
  options: { readonly create: boolean; readonly demand?: Demand | undefined },
): Promise<{ row: ConnectorRow; created: boolean }> {
  const found = await readConnector(deps.table, id);
  if (found === undefined) {
    if (!options.create) throw new Failure('not_found', `there is no connector ${id}`);
    demandTag(options.demand, undefined, `connector ${id}`);
    return { row: await createConnector(deps, { ...input, id }), created: true };
  }
  const row = await changeStored(deps, found, options.demand, (stored) => replaceStored(deps, stored, input));
  return { row, created: false };
}

/** Throws Failure `builtin`, `not_found`, `precondition_failed`, or `in_use` with the number of datasources that need it. */
export async function deleteConnector(
  deps: AuditDeps & { readonly table: Table },
  id: string,
  demand?: Demand,
): Promise<void> {
  const found = await readConnector(deps.table, id);
  if (found === undefined) throw new Failure('not_found', `there is no connector ${id}`);
  if (found.builtin) throw new Failure('builtin', 'builtin connector cannot be deleted');
  await changeStored(deps, found, demand, async (row) => {
    // The new version turns away a datasource that was planned on the old one, so that none slips in after the count.
    const marked = await updateConnector(deps, row, row);
    const count = (await datasourcesOf(deps.table, id)).length;
    if (count > 0) {
      const these = count === 1 ? '1 datasource uses' : `${count} datasources use`;
      throw new Failure('in_use', `${these} connector ${id}; delete them or give them another connector first`);
    }
    await removeConnector(deps, marked);
  });
}

function changeStored<Done>(
  { table }: { readonly table: Table },
  found: ConnectorRow,
  demand: Demand | undefined,
  change: (stored: ConnectorRow) => Promise<Done>,
): Promise<Done> {
  return changeRow(found, demand, {
    what: `connector ${found.id}`,
    tagOf: connectorTag,
    readAgain: () => readConnector(table, found.id),
    change,
    conflict: (cause) => changedMeanwhile(found.id, cause),
  });
}

async function replaceStored(deps: ConnectorDeps, stored: ConnectorRow, input: ConnectorInput): Promise<ConnectorRow> {
  const { id, number, version } = stored;
  const next = { ...(await planConnector(deps, stored.owner, input, stored)), id, number, version };
  const dependents = await datasourcesOf(deps.table, id);
  for (const datasource of dependents) {
    demandWholeScope(next, datasource);
    demandBucketStays(stored, next, datasource);
  }
  const same = canonicalJson(stored) === canonicalJson({ ...next, updated: stored.updated });
  const row = same ? stored : await updateConnector(deps, stored, next);
  for (const datasource of dependents) await moveDependent(deps, row, datasource);
  return row;
}

/** The datasources of one connector. Reads the whole registry partition: connectors change rarely. */
export async function datasourcesOf(table: Table, connectorId: string): Promise<DatasourceRow[]> {
  const rows: DatasourceRow[] = [];
  for await (const row of listDatasources(table)) if (row.connector.id === connectorId) rows.push(row);
  return rows;
}

function changedMeanwhile(id: string, cause: ConditionFailed): Failure {
  return new Failure('conflict', `connector ${id} was changed by someone else just now; read it and try again`, {
    cause,
  });
}

/**
 * The connector stands by now, so nothing about a datasource may fail the request: one that was changed meanwhile is
 * read again, and one that has no whole scope any more says so with its next run.
 */
async function moveDependent(deps: ConnectorDeps, connector: ConnectorRow, datasource: DatasourceRow): Promise<void> {
  let row: DatasourceRow | undefined = datasource;
  while (row !== undefined && row.connector.id === connector.id) {
    try {
      await rebaseDatasource(deps, connector, row);
      return;
    } catch (error) {
      if (error instanceof Failure) return;
      if (!(error instanceof ConditionFailed)) throw error;
    }
    row = await readDatasource(deps.table, row.id);
  }
}

async function planConnector(
  deps: ConnectorDeps,
  owner: string,
  input: ConnectorInput,
  stored: ConnectorRow | undefined,
): Promise<Omit<ConnectorRow, 'id' | 'number' | 'version'>> {
  demandVisibleLabels(input, stored);
  const now = new Date(deps.clock.now()).toISOString();
  const atRest: ConfigAtRest = stored ?? { config: {}, secrets: {} };
  const merged =
    input.config === undefined
      ? atRest
      : await mergeConfig(deps, { kind: 'connector', uid: owner }, atRest, {}, input.config);
  const echoed = new Set(['id', 'config', 'processor', ...Object.keys(echoedFields)]);
  const given = Object.fromEntries(Object.entries(input).filter(([name]) => !echoed.has(name)));
  return {
    ...(given as Pick<ConnectorInput, 'name'>),
    v: 1,
    owner,
    builtin: stored?.builtin ?? false,
    config: merged.config,
    secrets: merged.secrets,
    external_id: merged.external_id,
    processor: input.processor ?? { enabled: true, name: 's3' },
    created: stored?.created ?? now,
    updated: now,
  };
}

function demandWholeScope(connector: Parameters<typeof configOf>[0], row: DatasourceRow): void {
  try {
    configOf(connector, row);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure('invalid_request', `datasource ${row.id} inherits from this connector: ${error.message}`, {
      details: error.details.map(({ path, reason }) => ({ path: path.replace(/^connector\./, ''), reason })),
    });
  }
}

/** A datasource that has a secret of its own and inherits the bucket gave that secret for the bucket that stood here. */
function demandBucketStays(stored: ConnectorRow, planned: Pick<ConnectorRow, 'config'>, row: DatasourceRow): void {
  const inherits = row.connector.config.bucket === undefined && row.secrets.secret_access_key !== undefined;
  if (!inherits || stored.config.bucket === planned.config.bucket) return;
  const reason = `cannot change: datasource ${row.id} inherits it and has a secret of its own; give that datasource its bucket, and its secret with it, first`;
  throw new Failure('secret_required', `config.bucket ${reason}`, { details: [{ path: 'config.bucket', reason }] });
}
