import type { Exchange } from './exchange.ts';
import { emptyReply, type Reply, xmlReply } from './reply.ts';
import type { Operation } from './request.ts';
import { S3Error } from './s3-error.ts';
import { StoredBucket } from './storage.ts';
import { element, innerTexts, s3Namespace, unescapeXml, xmlDocument } from './xml.ts';

/** Limit of S3 on one DeleteObjects request. */
const maximumDeletes = 1000;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, dots left out of account. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function listBuckets({ state }: Exchange): Reply {
  const buckets = [...state.buckets.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  const rows = buckets.map((bucket) => {
    const created = new Date(bucket.createdAt).toISOString();
    return `<Bucket>${element('Name', bucket.name)}${element('CreationDate', created)}</Bucket>`;
  });
  return xmlReply(
    xmlDocument(
      `<ListAllMyBucketsResult xmlns="${s3Namespace}"><Owner><ID>stocktake-test-owner</ID></Owner>` +
        `<Buckets>${rows.join('')}</Buckets></ListAllMyBucketsResult>`,
    ),
  );
}

/** In us-east-1 creating one's own bucket again succeeds; elsewhere it is a 409, as on AWS. */
export function createBucket({ state, request }: Exchange): Reply {
  const name = request.bucket;
  if (!bucketName.test(name))
    throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
  if (!state.buckets.has(name)) state.buckets.set(name, new StoredBucket(name, request.at));
  else if (state.region !== 'us-east-1') {
    throw new S3Error('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded.');
  }
  return emptyReply(200, { location: `/${name}` });
}

export function headBucket(): Reply {
  return emptyReply(200);
}

export function deleteBucket({ state, bucket }: Exchange): Reply {
  if (bucket.count > 0)
    throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: bucket.name });
  state.buckets.delete(bucket.name);
  return emptyReply(204);
}

/** Empty for us-east-1, which has no location constraint. */
export function getBucketLocation({ state }: Exchange): Reply {
  const region = state.region === 'us-east-1' ? '' : state.region;
  return xmlReply(xmlDocument(`<LocationConstraint xmlns="${s3Namespace}">${region}</LocationConstraint>`));
}

/** Each key is allowed or denied by itself; a missing key counts as deleted. */
export function deleteObjects({ bucket, payload, user }: Exchange): Reply {
  const xml = payload.toString();
  const keys = innerTexts(xml, 'Object').map((object) => unescapeXml(innerTexts(object, 'Key')[0] ?? ''));
  if (keys.length === 0 || keys.length > maximumDeletes || keys.includes('')) {
    throw new S3Error(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  const quiet = innerTexts(xml, 'Quiet')[0] === 'true';
  const operation: Operation = 'DeleteObject';
  const rows = keys.map((key) => {
    if (user.deny?.(operation, bucket.name, key)) {
      return `<Error>${element('Key', key)}${element('Code', 'AccessDenied')}${element('Message', 'Access Denied')}</Error>`;
    }
    bucket.delete(key);
    return quiet ? '' : `<Deleted>${element('Key', key)}</Deleted>`;
  });
  return xmlReply(xmlDocument(`<DeleteResult xmlns="${s3Namespace}">${rows.join('')}</DeleteResult>`));
}
