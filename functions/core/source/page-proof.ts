import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '../model/ports/listing.ts';
import { Leniency } from './leniency.ts';
import { advice, refuse, StartAfterRefused } from './listing-refusal.ts';
import { offers, type PageEnd, proveEnd } from './page-end.ts';
import { type ProvenRows, proveCount, proveRows } from './page-rows.ts';
import { proveDocument, proveScope } from './page-scope.ts';
import type { Manners, PageExpectation, ProvenPage, ProvenStep } from './proven-page.ts';

export type { PageExpectation, ProvenPage, ProvenStep } from './proven-page.ts';

/**
 * How many pages without a key may follow one another. Servers that walk over delete markers answer such pages, each
 * with a new token, so they cannot be refused at sight; but nothing else shows that the listing gets anywhere, so
 * they must not go on for ever. A thousand of them skip about a million delete markers.
 */
const MAX_EMPTY_PAGES = 1_000;

/** What asking once more can settle: what KeyCount counts, and whether anything follows. */
type Doubt = 'count' | 'end';

/** What is known before a page is judged. */
type Known = { readonly manners: Manners; readonly asked: readonly Doubt[] };

/**
 * Asks for one page and proves it. Where the answer has two meanings it asks once more, in the way that settles it and
 * never after a key; what that told of the server is carried in `next`.
 *
 * @throws Failure `listing_not_proved` (a `ListingUnordered` where the order is what is wrong), or what the bucket answers
 *   (as a `StartAfterRefused` where it was asked to begin after a key).
 */
export async function askPage(bucket: Bucket, expected: PageExpectation): Promise<ProvenPage> {
  const { prefix, maxKeys, startAfter, delimiter, previous } = expected;
  const request: ListRequest = { prefix, maxKeys, startAfter, delimiter, continuation: previous?.continuation };
  const leniency = leniencyFor(expected);
  let page = await firstAnswer(bucket, request);
  let known: Known = { manners: previous?.manners ?? {}, asked: [] };
  for (;;) {
    const verdict = judge(page, expected, known, leniency);
    if (typeof verdict !== 'string') return verdict;
    if (known.asked.includes(verdict)) refuseDoubt(verdict, page);
    const again =
      verdict === 'count' ? await recount(bucket, request, page) : await askForEnd(bucket, request, page, expected);
    page = again.page;
    known = { manners: { ...known.manners, ...again.manners }, asked: [...known.asked, verdict] };
  }
}

/**
 * Turns what a server said into what is known: that these are all the keys between the page before and this page's
 * last key, and whether more follow. Deletions rest on it, so whatever cannot be checked is refused, and so is what only
 * another question could settle.
 *
 * @throws Failure `listing_not_proved` that says what was seen and what to do about it.
 */
export function provePage(page: ListingPage, expected: PageExpectation): ProvenPage {
  const known = { manners: expected.previous?.manners ?? {}, asked: [] };
  const verdict = judge(page, expected, known, leniencyFor(expected));
  return typeof verdict === 'string' ? refuseDoubt(verdict, page) : verdict;
}

function leniencyFor({ foreign = true }: PageExpectation): Leniency {
  return new Leniency(foreign);
}

/** A listing that cannot begin after a key may begin at its beginning: whoever asks is told that this was it. */
async function firstAnswer(bucket: Bucket, request: ListRequest): Promise<ListingPage> {
  try {
    return await bucket.list(request);
  } catch (error) {
    const atKey = request.startAfter !== undefined && request.continuation === undefined;
    throw atKey && error instanceof Failure && error.code === 'source_error' ? new StartAfterRefused(error) : error;
  }
}

function judge(page: ListingPage, expected: PageExpectation, known: Known, leniency: Leniency): ProvenPage | Doubt {
  proveDocument(page, leniency);
  proveScope(page, expected, leniency);
  const rows = proveRows(page, expected, leniency);
  const manners = proveCount(page, rows, expected, known.manners, leniency);
  if (manners === 'doubt') return 'count';
  const end = proveEnd({ page, expected, manners, leniency, lastKey: rows.lastKey, count: rows.count });
  return end === 'doubt' ? 'end' : proven(page, expected, rows, { end, manners, tolerances: leniency.names });
}

type Judged = {
  readonly end: Exclude<PageEnd, 'doubt'>;
  readonly manners: Manners;
  readonly tolerances: readonly string[];
};

function proven(page: ListingPage, expected: PageExpectation, rows: ProvenRows, judged: Judged): ProvenPage {
  const { objects, odd, lastKey, commonPrefixes } = rows;
  const { end, manners, tolerances } = judged;
  const time = page.serverTime === undefined ? {} : { serverTime: page.serverTime };
  const rolledUp = commonPrefixes.length === 0 ? {} : { commonPrefixes };
  const all = { objects, odd, tolerances, lastKey, ...rolledUp, ...time };
  if (end === 'last') return all;
  const isEmpty = objects.length + commonPrefixes.length === 0;
  const emptyPages = isEmpty ? (expected.previous?.emptyPages ?? 0) + 1 : 0;
  if (emptyPages > MAX_EMPTY_PAGES) {
    refuse(`${MAX_EMPTY_PAGES} pages in a row had no key and promised more`, advice.server);
  }
  return { ...all, next: nextStep({ lastKey, emptyPages }, end, manners) };
}

function nextStep(
  step: Pick<ProvenStep, 'lastKey' | 'emptyPages'>,
  { continuation, doubted, ownMarker }: Exclude<PageEnd, string>,
  known: Manners,
): ProvenStep {
  const manners = ownMarker ? { ...known, ownMarker } : known;
  const learnt = Object.keys(manners).length === 0 ? {} : { manners };
  return { ...step, continuation, ...(doubted ? { doubted } : {}), ...learnt };
}

type Again = { readonly page: ListingPage; readonly manners?: Manners };

/** A count that stays beside the same keys is what this server counts; one that came by a damaged answer does not. */
async function recount(bucket: Bucket, request: ListRequest, page: ListingPage): Promise<Again> {
  const second = await bucket.list(request);
  const same = isWhole(second) && second.keyCount === page.keyCount && keysOf(second) === keysOf(page);
  return same ? { page, manners: { looseCount: true } } : { page: second };
}

/**
 * Whether this server says that more follows where more does: a page of one key fewer leaves one out for certain. Where
 * there is no key to leave out, or no order, the same answer twice has to do.
 */
async function askForEnd(
  bucket: Bucket,
  request: ListRequest,
  page: ListingPage,
  { order }: PageExpectation,
): Promise<Again> {
  const count = rowsOf(page);
  if (count === 0 || order === 'any') {
    const second = await bucket.list(request);
    const same = isWhole(second) && !speaks(second) && keysOf(second) === keysOf(page);
    return same ? { page, manners: { speaks: true } } : { page: second };
  }
  const fewer = await bucket.list({ ...request, maxKeys: count - 1 });
  return isWhole(fewer) && speaks(fewer) ? { page, manners: { speaks: true } } : refuseDoubt('end', page);
}

function isWhole({ root, wellFormed, unreadable }: ListingPage): boolean {
  return root === 'ListBucketResult' && wellFormed && unreadable === undefined;
}

function speaks(page: ListingPage): boolean {
  return page.truncated === true || offers(page);
}

function rowsOf({ objects, odd = [], commonPrefixes = [] }: ListingPage): number {
  return objects.length + odd.length + commonPrefixes.length;
}

function keysOf({ objects, odd = [] }: ListingPage): string {
  return JSON.stringify([objects.map(({ key }) => key), odd.length]);
}

function refuseDoubt(doubt: Doubt, page: ListingPage): never {
  return refuse(
    doubt === 'count'
      ? `an answer counts ${page.keyCount} keys and holds ${rowsOf(page)}`
      : 'an answer does not say whether more keys follow (IsTruncated)',
    advice.server,
  );
}
