import type { Page, PageObject } from './listing.ts';
import { encodeForListing } from './uri.ts';
import { element, escapeXml, s3Namespace, xmlDocument } from './xml.ts';

/** The document of a page, in the order of elements that S3 writes. */
export function renderPage(page: Page): string {
  const { query } = page;
  const text = (name: string, value: string) => element(name, page.encodingUrl ? encodeForListing(value) : value);
  const optional = (name: string, value: string | undefined) => (value === undefined ? '' : text(name, value));
  const plain = (name: string, value: string | boolean | undefined) =>
    value === undefined ? '' : element(name, value);
  const head =
    page.version === 2
      ? optional('StartAfter', query.startAfter) +
        plain('ContinuationToken', query.token) +
        plain('NextContinuationToken', page.nextToken) +
        element('KeyCount', page.keyCount)
      : text('Marker', query.marker) + optional('NextMarker', page.nextMarker);
  const tail = [
    element('MaxKeys', query.maxKeys),
    optional('Delimiter', query.delimiter || undefined),
    plain('EncodingType', page.encodingUrl ? 'url' : undefined),
    plain('IsTruncated', page.truncated),
    ...page.objects.map((object) => renderObject(object, text, page.version)),
    ...page.commonPrefixes.map((prefix) => `<CommonPrefixes>${text('Prefix', prefix)}</CommonPrefixes>`),
  ];
  return xmlDocument(
    `<ListBucketResult xmlns="${s3Namespace}">${element('Name', page.bucket)}${text('Prefix', query.prefix)}${head}` +
      `${tail.join('')}</ListBucketResult>`,
  );
}

function renderObject(object: PageObject, text: (name: string, value: string) => string, version: 1 | 2): string {
  const owner = version === 1 ? '<Owner><ID>stocktake-test-owner</ID></Owner>' : '';
  return (
    `<Contents>${text('Key', object.key)}<LastModified>${new Date(object.lastModified).toISOString()}</LastModified>` +
    `<ETag>&quot;${escapeXml(object.etag)}&quot;</ETag><Size>${object.size}</Size>${owner}` +
    `<StorageClass>${escapeXml(object.storageClass)}</StorageClass></Contents>`
  );
}
