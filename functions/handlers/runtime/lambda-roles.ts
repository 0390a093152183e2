import { createStsClient, createStsRoles } from '#adapters/aws/sts-roles.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { RoleCredentials } from '#core/model/ports/roles.ts';
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
