import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { BucketCredentials } from '#core/model/ports/bucket.ts';
import type { OwnSecrets } from './own-secrets.ts';

/**
 * The SDK asks a function again when what it gave ends within five minutes, which is when the port takes a role anew: so
 * a run outlasts the keys it began with. Of a Failure thrown here, S3Session keeps code and message.
 */
export function identityOf(credentials: BucketCredentials, secrets: OwnSecrets): S3ClientConfig['credentials'] {
  if (!('take' in credentials)) {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  }
  return async () => {
    const { expiresAt, ...keys } = await credentials.take();
    secrets.noteKeys(keys);
    return { ...keys, expiration: new Date(expiresAt) };
  };
}
