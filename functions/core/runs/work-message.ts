import * as z from 'zod';

/** What travels through the work queue. */
export const workMessage = z.discriminatedUnion('type', [
  /** Perform a run that waits. */
  z.strictObject({ type: z.literal('run'), datasource: z.string(), uid: z.string(), run: z.string() }),
  /** Take some of the ranges of a run that others are at, too. */
  z.strictObject({
    type: z.literal('ranges'),
    datasource: z.string(),
    uid: z.string(),
    run: z.string(),
    fence: z.number().int(),
  }),
  /** A sync is due: one of the slots between two ticks of an interval below a minute. `slot` in epoch ms. */
  z.strictObject({
    type: z.literal('slot'),
    datasource: z.string(),
    uid: z.string(),
    config_version: z.number(),
    slot: z.number(),
  }),
  /** Start a run after one was interrupted, unless another has begun since: the fence tells. */
  z.strictObject({ type: z.literal('resync'), datasource: z.string(), uid: z.string(), fence: z.number().int() }),
  /** Remove all that hangs on a uid that is no longer used. */
  z.strictObject({
    type: z.literal('purge'),
    uid: z.string(),
    /** As one of several workers, beside the one that holds the lease with this fence. */
    share: z.strictObject({ worker: z.number().int(), workers: z.number().int(), fence: z.number().int() }).optional(),
  }),
]);
export type WorkMessage = z.output<typeof workMessage>;
