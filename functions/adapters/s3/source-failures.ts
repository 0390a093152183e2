import { Failure, type SourceFailureCode } from '#core/model/errors.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';
import type { RawAnswer } from './raw-answer.ts';
import type { GivenUp, Trouble } from './retries.ts';

/** What was asked, for messages that say what to change. */
export type Asked = {
  readonly target: BucketTarget;
  readonly region: string;
  readonly permission: 's3:ListBucket' | 's3:GetObject' | 's3:GetObjectTagging';
  /** Our own clock, epoch milliseconds. */
  readonly now: number;
  readonly tries: number;
  readonly givenUp?: GivenUp;
  readonly retryAfterMs?: number;
};

/** What a refusal can mean; connections that did not come about are told apart in connection-failures.ts. */
type Meaning = Exclude<
  SourceFailureCode,
  'endpoint_refused' | 'endpoint_unreachable' | 'directory_bucket' | 'answer_too_large' | 'role_refused'
>;

/**
 * The Failure for a refusal of the server. Nothing of the answer is repeated but S3's own error code and a region:
 * foreign servers echo requests, Authorization header and session token included.
 */
export function refusalFailure(answer: RawAnswer, asked: Asked): Failure {
  const meaning = meaningOf(answer);
  return new Failure(meaning, texts[meaning](asked, answer));
}

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['AccessDenied', 'access_denied'],
  ['AllAccessDisabled', 'access_denied'],
  ['AccountProblem', 'access_denied'],
  ['NotSignedUp', 'access_denied'],
  ['Forbidden', 'access_denied'],
  ['NoSuchBucket', 'bucket_not_found'],
  ['InvalidBucketName', 'bucket_not_found'],
  ['InvalidAccessKeyId', 'credentials_invalid'],
  ['ExpiredToken', 'credentials_invalid'],
  ['InvalidToken', 'credentials_invalid'],
  ['TokenRefreshRequired', 'credentials_invalid'],
  ['InvalidSecurity', 'credentials_invalid'],
  ['InvalidClientTokenId', 'credentials_invalid'],
  ['UnrecognizedClientException', 'credentials_invalid'],
  // versitygw, with status 404.
  ['XAdminUserNotFound', 'credentials_invalid'],
  ['SignatureDoesNotMatch', 'signature_mismatch'],
  ['RequestTimeTooSkewed', 'clock_skewed'],
  ['RequestExpired', 'clock_skewed'],
  ['AuthorizationHeaderMalformed', 'wrong_region'],
  ['PermanentRedirect', 'wrong_region'],
  ['TemporaryRedirect', 'wrong_region'],
  ['IllegalLocationConstraintException', 'wrong_region'],
  ['SlowDown', 'source_throttled'],
  ['Throttling', 'source_throttled'],
  ['ThrottlingException', 'source_throttled'],
  ['TooManyRequests', 'source_throttled'],
  ['RequestLimitExceeded', 'source_throttled'],
  ['BandwidthLimitExceeded', 'source_throttled'],
  ['RequestTimeout', 'source_timeout'],
  ['InvalidObjectState', 'object_archived'],
]);

/** What may pass by itself, of an answer; undefined for a success and for a refusal that stands. */
export function troubleOf(answer: RawAnswer): Trouble | undefined {
  const { status, error } = answer;
  if (status >= 200 && status < 300) return undefined;
  const meaning = meaningOf(answer);
  if (meaning === 'source_throttled') return 'throttled';
  if (error?.code === 'RequestTimeTooSkewed') return 'skewed';
  return meaning === 'source_timeout' || passingStatuses.has(status) ? 'unwell' : undefined;
}

const passingStatuses = new Set([500, 502, 503, 504]);

function meaningOf({ status, error, region }: RawAnswer): Meaning {
  const code = error?.code;
  const known = code === undefined ? undefined : meanings.get(code);
  if (known === 'access_denied' && error?.wantsRequesterToPay) return 'requester_pays';
  if (known !== undefined) return known;
  if (status === 429) return 'source_throttled';
  if (region !== undefined && (status === 301 || status === 307)) return 'wrong_region';
  return status >= 500 || code !== undefined ? 'source_error' : 'not_an_s3_answer';
}

const texts: Readonly<Record<Meaning, (asked: Asked, answer: RawAnswer) => string>> = {
  access_denied: accessDenied,
  bucket_not_found: ({ target }) =>
    `There is no bucket ${target.bucket} at ${serverName(target)}. Check the bucket's name, the endpoint and path_style.`,
  credentials_invalid: ({ target }, { error }) =>
    'take' in target.credentials ? roleInvalid(target.credentials.roleArn) : credentialsInvalid(error?.code),
  signature_mismatch: () =>
    'The secret access key does not belong to the access key id: the signature did not match. Set secret_access_key again.',
  clock_skewed: clockSkewed,
  wrong_region: ({ region }, answer) =>
    answer.region === undefined || answer.region === region
      ? `The bucket is not in the region ${region}, and the server does not say where it is. Set region to the bucket's.`
      : `The bucket is in the region ${answer.region}, not in ${region}. Set region to ${answer.region}.`,
  requester_pays: ({ target }) =>
    `The bucket ${target.bucket} is requester-pays: it answers only those who agree to be billed. Stocktake does not ` +
    "support that. Use keys of the bucket's own account, or have the owner turn requester-pays off.",
  object_archived: () =>
    'The object lies in an archive (GLACIER, DEEP_ARCHIVE or an archive tier) and cannot be read as it is. Restore it in S3 first.',
  source_throttled: throttled,
  source_timeout: () => 'The server gave up waiting for the request. Try again.',
  source_error: ({ target }, { status, error }) =>
    `${serverName(target)} refused the request with status ${status}${error?.code === undefined ? '' : ` (${error.code})`}. ` +
    `${status >= 500 ? 'Try again; if it goes on, ask whoever runs it.' : 'Check endpoint, bucket, region and list_version.'}`,
  not_an_s3_answer: notAnS3Answer,
};

function accessDenied({ target, permission }: Asked): string {
  const who = 'take' in target.credentials ? `the role ${target.credentials.roleArn}` : 'the key';
  const where = permission === 's3:ListBucket' ? 'the bucket' : 'the objects of the bucket';
  return (
    `Access is denied. Give ${who} the permission ${permission} on ${where} ${target.bucket}. (Requester-pays buckets ` +
    'of other accounts answer so too; they are not supported.)'
  );
}

function roleInvalid(roleArn: string): string {
  return (
    `AWS does not take the temporary credentials of the role ${roleArn}: its sessions were revoked, or the role was ` +
    'deleted. New ones are taken within the hour; see to it that the role stands.'
  );
}

function credentialsInvalid(code: string | undefined): string {
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

function clockSkewed({ now }: Asked, { serverTime }: RawAnswer): string {
  const minutes = serverTime === undefined ? 0 : Math.round((serverTime - now) / 60_000);
  const ahead = minutes > 0 ? 'ahead of' : 'behind';
  const difference =
    minutes === 0
      ? 'The clocks of Stocktake and of the S3 server differ by more than the server allows (usually 15 minutes).'
      : `The clock of the S3 server is ${Math.abs(minutes)} minutes ${ahead} Stocktake's, more than it allows (usually 15).`;
  return `${difference} Set the clock that is wrong.`;
}

function throttled({ tries, givenUp, retryAfterMs = 0 }: Asked): string {
  const asks = 'The server asks for fewer requests (SlowDown)';
  if (givenUp === 'told_to_wait') {
    const seconds = Math.ceil(retryAfterMs / 1000);
    return `${asks} and for a pause of ${seconds} s, which is longer than a call may wait. Sync less often or at another time.`;
  }
  if (givenUp === 'budget') {
    return `${asks}, so often that the retries of this run are used up. Sync less often or at another time.`;
  }
  return `${asks}, also after ${tries} tries that waited longer each time. Sync less often or at another time.`;
}

function notAnS3Answer({ target }: Asked, { status }: RawAnswer): string {
  const advice =
    status >= 300 && status < 400
      ? 'Redirects are not followed: set endpoint to the S3 server itself.'
      : 'Check that the endpoint is an S3 server and not a web page or a proxy, and that use_ssl is right.';
  return `${serverName(target)} answered with status ${status} and no S3 error document. ${advice}`;
}

function serverName(target: BucketTarget): string {
  return target.endpoint === '' ? "AWS's S3" : target.endpoint;
}
