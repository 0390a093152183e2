import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Filling } from './filling.ts';
import type { JudgeTarget } from './judge.ts';
import { tarOf } from './snowball.ts';

/** How many requests are on at once: enough to fill a bucket of 10,000 in seconds. */
const SIDE_BY_SIDE = 24;

/** How a connection fails whose server has ended. */
export const THE_SERVER_ENDS = 'the server ends';
const BROKEN = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** Fills and changes the buckets of a server, as an application that uses it would. */
export function createBucketClient(target: JudgeTarget) {
  const s3 = new S3Client({
    endpoint: target.url,
    region: target.region,
    forcePathStyle: true,
    credentials: { accessKeyId: target.accessKeyId, secretAccessKey: target.secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const put = async (Bucket: string, { key, body }: Filling): Promise<void> => {
    await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: body }));
  };
  return {
    async createBucket(Bucket: string): Promise<void> {
      await s3.send(new CreateBucketCommand({ Bucket }));
    },
    put,
    /** Puts all; throws at the first that is refused. */
    async fill(bucket: string, objects: Iterable<Filling>): Promise<void> {
      await eachOf(objects, (object) => put(bucket, object));
    },
    /** Puts many as one tar, which MinIO unpacks. */
    async fillBySnowball(Bucket: string, objects: readonly Filling[]): Promise<void> {
      const Metadata = { 'snowball-auto-extract': 'true' };
      await s3.send(new PutObjectCommand({ Bucket, Key: 'snowball.tar', Body: tarOf(objects), Metadata }));
    },
    /** Puts each by itself and says which the server refused, with its code. */
    async tryToFill(bucket: string, objects: Iterable<Filling>): Promise<Map<string, string>> {
      const refused = new Map<string, string>();
      for (const object of objects) {
        const refusal = await refusalOf(() => put(bucket, object));
        if (refusal !== undefined) refused.set(object.key, refusal.code);
      }
      return refused;
    },
    /** How the server refuses to list the bucket, with a status of 500 or more; nothing where it lists it. */
    async listingFault(Bucket: string): Promise<string | undefined> {
      const refusal = await refusalOf(
        async () => void (await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }))),
      );
      return refusal !== undefined && refusal.status >= 500 ? refusal.code : undefined;
    },
    async remove(Bucket: string, keys: Iterable<string>): Promise<void> {
      await eachOf(keys, async (Key) => void (await s3.send(new DeleteObjectCommand({ Bucket, Key }))));
    },
    /** All keys, by the tokens that the server gives and never from a key. */
    async listByToken(Bucket: string): Promise<Set<string>> {
      const keys = new Set<string>();
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.add(Key);
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
      return keys;
    },
    close: () => s3.destroy(),
  };
}

/** What a request that the server does not do comes to: its code, or what the SDK made of an answer without one. */
async function refusalOf(work: () => Promise<void>): Promise<{ code: string; status: number } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return { code: 'unknown', status: 0 };
    if ('code' in error && BROKEN.includes(String(error.code))) return { code: THE_SERVER_ENDS, status: 0 };
    const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
    return { code: error.name === 'Error' ? error.message.slice(0, 60) : error.name, status };
  }
}

export type BucketClient = ReturnType<typeof createBucketClient>;

async function eachOf<Value>(values: Iterable<Value>, work: (value: Value) => Promise<void>): Promise<void> {
  const left = values[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}
