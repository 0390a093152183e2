import { createStsClient, createStsRoles } from '#adapters/aws/sts-roles.ts';
import type { Clock, RoleCredentials } from '#core/ports.ts';
import { deployedRoles } from './deployed-roles.ts';

/** Takes roles as the function that it runs in. `assuming`: the roles of all functions that do, for a trust policy. */
export function createLambdaRoles(
  assumable: readonly string[],
  assuming: readonly string[],
  clock: Clock,
): RoleCredentials {
  const principals = `the principals ${assuming.join(', ')}`;
  return createStsRoles(createStsClient(), { clock, assumable: deployedRoles(assumable), principals });
}
