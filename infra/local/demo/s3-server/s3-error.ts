import { element, xmlDocument } from './xml.ts';

/** S3's error codes with their HTTP statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const statuses = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof statuses;

/** An answer that is an error in S3's words. `fields` become elements beside Code and Message. */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;

  constructor(code: S3ErrorCode, message: string, fields: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'S3Error';
    this.status = statuses[code];
    this.code = code;
    this.fields = fields;
  }
}

/** The XML body of an error. */
export function renderError(
  error: { code: string; message: string; fields?: Readonly<Record<string, string>> },
  requestId: string,
): string {
  const fields = Object.entries(error.fields ?? {}).map(([name, value]) => element(name, value));
  return xmlDocument(
    `<Error>${element('Code', error.code)}${element('Message', error.message)}${fields.join('')}` +
      `${element('RequestId', requestId)}${element('HostId', 'stocktake-test-server')}</Error>`,
  );
}
