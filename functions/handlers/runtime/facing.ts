import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createSecretFrontDoor } from '#adapters/aws/secret-front-door.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { EveryDeps } from '#http/table/deps.ts';

/** How a deployment faces its callers: who may call, through what, and that API Gateway speaks TLS alone. */
export function facing(
  env: { readonly ALLOWED_CIDRS: readonly string[]; readonly FRONT_DOOR_SECRET_ARN: string },
  clock: Clock,
): Pick<EveryDeps, 'allowedNetworks' | 'frontDoor' | 'overTls'> {
  const { ALLOWED_CIDRS: allowedNetworks, FRONT_DOOR_SECRET_ARN: arn } = env;
  const frontDoor =
    arn === '' ? undefined : createSecretFrontDoor(new SecretsManagerClient(clientSettings()), arn, clock);
  return { allowedNetworks, frontDoor, overTls: true };
}
