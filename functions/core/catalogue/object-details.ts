import * as z from 'zod';

const texts = z.record(z.string(), z.string());

/** What was gathered of an object beyond its listing, on its record: by a job or by an enrichment pipeline. A sync that
 *  finds the object changed writes the record anew, without them. */
export const objectDetails = z.object({
  content_type: z.string().optional(),
  content_encoding: z.string().optional(),
  cache_control: z.string().optional(),
  version_id: z.string().optional(),
  encryption: z.object({ algorithm: z.string(), key_id: z.string().optional() }).optional(),
  user_metadata: texts.optional(),
  checksums: texts.optional(),
  tags: texts.optional(),
  /** RFC 3339. */
  gathered_at: z.string(),
});
export type ObjectDetails = z.output<typeof objectDetails>;
