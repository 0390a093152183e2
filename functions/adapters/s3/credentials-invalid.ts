import type { BucketTarget } from '#core/model/ports/bucket.ts';
import type { RawAnswer } from './raw-answer.ts';

function roleInvalid(roleArn: string): string {
  return (
    `AWS does not take the temporary credentials of the role ${roleArn}: its sessions were revoked, or the role was ` +
    'deleted. New ones are taken within the hour; see to it that the role stands.'
  );
}

/** What to say of keys, or the temporary ones of a role, that the server does not take. */
export function credentialsInvalid(
  { target }: { readonly target: BucketTarget },
  { status, error }: RawAnswer,
): string {
  if ('take' in target.credentials) return roleInvalid(target.credentials.roleArn);
  const code = error?.code;
  if (code === undefined && status === 401) {
    return 'The server wants other credentials (status 401, without an S3 error document). Check access_key_id, secret_access_key and session_token, and that the endpoint is the S3 server and not a proxy with a login of its own.';
  }
  if (code === 'ExpiredToken' || code === 'TokenRefreshRequired') {
    return 'The session token has expired. Set a new access key, secret and session token.';
  }
  if (code === 'InvalidToken') {
    return 'The session token is not valid for this access key. Set access_key_id, secret_access_key and session_token anew, all of one issue.';
  }
  if (code === 'InvalidAccessKeyId') {
    return 'The server does not know the access key: it was revoked, deleted or mistyped. Set access_key_id and secret_access_key to a key that is active.';
  }
  return 'The server does not know the access key or the session token. Check access_key_id, secret_access_key and session_token.';
}
