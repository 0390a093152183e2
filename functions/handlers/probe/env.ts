import * as z from 'zod';
import { privateEndpoints } from '../private-endpoints.ts';

/** What the stack tells the probe function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  WORK_QUEUE_URL: z.string().min(1),
  ADMIN_KEY_SECRET_ARN: z.string().min(1),
  PRIVATE_ENDPOINTS: privateEndpoints,
});
export type ProbeEnvironment = z.input<typeof environment>;
