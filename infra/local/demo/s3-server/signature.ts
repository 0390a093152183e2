import { createHmac, hash } from 'node:crypto';
import type { Operation, ParsedRequest } from './request.ts';
import { S3Error } from './s3-error.ts';
import { encodeForSigning } from './uri.ts';

/** Someone who may sign requests. */
export type S3User = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** True answers 403 AccessDenied. Denying ListObjectsV2 also turns the 404 of a missing key into 403, as S3 does. */
  readonly deny?: (operation: Operation, bucket: string, key: string) => boolean;
};

export type Realm = { readonly users: readonly S3User[]; readonly region: string };

type Claim = {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly payload: string;
  readonly presigned: boolean;
};

/** How far a request's clock may be off: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
const maximumSkewMs = 15 * 60 * 1000;
/** Longest validity of a presigned URL: 7 days. */
const maximumExpiresSeconds = 604_800;

/**
 * Who signed the request (SigV4 in the header or in the query). Throws the S3Error that AWS answers with: AccessDenied
 * for an anonymous, expired or partly signed request, AuthorizationHeaderMalformed with the right region for a wrong
 * one, InvalidAccessKeyId, RequestTimeTooSkewed, SignatureDoesNotMatch, InvalidToken.
 */
export function authenticate(request: ParsedRequest, realm: Realm): S3User {
  const claim = 'X-Amz-Algorithm' in request.query ? queryClaim(request) : headerClaim(request);
  checkScope(claim, realm.region);
  const user = realm.users.find((candidate) => candidate.accessKeyId === claim.accessKeyId);
  if (!user) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: claim.accessKeyId,
    });
  }
  checkTime(request, claim);
  checkSignedHeaders(request, claim);
  const canonical = canonicalRequest(request, claim);
  const scope = `${claim.day}/${claim.region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${claim.timestamp}\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'))}`;
  const keyed = [claim.day, claim.region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    `AWS4${user.secretAccessKey}`,
  );
  if (createHmac('sha256', keyed).update(text).digest('hex') !== claim.signature) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: claim.accessKeyId, StringToSign: text, CanonicalRequest: canonical },
    );
  }
  const token = request.headers['x-amz-security-token'] ?? request.query['X-Amz-Security-Token'];
  if (token !== user.sessionToken)
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  return user;
}

function headerClaim(request: ParsedRequest): Claim {
  const header = request.headers.authorization;
  if (header === undefined) throw new S3Error('AccessDenied', 'Access Denied');
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!match) throw malformed('The authorization header is malformed.', false);
  const payload = request.headers['x-amz-content-sha256'];
  if (payload === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const [, accessKeyId = '', day = '', region = '', signedHeaders = '', signature = ''] = match;
  const timestamp = request.headers['x-amz-date'] ?? '';
  return {
    ...{ accessKeyId, day, region, signature, timestamp, payload },
    signedHeaders: signedHeaders.split(';'),
    presigned: false,
  };
}

function queryClaim(request: ParsedRequest): Claim {
  const { query } = request;
  const match = /^([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request$/.exec(query['X-Amz-Credential'] ?? '');
  const seconds = Number(query['X-Amz-Expires']);
  if (query['X-Amz-Algorithm'] !== 'AWS4-HMAC-SHA256' || !match || !query['X-Amz-SignedHeaders']) {
    throw malformed(
      'Query-string authentication requires X-Amz-Algorithm, Credential, Signature, Date and SignedHeaders.',
      true,
    );
  }
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > maximumExpiresSeconds) {
    throw malformed(`X-Amz-Expires must be 1 to ${maximumExpiresSeconds} seconds.`, true);
  }
  const [, accessKeyId = '', day = '', region = ''] = match;
  return {
    ...{ accessKeyId, day, region },
    signedHeaders: query['X-Amz-SignedHeaders'].split(';'),
    signature: query['X-Amz-Signature'] ?? '',
    timestamp: query['X-Amz-Date'] ?? '',
    payload: request.headers['x-amz-content-sha256'] ?? query['X-Amz-Content-Sha256'] ?? 'UNSIGNED-PAYLOAD',
    presigned: true,
  };
}

function checkScope(claim: Claim, region: string): void {
  if (claim.region !== region) {
    const text = `the region '${claim.region}' is wrong; expecting '${region}'`;
    throw malformed(`The authorization header is malformed; ${text}`, claim.presigned, { Region: region });
  }
  if (!claim.timestamp.startsWith(claim.day)) throw malformed('Invalid credential date.', claim.presigned);
}

function checkTime(request: ParsedRequest, claim: Claim): void {
  const signedAt = Date.parse(
    claim.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (Number.isNaN(signedAt))
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  const age = request.at - signedAt;
  const serverTime = new Date(request.at).toISOString();
  if (!claim.presigned && Math.abs(age) > maximumSkewMs) {
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: claim.timestamp,
        ServerTime: serverTime,
        MaxAllowedSkewMilliseconds: String(maximumSkewMs),
      },
    );
  }
  if (claim.presigned && age < -maximumSkewMs) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (claim.presigned && age > Number(request.query['X-Amz-Expires']) * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', { ServerTime: serverTime });
  }
}

function checkSignedHeaders(request: ParsedRequest, claim: Claim): void {
  const unsigned = Object.keys(request.headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    });
  }
}

/** S3's rules: the path is encoded once and never normalised, every query parameter but the signature counts. */
function canonicalRequest(request: ParsedRequest, claim: Claim): string {
  const query = request.pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeForSigning(name, 'nothing'), encodeForSigning(value, 'nothing')] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const headers = claim.signedHeaders.map((name) => `${name}:${request.headers[name] ?? ''}\n`);
  return [
    request.method,
    encodeForSigning(request.path, 'slashes'),
    query.join('&'),
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n');
}

function malformed(message: string, presigned: boolean, fields: Readonly<Record<string, string>> = {}): S3Error {
  return new S3Error(presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed', message, fields);
}
