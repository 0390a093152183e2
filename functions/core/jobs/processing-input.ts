import * as z from 'zod';
import { utf8Length } from '../keys/byte-order.ts';
import { enrichmentPipelineInput } from '../registry/enrichment-pipeline.ts';
import { TABLE_LIMITS } from '../table/table-limits.ts';

/** The limit of one call, of the contract. */
const mostKeys = 1000;

const connector = 'must be the id of a connector, a whole number from 1';

/** The body of POST /v1/data-process/async. Whoever reads it finds the connector of that id. */
export const processingInput = z.strictObject({
  source: z.strictObject({
    connector_id: z.union(
      [z.number(connector).int(connector).positive(connector), z.string().min(1, connector)],
      connector,
    ),
    keys: z
      .array(z.string('must be a text'), 'must be a list of object keys')
      .min(1, 'must name at least one key')
      .max(mostKeys, `must be at most ${mostKeys.toLocaleString('en')} keys; send the others in further calls`),
  }),
  /** Of the documents' language. Nothing here depends on it; clients send it, empty in forms where they know none. */
  locale: z
    .string('must be a text such as "de" or "en-GB"')
    .regex(/^$|^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, 'must be a language tag such as "de" or "en-GB"')
    .max(35, 'must be at most 35 characters')
    .nullish(),
  pipeline_config: enrichmentPipelineInput.optional(),
});
export type ProcessingInput = z.output<typeof processingInput>;

/** Why a key can never be processed, whatever the bucket holds. */
export function keyProblem(key: string, prefix: string): string | undefined {
  if (key === '') return 'a key must not be empty';
  if (!key.isWellFormed()) return 'a key must be valid Unicode text, without half surrogate pairs';
  if (utf8Length(key) > TABLE_LIMITS.sortKeyBytes) return 'a key has at most 1,024 bytes in UTF-8';
  if (key.startsWith(prefix)) return undefined;
  return `this key is outside of the connector's prefix "${prefix}"; use a connector that covers it`;
}
