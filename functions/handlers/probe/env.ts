import * as z from 'zod';
import { networks } from '../runtime/networks.ts';
import { privateEndpoints } from '../runtime/private-endpoints.ts';
import { spacedList } from '../runtime/spaced-list.ts';

/** What the stack tells the probe function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  WORK_QUEUE_URL: z.string().min(1),
  ADMIN_KEY_SECRET_ARN: z.string().min(1),
  PRIVATE_ENDPOINTS: privateEndpoints,
  /** Patterns of ARNs. */
  ASSUMABLE_ROLES: spacedList,
  /** The roles of the functions that take those. */
  ASSUMING_ROLES: spacedList,
  CORS_ORIGINS: spacedList,
  /** Who may call; empty for everybody. */
  ALLOWED_CIDRS: networks,
  /** Of the secret that a distribution in front sends; empty where there is none. */
  FRONT_DOOR_SECRET_ARN: z.string(),
});
export type ProbeEnvironment = z.input<typeof environment>;
