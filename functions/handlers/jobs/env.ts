import * as z from 'zod';

/** What the stack tells the jobs function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  JOBS_QUEUE_URL: z.string().min(1),
  /** host[:port], comma separated; may be empty. */
  PRIVATE_ENDPOINTS: z.string().transform((text) => text.split(',').filter((entry) => entry !== '')),
});
export type JobsEnvironment = z.input<typeof environment>;
