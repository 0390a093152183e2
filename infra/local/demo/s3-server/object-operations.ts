import { rangeOf } from './byte-range.ts';
import type { Exchange } from './exchange.ts';
import { emptyReply, type Reply, type ReplyBody, repeatByte, xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';
import { makeObject, type StoredObject } from './storage.ts';
import { decodeUri } from './uri.ts';
import { element, innerTexts, s3Namespace, unescapeXml, xmlDocument } from './xml.ts';

const metadataHeader = 'x-amz-meta-';

/** GET and HEAD, with a single byte range; the sender leaves the body of a HEAD out. */
export function getObject(exchange: Exchange): Reply {
  const object = existing(exchange);
  const range = rangeOf(exchange.request.headers.range, object.size);
  const [start, end] = range ?? [0, object.size];
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
  };
  // S3 names every class but the usual one.
  if (object.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = object.storageClass;
  if (object.tags.length > 0) headers['x-amz-tagging-count'] = String(object.tags.length);
  for (const [name, value] of Object.entries(object.metadata)) headers[metadataHeader + name] = value;
  const checksumsAsked = exchange.request.headers['x-amz-checksum-mode'] === 'ENABLED';
  for (const [name, value] of Object.entries(object.headers)) {
    // S3 tells checksums only to who asks for them.
    if (checksumsAsked || !name.startsWith('x-amz-checksum-')) headers[name] = value;
  }
  if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${object.size}`;
  return { status: range ? 206 : 200, headers, body: slice(object, start, end) };
}

export function putObject({ bucket, request, payload }: Exchange): Reply {
  const object = makeObject(request.key, { body: payload, ...attributes(request.headers) }, request.at);
  bucket.put(object);
  return emptyReply(200, { etag: `"${object.etag}"` });
}

/** Without changing anything, a copy onto itself is refused, as on AWS. */
export function copyObject(exchange: Exchange): Reply {
  const { request, bucket, state, user } = exchange;
  const source = decodeUri((request.headers['x-amz-copy-source'] ?? '').split('?')[0] ?? '').replace(/^\//, '');
  const slash = source.indexOf('/');
  if (slash < 1)
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  const from = { bucket: source.slice(0, slash), key: source.slice(slash + 1) };
  if (user.deny?.('GetObject', from.bucket, from.key)) throw new S3Error('AccessDenied', 'Access Denied');
  const sourceBucket = state.buckets.get(from.bucket);
  if (!sourceBucket)
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: from.bucket });
  const original = sourceBucket.get(from.key);
  if (!original) throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: from.key });
  const replace = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const storageClass = request.headers['x-amz-storage-class'];
  if (original === bucket.get(request.key) && !replace && storageClass === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself unchanged.',
    );
  }
  const { body, size, etag, contentType, metadata, tags } = original;
  const kept = { ...(body ? { body } : { size }), etag, tags, storageClass: storageClass ?? 'STANDARD' };
  const described = replace ? attributes(request.headers) : { contentType, metadata };
  const copy = makeObject(request.key, { ...described, ...kept }, request.at);
  bucket.put(copy);
  const modified = element('LastModified', new Date(copy.lastModified).toISOString());
  return xmlReply(
    xmlDocument(
      `<CopyObjectResult xmlns="${s3Namespace}">${modified}${element('ETag', `"${etag}"`)}</CopyObjectResult>`,
    ),
  );
}

/** 204 whether or not the key was there. */
export function deleteObject({ bucket, request }: Exchange): Reply {
  bucket.delete(request.key);
  return emptyReply(204);
}

export function getObjectTagging(exchange: Exchange): Reply {
  const tags = existing(exchange).tags.map(
    (tag) => `<Tag>${element('Key', tag.key)}${element('Value', tag.value)}</Tag>`,
  );
  return xmlReply(xmlDocument(`<Tagging xmlns="${s3Namespace}"><TagSet>${tags.join('')}</TagSet></Tagging>`));
}

/** Replaces the tags and nothing else: body, ETag and last modified stay. */
export function putObjectTagging(exchange: Exchange): Reply {
  const object = existing(exchange);
  const tags = innerTexts(exchange.payload.toString(), 'Tag').map((tag) => ({
    key: unescapeXml(innerTexts(tag, 'Key')[0] ?? ''),
    value: unescapeXml(innerTexts(tag, 'Value')[0] ?? ''),
  }));
  exchange.bucket.put({ ...object, tags });
  return emptyReply(200);
}

/** A missing key is a 404 only for who may list the bucket; for others S3 says 403. */
function existing({ bucket, request, user }: Exchange): StoredObject {
  const object = bucket.get(request.key);
  if (object) return object;
  if (user.deny?.('ListObjectsV2', bucket.name, '')) throw new S3Error('AccessDenied', 'Access Denied');
  throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: request.key });
}

function attributes(headers: Readonly<Record<string, string>>) {
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith(metadataHeader))
    .map(([name, value]) => [name.slice(metadataHeader.length), value] as const);
  const tags = new URLSearchParams(headers['x-amz-tagging'] ?? '');
  return {
    ...(headers['content-type'] === undefined ? {} : { contentType: headers['content-type'] }),
    ...(headers['x-amz-storage-class'] === undefined ? {} : { storageClass: headers['x-amz-storage-class'] }),
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
    ...(tags.size === 0 ? {} : { tags: [...tags].map(([key, value]) => ({ key, value })) }),
  };
}

function slice(object: StoredObject, start: number, end: number): ReplyBody {
  if (object.body) return object.body.subarray(start, end);
  return { length: end - start, chunks: () => repeatByte(0, end - start) };
}
