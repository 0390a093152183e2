import * as z from 'zod';
import { privateEndpoints } from '../runtime/private-endpoints.ts';
import { spacedList } from '../runtime/spaced-list.ts';

/** What the stack tells the sync function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  WORK_QUEUE_URL: z.string().min(1),
  PRIVATE_ENDPOINTS: privateEndpoints,
  /** Patterns of ARNs. */
  ASSUMABLE_ROLES: spacedList,
  /** The roles of the functions that take those. */
  ASSUMING_ROLES: spacedList,
  RUN_TIME_LIMIT_SECONDS: z.string().regex(/^\d+$/).transform(Number),
  /** Invocations that one run may take at once. */
  SYNC_WORKERS: z.string().regex(/^\d+$/).transform(Number),
  /** How many a datasource may have. */
  MAX_OBJECTS: z.string().regex(/^\d+$/).transform(Number),
  HOLD_ABOVE_OBJECTS: z.string().regex(/^\d+$/).transform(Number),
  /** 0–1. */
  HOLD_ABOVE_SHARE: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number),
});
export type SyncEnvironment = z.input<typeof environment>;
