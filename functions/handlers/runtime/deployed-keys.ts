import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createSecretApiKeys } from '#adapters/aws/secret-api-keys.ts';
import { createStoredKeys } from '#core/access/stored-keys.ts';
import { type ApiKeys, withStoredKeys } from '#http/table/api-keys.ts';
import type { LambdaRuntime } from './lambda-runtime.ts';

/** Who may call a deployment: its own key, and those that stand in its table. */
export function deployedKeys(secretArn: string, runtime: LambdaRuntime): ApiKeys {
  const own = createSecretApiKeys(new SecretsManagerClient(clientSettings()), secretArn, runtime.clock);
  return withStoredKeys(own, createStoredKeys(runtime));
}
