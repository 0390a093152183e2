import { hash } from 'node:crypto';
import type { PageFault } from './faults.ts';
import { makeToken, type Page, type PageObject } from './listing.ts';

type Contents = Pick<Page, 'objects' | 'commonPrefixes' | 'keyCount'>;

const complete = { truncated: false, nextToken: undefined, nextMarker: undefined } as const;

/** The page with the fault in it. */
export function alterPage(fault: PageFault, page: Page): Page {
  switch (fault.kind) {
    case 'truncated-without-token':
      return { ...page, truncated: true, nextToken: undefined, nextMarker: undefined };
    case 'without-is-truncated':
      return { ...page, truncated: undefined };
    case 'token-repeated':
      return { ...page, truncated: true, ...sameAgain(page) };
    case 'key-count':
      return { ...page, keyCount: fault.value };
    case 'bucket-name':
      return { ...page, bucket: fault.name };
    case 'prefix':
      return { ...page, query: { ...page.query, prefix: fault.prefix } };
    case 'ignore-encoding':
      return { ...page, encodingUrl: false };
    case 'version-1-document':
      return { ...page, version: 1, nextToken: undefined };
    case 'page':
      return fault.alter(page);
    default:
      return alterContents(fault, page);
  }
}

type ContentsFault = Extract<
  PageFault,
  {
    kind:
      | 'cut-listing'
      | 'out-of-order'
      | 'duplicate-key'
      | 'key-outside-prefix'
      | 'drop-keys'
      | 'empty-listing'
      | 'oversized-page';
  }
>;

function alterContents(fault: ContentsFault, page: Page): Page {
  const { objects, query } = page;
  switch (fault.kind) {
    case 'cut-listing':
      return { ...page, ...contents(objects.slice(0, fault.keep), page.commonPrefixes), ...complete };
    case 'out-of-order':
      return { ...page, objects: objects.toReversed() };
    case 'duplicate-key':
      return { ...page, ...contents([...objects, ...objects.slice(-1)], page.commonPrefixes) };
    case 'key-outside-prefix':
      return {
        ...page,
        ...contents([...objects, madeUp(fault.key ?? `${query.prefix.slice(0, -1)}\u{10ffff}`)], page.commonPrefixes),
      };
    case 'drop-keys':
      return {
        ...page,
        ...contents(
          objects.filter((object) => !fault.drop(object.key)),
          page.commonPrefixes,
        ),
      };
    case 'empty-listing':
      return { ...page, ...contents([], []), ...complete };
    case 'oversized-page': {
      const keys = Array.from({ length: fault.keys }, (_, index) => `${query.prefix}${String(index).padStart(9, '0')}`);
      return { ...page, ...contents(keys.map(madeUp), []), ...complete };
    }
  }
}

/** Keys of a page together with the count that is right for them. */
function contents(objects: readonly PageObject[], commonPrefixes: readonly string[]): Contents {
  return { objects, commonPrefixes, keyCount: objects.length + commonPrefixes.length };
}

function sameAgain(page: Page): Pick<Page, 'nextToken' | 'nextMarker'> {
  if (page.version === 1) return { nextMarker: page.query.marker, nextToken: undefined };
  const token = page.query.token ?? makeToken({ after: page.query.after, page: page.number });
  return { nextToken: token, nextMarker: undefined };
}

function madeUp(key: string): PageObject {
  return { key, size: 0, etag: hash('md5', key), lastModified: 0, storageClass: 'STANDARD' };
}
