import { Failure, type SourceFailureCode } from '#core/errors.ts';
import type { BucketTarget } from '#core/ports.ts';
import type { RawAnswer } from './raw-answer.ts';

/** What was asked, for messages that say what to change. */
export type Asked = {
  readonly target: BucketTarget;
  readonly region: string;
  readonly permission: 's3:ListBucket' | 's3:GetObject';
};

/** What a refusal can mean; connections that did not come about are told apart in connection-failures.ts. */
type Meaning = Exclude<SourceFailureCode, 'endpoint_refused' | 'endpoint_unreachable' | 'directory_bucket'>;

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
]);

function meaningOf({ status, error, region }: RawAnswer): Meaning {
  const code = error?.code;
  const known = code === undefined ? undefined : meanings.get(code);
  if (known !== undefined) return known;
  if (status === 429) return 'source_throttled';
  if (region !== undefined && (status === 301 || status === 307)) return 'wrong_region';
  return status >= 500 || code !== undefined ? 'source_error' : 'not_an_s3_answer';
}

const texts: Readonly<Record<Meaning, (asked: Asked, answer: RawAnswer) => string>> = {
  access_denied: ({ target, permission }) =>
    `Access is denied. Give the key the permission ${permission} on ` +
    `${permission === 's3:ListBucket' ? `the bucket ${target.bucket}` : `the objects of the bucket ${target.bucket}`}.`,
  bucket_not_found: ({ target }) =>
    `There is no bucket ${target.bucket} at ${serverName(target)}. Check the bucket's name, the endpoint and path_style.`,
  credentials_invalid: (_asked, { error }) =>
    error?.code === 'ExpiredToken' || error?.code === 'TokenRefreshRequired'
      ? 'The session token has expired. Set a new access key, secret and session token.'
      : 'The server does not know the access key or the session token. Check access_key_id, secret_access_key and session_token.',
  signature_mismatch: () =>
    'The secret access key does not belong to the access key id: the signature did not match. Set secret_access_key again.',
  clock_skewed: () =>
    'The clocks of Stocktake and of the S3 server differ by more than the server allows (usually 15 minutes). Set the clock that is wrong.',
  wrong_region: ({ region }, answer) =>
    answer.region === undefined || answer.region === region
      ? `The bucket is not in the region ${region}, and the server does not say where it is. Set region to the bucket's.`
      : `The bucket is in the region ${answer.region}, not in ${region}. Set region to ${answer.region}.`,
  source_throttled: () =>
    'The server asks for fewer requests (SlowDown), also after retries. Sync less often or at another time.',
  source_timeout: () => 'The server gave up waiting for the request. Try again.',
  source_error: ({ target }, { status, error }) =>
    `${serverName(target)} refused the request with status ${status}${error?.code === undefined ? '' : ` (${error.code})`}. ` +
    `${status >= 500 ? 'Try again; if it goes on, ask whoever runs it.' : 'Check endpoint, bucket, region and list_version.'}`,
  not_an_s3_answer: ({ target }, { status }) =>
    `${serverName(target)} answered with status ${status} and no S3 error document. Check that the endpoint is an S3 ` +
    'server and not a web page or a proxy, and that use_ssl is right.',
};

function serverName(target: BucketTarget): string {
  return target.endpoint === '' ? "AWS's S3" : target.endpoint;
}
