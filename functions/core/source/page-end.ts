import { compareKeys } from '../keys/byte-order.ts';
import type { Continuation, ListingPage } from '../model/ports/listing.ts';
import type { Leniency } from './leniency.ts';
import { advice, refuse } from './listing-refusal.ts';
import type { Manners, PageExpectation } from './proven-page.ts';

/** How a page ends: `last`, or with what leads on, or with the doubt whether anything does. */
export type PageEnd =
  | 'last'
  | 'doubt'
  | { readonly continuation: Continuation; readonly doubted?: true; readonly ownMarker?: true };

/** A page whose end is to be told. */
export type Ending = {
  readonly page: ListingPage;
  readonly expected: PageExpectation;
  readonly lastKey: string;
  /** Rows of the page, odd ones among them. */
  readonly count: number;
  readonly manners: Manners;
  readonly leniency: Leniency;
};

/**
 * Whether more follows: what proves it is the server's own cursor, followed to where it gives none. IsTruncated alone
 * proves nothing: a page that says it is the last one and gives a cursor all the same is followed, and an empty page settles
 * it.
 *
 * @returns `doubt` where a page says nothing at all of what follows.
 */
export function proveEnd(ending: Ending): PageEnd {
  const { page, leniency } = ending;
  if (page.truncated === undefined) {
    const seen = 'an answer does not say whether more keys follow (IsTruncated)';
    leniency.forgive('truncated_absent', seen, advice.server);
    return endOfSilent(ending);
  }
  if (page.truncated) return page.version === 2 && page.nextToken ? byToken(ending) : byMarker(ending);
  return offers(page) ? endOfContradicted(ending) : 'last';
}

/** An empty element is how some servers write "none". */
export function offers({ nextToken, nextMarker, readings }: ListingPage): boolean {
  return Boolean(nextToken) || Boolean(nextMarker) || readings?.nextMarker !== undefined;
}

function byToken({ page, expected }: Ending): Exclude<PageEnd, string> {
  const before = expected.previous?.continuation;
  const token = page.nextToken ?? '';
  if (before?.version === 2 && before.token === token) {
    const seen = 'an answer gives the continuation token it was asked with, which would go round for ever';
    refuse(seen, advice.server);
  }
  return { continuation: { version: 2, token } };
}

function byMarker(ending: Ending): PageEnd {
  const { page, expected, count, leniency } = ending;
  if (page.version === 2) {
    const seen = 'an answer says that more keys follow and gives no continuation token';
    if (count === 0) refuse(seen, advice.server);
    leniency.forgive(page.nextMarker ? 'next_marker_v2' : 'token_absent', seen, advice.server);
  }
  if (count === 0) return byMarkerBeyond(ending) ?? refuseMarker(page);
  const marker = markerAfter(ending);
  if (expected.order === 'any' && marker.ownMarker === undefined) {
    const seen = 'an answer whose keys are in no order says that more follow, and gives nothing to go on with';
    refuse(seen, advice.server);
  }
  return marker;
}

function refuseMarker(page: ListingPage): never {
  const seen = offers(page)
    ? 'an answer gives a next marker that does not lie beyond the one it was asked with'
    : 'an answer without keys says that more follow and gives no next marker';
  return refuse(seen, advice.server);
}

/**
 * What MinIO hangs on the last key to find its place again. Anything else beyond the last key may be the key that comes
 * next, and a server that lists what comes after a marker would leave it out.
 */
const cacheMark = /^\[minio_cache:[^\]]*\]$/;

/**
 * Where there are keys the marker is the last of them, as AWS has it: "the keys after this one" cannot skip any, while a
 * marker beyond the last key would. AWS offers one only when there is a delimiter.
 */
function markerAfter({ page, expected, lastKey, leniency }: Ending): Exclude<PageEnd, string> {
  const marker = page.lastRow ?? lastKey;
  if (marker === askedAfter(expected)) {
    refuse('an answer says that more keys follow and does not get beyond what it was asked with', advice.server);
  }
  const offered = markersOf(page);
  const own = offered.find((text) => text.startsWith(marker) && cacheMark.test(text.slice(marker.length)));
  if (own !== undefined && !leniency.isStrict) return { continuation: { version: 1, marker: own }, ownMarker: true };
  const plain: Exclude<PageEnd, string> = { continuation: { version: 1, marker } };
  if (offered.length === 0 || leniency.isStrict) return plain;
  if (!offered.includes(marker)) leniency.note('next_marker');
  else if (page.nextMarker !== marker) leniency.note('marker_spelling');
  return offered.includes(marker) ? { ...plain, ownMarker: true } : plain;
}

function markersOf({ nextMarker, readings }: ListingPage): readonly string[] {
  return [...(nextMarker ? [nextMarker] : []), ...(readings?.nextMarker ?? [])];
}

function askedAfter({ previous, startAfter = '' }: PageExpectation): string {
  if (previous === undefined) return startAfter;
  return previous.continuation.version === 1 ? previous.continuation.marker : previous.lastKey;
}

/** A page without keys has only the server's marker. Of its readings the first one beyond what was asked skips the least. */
function byMarkerBeyond({ page, expected, leniency }: Ending): Exclude<PageEnd, string> | undefined {
  const asked = askedAfter(expected);
  const [marker] = markersOf(page)
    .filter((text) => compareKeys(text, asked) > 0)
    .sort(compareKeys);
  if (page.version === 2 || marker === undefined) return undefined;
  if (marker !== page.nextMarker) leniency.note('marker_spelling');
  return { continuation: { version: 1, marker } };
}

/** It says that it is the last one, and gives a cursor. */
function endOfContradicted(ending: Ending): PageEnd {
  const { page, expected, count, leniency } = ending;
  const byTokenOf = page.version === 2 && Boolean(page.nextToken);
  const name = byTokenOf ? 'continuation token' : 'next marker';
  const seen = `an answer says that it is the last one and gives a ${name}`;
  leniency.forgive(byTokenOf ? 'token_on_last_page' : 'marker_on_last_page', seen, advice.server);
  // The page that was to settle it has nothing either.
  if (count === 0 && expected.previous?.doubted) return 'last';
  if (byTokenOf) {
    const before = expected.previous?.continuation;
    const isEcho = before?.version === 2 && before.token === page.nextToken;
    return isEcho ? 'last' : { ...byToken(ending), doubted: true };
  }
  const next = count === 0 ? byMarkerBeyond(ending) : markerAfter(ending);
  if (next === undefined || (expected.order === 'any' && next.ownMarker === undefined)) return 'last';
  return { ...next, doubted: true };
}

/**
 * It says nothing of what follows, unless by a cursor. Some servers leave out what is false or empty: where this one is
 * known to speak when more follows, nothing does. Since a damaged answer looks alike, the question after the last key has
 * to find nothing either.
 */
function endOfSilent(ending: Ending): PageEnd {
  const { page, expected, count, manners } = ending;
  const { previous, order } = expected;
  if (page.version === 2 && page.nextToken) return byToken(ending);
  if (count === 0) {
    if (previous?.doubted) return 'last';
    if (offers(page) && page.version === 1) return byMarkerBeyond(ending) ?? 'doubt';
    return manners.speaks && (previous !== undefined || page.bucket === expected.bucket) ? 'last' : 'doubt';
  }
  if (offers(page)) return byMarker(ending);
  const hasCursors = previous?.continuation.version === 2 || manners.ownMarker === true;
  if (order === 'any') {
    if (!hasCursors) refuse('an answer whose keys are in no order does not say whether more follow', advice.server);
    return manners.speaks ? 'last' : 'doubt';
  }
  return hasCursors || manners.speaks || count === 1 ? { ...markerAfter(ending), doubted: true } : 'doubt';
}
