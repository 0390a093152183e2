import * as z from 'zod';
import { networks } from '../runtime/networks.ts';
import { privateEndpoints } from '../runtime/private-endpoints.ts';
import { spacedList } from '../runtime/spaced-list.ts';

/** What the stack tells the api function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  WORK_QUEUE_URL: z.string().min(1),
  JOBS_QUEUE_URL: z.string().min(1),
  ADMIN_KEY_SECRET_ARN: z.string().min(1),
  /** Webhooks there may be registered. */
  PRIVATE_ENDPOINTS: privateEndpoints,
  /** Patterns of ARNs. */
  ASSUMABLE_ROLES: spacedList,
  CORS_ORIGINS: spacedList,
  MINIMUM_INTERVAL_SECONDS: z.string().regex(/^\d+$/).transform(Number),
  MAX_DATASOURCES: z.string().regex(/^\d+$/).transform(Number),
  MAX_CONNECTORS: z.string().regex(/^\d+$/).transform(Number),
  /** Who may call; empty for everybody. */
  ALLOWED_CIDRS: networks,
  /** Of the secret that a distribution in front sends; empty where there is none. */
  FRONT_DOOR_SECRET_ARN: z.string(),
});
export type ApiEnvironment = z.input<typeof environment>;
