import * as z from 'zod';
import { TABLE_LIMITS } from '../table/table-limits.ts';

/** Objects that one message names at most. */
export const objectsPerMessage = 50;

const enrichMessage = z.strictObject({
  type: z.literal('enrich'),
  datasource: z.string(),
  uid: z.string(),
  keys: z.array(z.string().max(TABLE_LIMITS.sortKeyBytes)).min(1).max(objectsPerMessage),
  /** How often the source was asked in vain. */
  tries: z.number().int(),
});
export type EnrichMessage = z.output<typeof enrichMessage>;

/** What travels through the jobs queue. */
export const jobMessage = z.discriminatedUnion('type', [
  /** Perform the batch of jobs that begins with this number. */
  z.strictObject({ type: z.literal('jobs'), first: z.number().int() }),
  /** Gather what the datasource's pipeline asks for of objects that were added or modified. */
  enrichMessage,
]);
export type JobMessage = z.output<typeof jobMessage>;
