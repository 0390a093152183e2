import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { JudgeTarget } from './judge.ts';

/** How many requests are on at once: enough to fill a bucket of 10,000 in seconds. */
const SIDE_BY_SIDE = 24;

export type Filling = { readonly key: string; readonly body: string };

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
    /** Puts each by itself and says which the server refused, with its code. */
    async tryToFill(bucket: string, objects: Iterable<Filling>): Promise<Map<string, string>> {
      const refused = new Map<string, string>();
      for (const object of objects) {
        try {
          await put(bucket, object);
        } catch (error) {
          refused.set(object.key, error instanceof Error ? error.name : 'unknown');
        }
      }
      return refused;
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

export type BucketClient = ReturnType<typeof createBucketClient>;

async function eachOf<Value>(values: Iterable<Value>, work: (value: Value) => Promise<void>): Promise<void> {
  const left = values[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}
