import {
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { Failure } from '#core/model/errors.ts';
import type {
  Bucket,
  BucketIdentity,
  BucketTarget,
  DescribeResult,
  FirstByte,
  HeadResult,
  TagsResult,
} from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { BucketListing } from './bucket-listing.ts';
import type { ClosingWatch } from './closing-watch.ts';
import { unquoted } from './listed-object.ts';
import { isArchived, readObjectHeaders } from './object-headers.ts';
import { headIsUnusable, identifyBucket, readFirstByte } from './object-probe.ts';
import { demandPresignable, presignedUrl } from './presigned-url.ts';
import type { RawAnswer } from './raw-answer.ts';
import type { Answer, S3Session } from './s3-session.ts';
import { type Asked, refusalFailure } from './source-failures.ts';

/** A bucket on an S3 server; see the Bucket port. Failures are those of source-failures.ts and connection-failures.ts. */
export class S3Bucket implements Bucket {
  readonly #target: BucketTarget;
  readonly #session: S3Session;
  readonly #watch: ClosingWatch;
  readonly #release: () => void;
  readonly #listing: BucketListing;

  constructor(target: BucketTarget, session: S3Session, watch: ClosingWatch, release: () => void) {
    this.#target = target;
    this.#session = session;
    this.#watch = watch;
    this.#release = release;
    this.#listing = new BucketListing(target, session, {
      refused: (answer) => refusalFailure(answer, this.#asked('s3:ListBucket', answer)),
      head: (key) => this.head(key),
    });
  }

  get closings(): number {
    return this.#watch.closings;
  }

  list(request: ListRequest): Promise<ListingPage> {
    return this.#listing.page(request);
  }

  /** A 404 also stands for a missing bucket and a 403 for a refused key: the answer to a HEAD has no body to say so. A 400
   *  is what S3 answers where the object is encrypted with a key of the customer's own, and to a token that expired: it
   *  tells as little of the object.
   *  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  async head(key: string): Promise<HeadResult> {
    const answer = await this.#sendHead({ Bucket: this.#target.bucket, Key: key });
    if (headIsUnusable(answer)) return { status: 'unusable' };
    const told = this.#headOf(answer);
    return typeof told === 'string' ? { status: told } : foundBy(told);
  }

  async firstByte(key: string): Promise<FirstByte> {
    return await readFirstByte(this.#session, this.#target.bucket, key);
  }

  async identify(): Promise<BucketIdentity> {
    return await identifyBucket(this.#session, this.#target.bucket);
  }

  /** With a KMS-encrypted object, asking for checksums needs kms:Decrypt too: a 403 may mean that alone.
   *  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  async describe(key: string): Promise<DescribeResult> {
    const whole = await this.#askHead(key, { ChecksumMode: 'ENABLED' });
    const answer = whole === 'forbidden' ? await this.#askHead(key) : whole;
    if (typeof answer === 'string') return { status: answer };
    return { ...foundBy(answer), headers: readObjectHeaders(answer.headers) };
  }

  async tags(key: string): Promise<TagsResult> {
    const command = () => new GetObjectTaggingCommand({ Bucket: this.#target.bucket, Key: key });
    const answer = await this.#session.ask(command);
    if (answer.status === 404) return { status: 'missing' };
    if (answer.status === 403) return { status: 'forbidden' };
    if (isTagless(answer)) return { status: 'unavailable' };
    if (answer.status !== 200) throw refusalFailure(answer, this.#asked('s3:GetObjectTagging', answer));
    return answer.tags === undefined ? { status: 'unavailable' } : { status: 'found', tags: answer.tags };
  }

  /** Costs no request, but for a HEAD while no answer has confirmed the bucket's region, whoever named it: it is part of
   *  the signature, and a URL that was signed for another is no use to anybody. */
  async presign(key: string, expiresInSeconds: number): Promise<string> {
    demandPresignable(expiresInSeconds);
    const place = { Bucket: this.#target.bucket, Key: key };
    if (!this.#session.regionIsConfirmed) {
      const answer = await this.#sendHead(place);
      if (!this.#session.regionIsConfirmed) throw refusalFailure(answer, this.#asked('s3:GetObject', answer));
    }
    return await presignedUrl(this.#session, place, expiresInSeconds);
  }

  close(): void {
    this.#release();
  }

  async #askHead(
    key: string,
    more: Pick<HeadObjectCommandInput, 'ChecksumMode'> = {},
  ): Promise<RawAnswer | 'missing' | 'forbidden'> {
    const input = { Bucket: this.#target.bucket, Key: key, ...more };
    return this.#headOf(await this.#sendHead(input));
  }

  #headOf(answer: Answer): RawAnswer | 'missing' | 'forbidden' {
    if (answer.status === 404) return 'missing';
    if (answer.status === 403) return 'forbidden';
    if (answer.status !== 200) throw refusalFailure(answer, this.#asked('s3:GetObject', answer));
    return answer;
  }

  /**
   * An answer to a HEAD has no body, in which servers say that they want another region: while none is confirmed, a
   * listing is asked for that, and the HEAD sent again where the region changed by it. Otherwise the answer is told
   * together with the reason that the listing was refused for.
   */
  async #sendHead(input: HeadObjectCommandInput): Promise<Answer> {
    const ask = () => this.#session.ask(() => new HeadObjectCommand(input));
    const answer = await ask();
    const isUnwell = answer.status >= 500 && answer.status !== 501;
    if (isUnwell || this.#session.regionIsConfirmed) return answer;
    const before = this.#session.region;
    const listed = await this.#session.ask(() => new ListObjectsV2Command({ Bucket: input.Bucket, MaxKeys: 1 }), 1);
    const last = this.#session.region === before ? answer : await ask();
    if (listed.error === undefined || this.#session.regionIsConfirmed) return last;
    return { ...last, error: listed.error, ...(listed.region === undefined ? {} : { region: listed.region }) };
  }

  #asked(permission: Asked['permission'], { tries, givenUp, retryAfterMs }: Answer): Asked {
    const { secrets, region } = this.#session;
    const now = this.#session.now();
    return { target: this.#target, secrets, region, permission, now, tries, givenUp, retryAfterMs };
  }
}

/** Servers without tags say so in one of these ways. */
function isTagless({ status, error }: RawAnswer): boolean {
  return status === 501 || status === 405 || error?.code === 'NotImplemented' || error?.code === 'MethodNotAllowed';
}

function foundBy(answer: RawAnswer): Extract<HeadResult, { status: 'found' }> {
  const lastModified = Date.parse(answer.headers['last-modified'] ?? '');
  const size = answer.headers['content-length'] ?? '';
  if (Number.isNaN(lastModified) || !/^\d{1,15}$/.test(size)) {
    throw new Failure(
      'not_an_s3_answer',
      'The server answered a HEAD without a readable Last-Modified or Content-Length. Check that the endpoint is an S3 server.',
    );
  }
  const found = { lastModified, size: Number(size), etag: unquoted(answer.headers.etag ?? '') };
  return { status: 'found', ...found, ...(isArchived(answer.headers) ? { archived: true } : {}) };
}
