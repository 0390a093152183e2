import type { ObjectHeaders } from '#core/model/ports/bucket.ts';

const metadataHeader = 'x-amz-meta-';

/** `type` tells of the way a checksum was made, `mode` is what was asked: neither is one. */
const checksumHeader = /^x-amz-checksum-(?!type$|mode$)([a-z0-9]{1,32})$/;

/** Headers of which anything is shown, stored or gone by, beside those that begin with `x-amz-`. */
const keptHeaders: ReadonlySet<string> = new Set([
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'retry-after',
]);

/** False of what nobody reads: whatever stands there is dropped. @param name in lower case. */
export function isKeptHeader(name: string): boolean {
  return keptHeaders.has(name) || name.startsWith('x-amz-');
}

/** Reads what the headers of a HEAD tell of an object. Whatever the server wrote, the result can be stored. */
export function readObjectHeaders(headers: Readonly<Record<string, string>>): ObjectHeaders {
  const algorithm = headers['x-amz-server-side-encryption'] ?? customerKeyAlgorithm(headers);
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  return {
    ...given('contentType', headers['content-type']),
    ...given('contentEncoding', headers['content-encoding']),
    ...given('cacheControl', headers['cache-control']),
    ...given('versionId', headers['x-amz-version-id']),
    ...(algorithm === undefined ? {} : { encryption: { algorithm, ...given('keyId', keyId) } }),
    metadata: named(headers, (name) =>
      name.startsWith(metadataHeader) ? name.slice(metadataHeader.length) : undefined,
    ),
    checksums: named(headers, (name) => checksumHeader.exec(name)?.[1]),
    storageClass: headers['x-amz-storage-class'] || 'STANDARD',
  };
}

function customerKeyAlgorithm(headers: Readonly<Record<string, string>>): string | undefined {
  const algorithm = headers['x-amz-server-side-encryption-customer-algorithm'];
  return algorithm === undefined ? undefined : `customer ${algorithm}`;
}

/** Restored copies can be read: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, x-amz-restore. */
export function isArchived(headers: Readonly<Record<string, string>>): boolean {
  const cold = /^(?:GLACIER|DEEP_ARCHIVE)$/.test(headers['x-amz-storage-class'] ?? '');
  const archived = cold || headers['x-amz-archive-status'] !== undefined;
  return archived && !(headers['x-amz-restore'] ?? '').includes('ongoing-request="false"');
}

/** The headers that get a name, by it. A table takes neither an empty name nor `__proto__`. */
function named(
  headers: Readonly<Record<string, string>>,
  nameOf: (header: string) => string | undefined,
): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [header, value] of Object.entries(headers)) {
    const name = nameOf(header.toLowerCase());
    if (name !== undefined && name !== '' && name !== '__proto__') entries.push([name, value]);
  }
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function given<Name extends string>(name: Name, value: string | undefined): { readonly [key in Name]?: string } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { readonly [key in Name]?: string });
}
