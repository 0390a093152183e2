import { Failure } from '../../model/errors.ts';
import type { Clock } from '../../model/ports/host.ts';
import { type ConfigAtRest, type MergeDeps, mergeConfig } from '../../source/merge-config.ts';
import type { S3ConfigInput, StoredS3Config } from '../../source/s3-config.ts';
import type { ConnectorRow } from '../connector.ts';
import type { DatasourcePatch, DatasourceRow } from '../datasource.ts';
import { configOf, effectiveConfig, fingerprintOf, targetOf } from '../effective-config.ts';
import type { EnrichmentSteps } from '../enrichment-pipeline.ts';
import { demandVisibleLabels } from '../visible-labels.ts';
import { dateChanges, planSync, sameSchedule } from './plan-sync.ts';

export type PlanDeps = MergeDeps & {
  readonly clock: Clock;
  /** Shortest interval a datasource may ask for, in seconds (a deploy-time setting). */
  readonly minimumIntervalSeconds: number;
};

/** A row as planned: where it is stored decides its id, number and version. */
export type PlannedDatasource = Omit<DatasourceRow, 'id' | 'number' | 'version'>;

/**
 * Works out the row that a caller's input makes, over the stored one if there is any. With `replace`, what the input
 * does not mention is reset; otherwise it stays. Throws Failure for what cannot be kept; stores nothing.
 */
export async function planDatasource(
  deps: PlanDeps,
  connector: ConnectorRow,
  input: DatasourcePatch,
  stored: DatasourceRow | undefined,
  replace: boolean,
): Promise<PlannedDatasource> {
  demandVisibleLabels(input, stored);
  const now = deps.clock.now();
  const owner = stored?.owner ?? deps.ids.unique();
  const atRest = await planConfig(deps, owner, stored, input.connector?.config ?? {}, replace);
  const effective = effectiveConfig(connector, { ...atRest, owner });
  const target = targetOf(effective);
  if (stored !== undefined && target !== stored.target) demandSecretOfOwn(connector, stored, atRest);
  const uid = stored !== undefined && stored.target === target ? stored.uid : deps.ids.unique();
  const base = replace ? undefined : stored;
  const sync = planSync(input.sync, base?.sync, now, deps.minimumIntervalSeconds, stored?.sync);
  const enabled = input.enabled ?? base?.enabled ?? true;
  const row: PlannedDatasource = {
    v: 1,
    uid,
    owner,
    target,
    config_version: stored?.config_version ?? 1,
    type: 'connector',
    name: input.name ?? stored?.name ?? '',
    ...descriptive(input, base),
    connector: { id: connector.id, config: atRest.config },
    secrets: atRest.secrets,
    external_id: atRest.external_id,
    sync,
    enabled,
    enrichment_pipeline: planSteps(input, base),
    created: stored?.created ?? new Date(now).toISOString(),
    updated: new Date(now).toISOString(),
  };
  row.sync = dateChanges(row, stored, now);
  if (stored && changesWork(connector, stored, row)) row.config_version = stored.config_version + 1;
  return row;
}

/** What a datasource inherits beside a secret of its own is the bucket: another connector would lead the secret to another. */
function demandSecretOfOwn(connector: ConnectorRow, stored: DatasourceRow, planned: ConfigAtRest): void {
  const secret = stored.secrets.secret_access_key;
  if (connector.id === stored.connector.id || secret === undefined) return;
  if (planned.secrets.secret_access_key !== secret) return;
  const message = `connector ${connector.id} has another bucket: secret_access_key is needed again with it, for a stored secret is only ever used where it was given for`;
  const detail = { path: 'connector.config.secret_access_key', reason: 'is required with this change' };
  throw new Failure('secret_required', message, { details: [detail] });
}

/** Null switches a pipeline off; what is not said stays. */
function planSteps(input: DatasourcePatch, base: DatasourceRow | undefined): EnrichmentSteps | undefined {
  const { enrichment_pipeline: pipeline } = input;
  return pipeline === undefined ? base?.enrichment_pipeline : pipeline?.processor;
}

function planConfig(
  deps: PlanDeps,
  owner: string,
  stored: DatasourceRow | undefined,
  input: S3ConfigInput,
  replace: boolean,
): Promise<ConfigAtRest> {
  const before: ConfigAtRest = {
    config: stored?.connector.config ?? {},
    secrets: stored?.secrets ?? {},
    external_id: stored?.external_id,
  };
  const base: StoredS3Config = replace ? {} : before.config;
  return mergeConfig(deps, { kind: 'datasource', uid: owner }, before, base, input);
}

function descriptive(input: DatasourcePatch, base: DatasourceRow | undefined) {
  return {
    description: input.description ?? base?.description,
    icon: input.icon ?? base?.icon,
    category: input.category ?? base?.category,
    tags: input.tags ?? base?.tags,
  };
}

/** The config version grows with scope and schedule only, so that renaming a datasource does not void its ticks. */
function changesWork(connector: ConnectorRow, stored: DatasourceRow, row: PlannedDatasource): boolean {
  if (stored.uid !== row.uid || stored.enabled !== row.enabled || !sameSchedule(stored.sync, row.sync)) return true;
  // What was inherited from the connector before is not known here: another connector counts as another scope.
  if (stored.connector.id !== row.connector.id) return true;
  return fingerprintBefore(connector, stored) !== fingerprintOf(configOf(connector, row));
}

function fingerprintBefore(connector: ConnectorRow, stored: DatasourceRow): string | undefined {
  try {
    return fingerprintOf(configOf(connector, stored));
  } catch (error) {
    // The connector changed under it so that it no longer had a whole scope: any scope now is another one.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
