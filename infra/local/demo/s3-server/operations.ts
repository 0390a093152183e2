import {
  createBucket,
  deleteBucket,
  deleteObjects,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './bucket-operations.ts';
import type { Exchange } from './exchange.ts';
import { listPage, readListQuery } from './listing.ts';
import { renderPage } from './listing-xml.ts';
import {
  copyObject,
  deleteObject,
  getObject,
  getObjectTagging,
  putObject,
  putObjectTagging,
} from './object-operations.ts';
import { type Reply, xmlReply } from './reply.ts';
import type { Operation } from './request.ts';
import { S3Error } from './s3-error.ts';
import { StoredBucket } from './storage.ts';

const handlers: Readonly<Record<Operation, (exchange: Exchange) => Reply>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  ListObjects: list,
  ListObjectsV2: list,
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  MethodNotAllowed: () => {
    throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  },
  NotImplemented: () => {
    throw new S3Error(
      'NotImplemented',
      'A header or query you provided implies functionality that is not implemented.',
    );
  },
};

/** Answers an authenticated request. Throws S3Error: a missing bucket is told before a refusal, as on AWS. */
export function perform(exchange: Omit<Exchange, 'bucket'>): Reply {
  const { request, state, user } = exchange;
  const { operation } = request;
  const bucket = state.buckets.get(request.bucket);
  const needsBucket = operation !== 'ListBuckets' && operation !== 'CreateBucket';
  if (needsBucket && request.bucket !== '' && !bucket) {
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: request.bucket });
  }
  if (user.deny?.(operation, request.bucket, request.key)) throw new S3Error('AccessDenied', 'Access Denied');
  return handlers[operation]({ ...exchange, bucket: bucket ?? new StoredBucket(request.bucket, request.at) });
}

/** Names a version 1 marker among all buckets. */
export function markerName(bucket: string, marker: string): string {
  return `${bucket}/${marker}`;
}

function list({ state, request, bucket, alterPage }: Exchange): Reply {
  const page = listPage(bucket, readListQuery(request), request.page ?? 1);
  const marker = page.nextMarker ?? page.objects.at(-1)?.key;
  if (page.version === 1 && page.truncated && marker !== undefined) {
    state.markers.set(markerName(bucket.name, marker), page.number + 1);
  }
  return xmlReply(renderPage(alterPage ? alterPage(page) : page));
}
