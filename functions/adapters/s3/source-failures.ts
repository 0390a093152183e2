import { Failure, type SourceFailureCode } from '#core/model/errors.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';
import { credentialsInvalid } from './credentials-invalid.ts';
import type { OwnSecrets } from './own-secrets.ts';
import type { RawAnswer } from './raw-answer.ts';
import type { GivenUp, Trouble } from './retries.ts';

/** What was asked, for messages that say what to change. */
export type Asked = {
  readonly target: BucketTarget;
  readonly secrets: OwnSecrets;
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
  | 'endpoint_refused'
  | 'endpoint_unreachable'
  | 'directory_bucket'
  | 'answer_too_large'
  | 'role_refused'
  | 'listing_not_proved'
  | 'listing_contradicted'
  | 'object_unlinkable'
>;

/**
 * The Failure for a refusal of the server. Of the answer its error code, a region and its own words are repeated, the
 * last only where nothing of the request is in them: foreign servers echo it, Authorization header and session token
 * included.
 */
export function refusalFailure(answer: RawAnswer, asked: Asked): Failure {
  const meaning = meaningOf(answer);
  const code = answer.error?.code;
  const words = speaking.has(meaning) ? asked.secrets.quotable(answer.error?.message) : undefined;
  const says =
    words === undefined || saysNoMore(words, code)
      ? ''
      : ` The server says: "${words}"${/[.!?…]$/.test(words) ? '' : '.'}`;
  return new Failure(meaning, `${texts[meaning](asked, answer)}${says}`);
}

/** Where the server's own words may tell what ours cannot: of the others all is known that they could say. */
const speaking: ReadonlySet<Meaning> = new Set([
  'access_denied',
  'bucket_not_found',
  'credentials_invalid',
  'signature_mismatch',
  'source_error',
  'wrong_region',
]);

/** "Access Denied", beside AccessDenied. */
function saysNoMore(words: string, code: string | undefined): boolean {
  return words.replace(/[^A-Za-z0-9]/g, '').toLowerCase() === code?.replaceAll('.', '').toLowerCase();
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
  ['Unauthorized', 'credentials_invalid'],
  // versitygw, with status 404.
  ['XAdminUserNotFound', 'credentials_invalid'],
  ['SignatureDoesNotMatch', 'signature_mismatch'],
  ['RequestTimeTooSkewed', 'clock_skewed'],
  ['RequestExpired', 'clock_skewed'],
  ['AuthorizationHeaderMalformed', 'wrong_region'],
  ['PermanentRedirect', 'wrong_region'],
  ['TemporaryRedirect', 'wrong_region'],
  ['IllegalLocationConstraintException', 'wrong_region'],
  // Cloudflare R2.
  ['InvalidRegionName', 'wrong_region'],
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

/** True of an answer about what was asked, which a server gives once it has found who asks. */
export function isRefusalOfRequest(answer: RawAnswer): boolean {
  return answer.status < 500 && aboutTheRequest.has(meaningOf(answer));
}

const aboutTheRequest: ReadonlySet<Meaning> = new Set([
  'access_denied',
  'bucket_not_found',
  'object_archived',
  'requester_pays',
  'source_error',
]);

const passingStatuses = new Set([500, 502, 503, 504]);

function meaningOf({ status, error, region }: RawAnswer): Meaning {
  const code = error?.code;
  const known = code === undefined ? undefined : meanings.get(code);
  if (known === 'access_denied' && error?.wantsRequesterToPay) return 'requester_pays';
  const said = known === undefined || known === 'access_denied' ? meaningOfWords(error?.message ?? '') : undefined;
  if (said !== undefined && status < 500) return said;
  if (known !== undefined) return known;
  if (status === 401) return 'credentials_invalid';
  if (status === 429) return 'source_throttled';
  if (region !== undefined && (status === 301 || status === 307)) return 'wrong_region';
  return status >= 500 || code !== undefined ? 'source_error' : 'not_an_s3_answer';
}

/** Some servers have one code for much; what they mean stands in their words alone. */
function meaningOfWords(message: string): Meaning | undefined {
  return phrases.find(([phrase]) => phrase.test(message))?.[1];
}

const phrases: readonly (readonly [RegExp, Meaning])[] = [
  // Cloudflare R2, with InvalidArgument and status 400.
  [/credential access key has length/i, 'credentials_invalid'],
  // Garage, with AccessDenied and status 403.
  [/^(?:forbidden: )?no such key: /i, 'credentials_invalid'],
  [/^(?:forbidden: )?invalid signature/i, 'signature_mismatch'],
];

const texts: Readonly<Record<Meaning, (asked: Asked, answer: RawAnswer) => string>> = {
  access_denied: accessDenied,
  bucket_not_found: ({ target }) =>
    `There is no bucket ${target.bucket} at ${serverName(target)}. Check the bucket's name, the endpoint and path_style.`,
  credentials_invalid: credentialsInvalid,
  signature_mismatch: () =>
    'The secret access key does not belong to the access key id: the signature did not match. Set secret_access_key again.',
  clock_skewed: clockSkewed,
  wrong_region: wrongRegion,
  requester_pays: ({ target }) =>
    `The bucket ${target.bucket} is requester-pays: it answers only those who agree to be billed. Stocktake does not ` +
    "support that. Use keys of the bucket's own account, or have the owner turn requester-pays off.",
  object_archived: () =>
    'The object lies in an archive (GLACIER, DEEP_ARCHIVE or an archive tier) and cannot be read as it is. Restore it in S3 first.',
  source_throttled: throttled,
  source_timeout: () => 'The server gave up waiting for the request. Try again.',
  source_error: sourceError,
  not_an_s3_answer: notAnS3Answer,
};

function accessDenied({ target, permission }: Asked): string {
  const who = 'take' in target.credentials ? `the role ${target.credentials.roleArn}` : 'the key';
  const owner =
    target.expectedOwner === undefined
      ? ''
      : ` So answers AWS also where the bucket does not belong to the account ${target.expectedOwner}, the expected_bucket_owner.`;
  const where = permission === 's3:ListBucket' ? 'the bucket' : 'the objects of the bucket';
  return (
    `Access is denied. Give ${who} the permission ${permission} on ${where} ${target.bucket}. (Requester-pays buckets ` +
    `of other accounts answer so too; they are not supported.)${owner}`
  );
}

function wrongRegion({ region, secrets }: Asked, { region: named }: RawAnswer): string {
  // Both may be of the server's making: what was asked in is what an earlier answer named.
  const asked = secrets.isQuotableCode(region) ? `the region ${region}` : 'the region that it was asked in';
  if (named === undefined || named === region || !secrets.isQuotableCode(named)) {
    return `The bucket is not in ${asked}, and the server does not say where it is. Set region to the bucket's.`;
  }
  return `The bucket is in the region ${named}, not in ${asked}. Set region to ${named}.`;
}

function sourceError(asked: Asked, { status, error }: RawAnswer): string {
  const { target, secrets } = asked;
  const code = error?.code === undefined || !secrets.isQuotableCode(error.code) ? '' : ` (${error.code})`;
  const refused = `${serverName(target)} refused the request with status ${status}${code}.`;
  if (status >= 500 && status !== 501) return `${refused} Try again; if it goes on, ask whoever runs it.`;
  return `${refused} Check endpoint, bucket and region.${versionAdvice(asked, status)}`;
}

/** Where the version is found out, another one was tried already. */
function versionAdvice({ target, permission }: Asked, status: number): string {
  const canHelp = permission === 's3:ListBucket' && target.listVersion !== 'auto' && [400, 405, 501].includes(status);
  return canHelp ? ' The server may know another version of the listing: set list_version to "auto".' : '';
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
