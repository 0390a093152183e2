import * as z from 'zod';
import { utf8Length } from '../keys/byte-order.ts';
import { displayName, freeText, identifier } from '../model/identifier.ts';
import { type StoredS3Config, s3ConfigInput, sealedSecrets, storedS3Config } from '../source/s3-config.ts';

/** A run may not be given less time than one page can take, nor more than a week. */
const runTimeLimit = z
  .number()
  .int('must be whole seconds')
  .min(60, 'must be at least 60 seconds')
  .max(604_800, 'must be at most 604,800 seconds (7 days)');

const processor = z.strictObject({
  enabled: z.boolean().default(true),
  name: z.literal('s3', 'must be "s3": the only kind of source there is').default('s3'),
  max_running_timeout_in_seconds: runTimeLimit.optional(),
});

const descriptive = {
  description: freeText(4096).optional(),
  category: freeText(256).optional(),
  icon: freeText(2048).optional(),
  tags: z.array(freeText(128)).max(100, 'must be at most 100 tags').optional(),
};

/** Ours: with all else that a row can hold it is far within the 400 KB of an item, and twice within where a change is kept
 *  with what stood before. */
const mostIconBytes = 32_768;

const icons = z.preprocess(
  demandPlainNames,
  z
    .record(z.string(), freeText(2048))
    .refine((all) => Object.keys(all).length <= 50, 'must be at most 50 icons')
    .refine((all) => Object.keys(all).every(isIconName), 'must have names of 1–128 characters of valid Unicode text')
    .refine(
      (all) =>
        Object.entries(all)
          .flat()
          .reduce((bytes, text) => bytes + utf8Length(text), 0) <= mostIconBytes,
      `must be at most ${mostIconBytes.toLocaleString('en')} bytes in all`,
    ),
);

/** The one name that a record would leave out in silence. */
function demandPlainNames(value: unknown, context: z.RefinementCtx): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'cannot be the name of an icon' });
  }
  return value;
}

function isIconName(name: string): boolean {
  return name.length >= 1 && name.length <= 128 && name.isWellFormed();
}

/** Fields that an answer of ours carries and a client may send back unchanged: read, then ignored. */
export const echoedFields = {
  created: z.unknown().optional(),
  updated: z.unknown().optional(),
  builtin: z.unknown().optional(),
  schedule: z.unknown().optional(),
  last_run: z.unknown().optional(),
  server: z.unknown().optional(),
  health: z.unknown().optional(),
  number: z.unknown().optional(),
};

/** The body of POST and PUT /connector. */
export const connectorInput = z.strictObject({
  id: identifier.optional(),
  name: displayName,
  ...descriptive,
  url: freeText(2048).optional(),
  path_hierarchy: z.boolean().optional(),
  assets: z.strictObject({ icons: icons.optional() }).optional(),
  config: s3ConfigInput.optional(),
  processor: processor.optional(),
  oauth_connect_implemented: z.boolean().optional(),
  ...echoedFields,
});
export type ConnectorInput = z.output<typeof connectorInput>;

/** A connector at rest. `owner` binds its sealed secrets and never changes; no more does `external_id`, once it is there. */
export const connectorRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  id: z.string(),
  number: z.number().int(),
  owner: z.string(),
  builtin: z.boolean(),
  name: z.string(),
  description: z.string().optional(),
  category: z.string().optional(),
  icon: z.string().optional(),
  tags: z.array(z.string()).optional(),
  url: z.string().optional(),
  path_hierarchy: z.boolean().optional(),
  assets: z.object({ icons: z.record(z.string(), z.string()).optional() }).optional(),
  config: storedS3Config,
  secrets: sealedSecrets,
  external_id: z.string().optional(),
  processor: z.object({
    enabled: z.boolean(),
    name: z.literal('s3'),
    max_running_timeout_in_seconds: z.number().int().optional(),
  }),
  oauth_connect_implemented: z.boolean().optional(),
  created: z.string(),
  updated: z.string(),
});
export type ConnectorRow = z.output<typeof connectorRow>;

/** What the API shows of a connector: everything but what the store needs for itself. Secrets are not part of it. */
export function connectorView(row: ConnectorRow): Record<string, unknown> {
  const { v: _v, version: _version, owner: _owner, secrets: _secrets, external_id: externalId, ...shown } = row;
  return { ...shown, config: configView(row.config, externalId) };
}

/** Settings as they are shown: where they name a role, with what its trust policy has to ask for. */
export function configView(config: StoredS3Config, externalId: string | undefined): Record<string, unknown> {
  return config.role_arn === undefined ? config : { ...config, external_id: externalId };
}
