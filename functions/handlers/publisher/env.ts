import * as z from 'zod';
import { privateEndpoints } from '../runtime/private-endpoints.ts';

/** What the stack tells the publisher function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  BUS_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  WEBHOOK_QUEUE_URL: z.string().min(1),
  WEBHOOK_DEAD_LETTERS_URL: z.string().min(1),
  PRIVATE_ENDPOINTS: privateEndpoints,
  JOBS_QUEUE_URL: z.string().min(1),
});
export type PublisherEnvironment = z.input<typeof environment>;
