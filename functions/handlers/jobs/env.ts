import * as z from 'zod';
import { privateEndpoints } from '../private-endpoints.ts';

/** What the stack tells the jobs function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  JOBS_QUEUE_URL: z.string().min(1),
  PRIVATE_ENDPOINTS: privateEndpoints,
});
export type JobsEnvironment = z.input<typeof environment>;
