import * as z from 'zod';
import { displayName, freeText, identifier } from '../model/identifier.ts';
import type { Schedule } from '../model/ports/schedules.ts';
import { s3ConfigInput, sealedSecrets, storedS3Config } from '../source/s3-config.ts';
import { configView, echoedFields } from './connector.ts';
import { enrichmentPipelineInput, enrichmentSteps, pipelineView } from './enrichment-pipeline.ts';

export const syncInput = z.strictObject({
  enabled: z.boolean().optional(),
  strategy: z.enum(['interval', 'cron', 'manual'], 'must be "interval", "cron" or "manual"').optional(),
  interval: z
    .string('must be a text such as "5m", "1h" or "30s"')
    .max(256, 'must be at most 256 characters')
    .optional(),
  cron: z.string('must be a text such as "0 6 * * *"').max(256, 'must be at most 256 characters').optional(),
  timezone: z
    .string('must be an IANA name such as "Europe/Berlin"')
    .max(64, 'must be at most 64 characters')
    .optional(),
  page_size: z.number().int('must be a whole number').min(1, 'must be 1–1,000').max(1000, 'must be 1–1,000').optional(),
  /** True to publish one event per object of a first load too, not only its summary. */
  first_load_events: z.boolean().optional(),
  /** True for an inbox that is emptied by its reader: that all is gone is then no reason to hold. */
  expect_empty: z.boolean('must be true or false').optional(),
  expression: z.unknown().optional(),
  changed_by: z.unknown().optional(),
});
export type SyncInput = z.output<typeof syncInput>;

const connectorReference = z.strictObject({ id: identifier, config: s3ConfigInput.optional() });

/** Accepted only in the forms that change nothing: what this version cannot do is refused, not ignored. */
const notOffered = {
  webhook: z
    .strictObject({
      enabled: z
        .literal(false, 'a datasource of this kind is filled by syncing, not by webhook; set it to false')
        .optional(),
    })
    .optional(),
};

const common = {
  id: identifier.optional(),
  description: freeText(4096).optional(),
  icon: freeText(2048).optional(),
  category: freeText(256).optional(),
  tags: z.array(freeText(128)).max(100, 'must be at most 100 tags').optional(),
  sync: syncInput.optional(),
  enabled: z.boolean().optional(),
  enrichment_pipeline: enrichmentPipelineInput.optional(),
  ...notOffered,
  ...echoedFields,
};

const datasourceType = z.literal('connector', 'must be "connector"');

/** The body of POST /datasource and of PUT with ?replace=true. */
export const datasourceInput = z.strictObject({
  type: datasourceType,
  name: displayName,
  connector: connectorReference,
  ...common,
});
export type DatasourceInput = z.output<typeof datasourceInput>;

/** The body of PUT /datasource/:id: what is absent stays as it is. */
export const datasourcePatch = z.strictObject({
  type: datasourceType.optional(),
  name: displayName.optional(),
  connector: connectorReference.partial().optional(),
  ...common,
});
export type DatasourcePatch = z.output<typeof datasourcePatch>;

/**
 * When a datasource syncs, at rest. `anchor` (epoch ms) is from when a rate counts. `changed_at` (epoch ms) is when the
 * timing, and whether it is on, were changed last. `expression` is in Scheduler's grammar; one made in the AWS console
 * that the API's grammar lacks stands alone, with strategy `cron` and no `cron`.
 */
export const syncPolicy = z.object({
  enabled: z.boolean(),
  strategy: z.enum(['interval', 'cron', 'manual']),
  interval: z.string().optional(),
  cron: z.string().optional(),
  timezone: z.string().optional(),
  page_size: z.number().int().optional(),
  first_load_events: z.boolean().optional(),
  expect_empty: z.boolean().optional(),
  expression: z.string().optional(),
  changed_by: z.enum(['api', 'console']),
  anchor: z.number().int(),
  changed_at: z.object({ timing: z.number(), state: z.number() }).optional(),
});
export type SyncPolicy = z.output<typeof syncPolicy>;

/** A datasource at rest. `uid` is what its data hangs on: new whenever the bucket or endpoint changes, whose hash is
 *  `target`. `config_version` grows with scope and schedule only: a tick made for an older one does nothing. */
export const datasourceRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  id: z.string(),
  number: z.number().int(),
  uid: z.string(),
  owner: z.string(),
  target: z.string(),
  config_version: z.number().int(),
  type: z.literal('connector'),
  name: z.string(),
  description: z.string().optional(),
  icon: z.string().optional(),
  category: z.string().optional(),
  tags: z.array(z.string()).optional(),
  connector: z.object({ id: z.string(), config: storedS3Config }),
  secrets: sealedSecrets,
  external_id: z.string().optional(),
  sync: syncPolicy,
  enabled: z.boolean(),
  enrichment_pipeline: enrichmentSteps.optional(),
  created: z.string(),
  updated: z.string(),
});
export type DatasourceRow = z.output<typeof datasourceRow>;

/** What the API shows of a datasource row: secrets and what the store needs for itself are not part of it. */
export function datasourceView(row: DatasourceRow): Record<string, unknown> {
  const { v: _v, version: _version, uid: _uid, owner: _owner, target: _target, secrets: _secrets, ...rest } = row;
  const { config_version: _configVersion, external_id: externalId, sync, ...more } = rest;
  const { connector, enrichment_pipeline: steps, ...shown } = more;
  const { anchor: _anchor, changed_at: _changedAt, ...policy } = sync;
  const reference = { ...connector, config: configView(connector.config, externalId) };
  return {
    ...shown,
    connector: reference,
    sync: policy,
    ...(steps === undefined ? {} : { enrichment_pipeline: pipelineView(steps) }),
  };
}

/** The state that a datasource wishes for its schedule. */
export function stateOf(row: Pick<DatasourceRow, 'enabled' | 'sync'>): Schedule['state'] {
  return row.enabled && row.sync.enabled ? 'enabled' : 'disabled';
}

/** When timing and state were changed last, epoch ms. Rows of version 0.1 tell no more than when either was. */
export function changeTimes({ changed_at, anchor }: SyncPolicy): NonNullable<SyncPolicy['changed_at']> {
  return changed_at ?? { timing: anchor, state: anchor };
}
