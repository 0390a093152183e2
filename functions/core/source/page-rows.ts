import { compareKeys } from '../keys/byte-order.ts';
import type { ListedObject, ListingPage, OddRow } from '../model/ports/listing.ts';
import type { Leniency } from './leniency.ts';
import { advice, ListingUnordered, quote, refuse, StartAfterIgnored } from './listing-refusal.ts';
import type { Manners, PageExpectation } from './proven-page.ts';

/** What a page holds, and how far it goes. */
export type ProvenRows = {
  readonly objects: readonly ListedObject[];
  readonly odd: readonly OddRow[];
  readonly commonPrefixes: readonly string[];
  readonly lastKey: string;
  /** All rows of the page, common prefixes among them. */
  readonly count: number;
};

/** The limit of S3's listing. */
const largestPage = 1000;

const none: readonly never[] = [];

/** Each key is inside what was asked, and comes after the one before it where there is an order. */
export function proveRows(page: ListingPage, expected: PageExpectation, leniency: Leniency): ProvenRows {
  const { objects, odd = none, commonPrefixes = none } = page;
  const count = objects.length + odd.length + commonPrefixes.length;
  if (count > expected.maxKeys) {
    const seen = `an answer holds ${count} keys, asked were ${expected.maxKeys}`;
    if (count > largestPage) refuse(seen, advice.server);
    leniency.forgive('max_keys', seen, advice.server);
  }
  const floor = expected.previous?.lastKey ?? expected.startAfter ?? '';
  const { prefix, order = 'bytes' } = expected;
  proveDelimiter(page, expected, leniency);
  if (order === 'any') {
    for (const { key } of objects) inside(key, prefix);
    for (const { key } of odd) if (key !== undefined) inside(key, prefix);
    return { objects, odd, commonPrefixes, lastKey: objects.at(-1)?.key ?? floor, count };
  }
  const proven = proveOrder(objects, floor, expected);
  const [twofold] = proven.odd;
  if (twofold?.key !== undefined && leniency.isStrict) unordered(twofold.key, twofold.key, false);
  let { lastKey } = proven;
  for (const { key } of odd) if (key !== undefined) lastKey = later(lastKey, provenOdd(key, floor, prefix));
  if (commonPrefixes.length > 0) lastKey = later(lastKey, provePrefixes(page, floor, expected));
  return { objects: proven.objects, odd: [...odd, ...proven.odd], commonPrefixes, lastKey, count };
}

type Ordered = Pick<ProvenRows, 'objects' | 'odd' | 'lastKey'>;

/** A key that comes twice with the same facts stands where another is missing: a listing with such a row is not believed.
 *  With other facts it is one object that cannot be told. */
function proveOrder(
  objects: readonly ListedObject[],
  floor: string,
  { prefix, ...expected }: PageExpectation,
): Ordered {
  let last = floor;
  let before: ListedObject | undefined;
  const twofold = new Set<string>();
  for (const object of objects) {
    const { key } = object;
    const order = compareKeys(key, last);
    if (order <= 0 && !(order === 0 && before !== undefined && differs(before, object))) {
      unordered(
        key,
        last,
        before === undefined && expected.previous === undefined && expected.startAfter !== undefined,
      );
    }
    inside(key, prefix);
    if (order === 0) twofold.add(key);
    last = key;
    before = object;
  }
  if (twofold.size === 0) return { objects, odd: none, lastKey: last };
  const odd = [...twofold].map((key) => ({ key, reason: 'a key that came twice with different facts' }));
  return { objects: objects.filter(({ key }) => !twofold.has(key)), odd, lastKey: last };
}

function differs(one: ListedObject, other: ListedObject): boolean {
  return (
    one.size !== other.size ||
    one.etag !== other.etag ||
    one.lastModified !== other.lastModified ||
    one.storageClass !== other.storageClass
  );
}

function unordered(key: string, last: string, isFirst: boolean): never {
  const seen = key === last ? `key ${quote(key)} came twice` : `key ${quote(key)} came after ${quote(last)}`;
  const told = `${seen}, which is not the order of S3 (by UTF-8 bytes)`;
  throw isFirst ? new StartAfterIgnored(told) : new ListingUnordered(told);
}

function inside(key: string, prefix: string): void {
  if (!key.startsWith(prefix)) refuse(`key ${quote(key)} is outside the prefix ${quote(prefix)}`, advice.scope);
}

/** Where between the other rows it stood is not known, so only the page before is a bound. */
function provenOdd(key: string, floor: string, prefix: string): string {
  if (compareKeys(key, floor) <= 0) unordered(key, floor, false);
  inside(key, prefix);
  return key;
}

function later(one: string, other: string): string {
  return compareKeys(one, other) < 0 ? other : one;
}

/**
 * Keys that are rolled up where nobody asked for it are keys left out. A delimiter that is only named hides nothing; one
 * that was asked for and ignored hides nothing either.
 */
function proveDelimiter(page: ListingPage, { prefix, delimiter }: PageExpectation, leniency: Leniency): void {
  const { commonPrefixes = none, objects } = page;
  if (delimiter === undefined) {
    if (commonPrefixes.length > 0) refuse('an answer holds CommonPrefixes, which were not asked for', advice.server);
    if (page.delimiter)
      leniency.forgive('delimiter', 'an answer names a Delimiter, which was not asked for', advice.server);
    return;
  }
  for (const rolledUp of commonPrefixes) {
    inside(rolledUp, prefix);
    if (rolledUp.length === prefix.length || !rolledUp.endsWith(delimiter)) {
      refuse(`common prefix ${quote(rolledUp)} does not lie between the prefix and a delimiter`, advice.server);
    }
  }
  if (objects.some(({ key }) => key.includes(delimiter, prefix.length))) {
    leniency.forgive(
      'delimiter_ignored',
      'an answer holds keys beyond the delimiter that was asked for',
      advice.server,
    );
  }
}

function provePrefixes(
  { commonPrefixes = none, objects }: ListingPage,
  floor: string,
  expected: PageExpectation,
): string {
  let last = floor;
  for (const rolledUp of commonPrefixes) {
    // What is listed after a key may lie in the same folder as the key itself.
    const resumes = expected.previous === undefined && last === floor && floor.startsWith(rolledUp);
    if (compareKeys(rolledUp, last) <= 0 && !resumes) unordered(rolledUp, last, false);
    const listed = objects.find(({ key }) => key.startsWith(rolledUp));
    if (listed !== undefined) refuse(`key ${quote(listed.key)} is listed and rolled up`, advice.server);
    last = rolledUp;
  }
  return later(last, floor);
}

/**
 * KeyCount is said beside the keys, and other servers say it in ways of their own: not at all, 0, or the number of all
 * keys there are. Only a count above the rows of a page that had room for more speaks of rows that were lost.
 *
 * @returns what is known of the server after it, or `doubt` where it should be asked again.
 */
export function proveCount(
  page: ListingPage,
  { count }: ProvenRows,
  { maxKeys }: PageExpectation,
  manners: Manners,
  leniency: Leniency,
): Manners | 'doubt' {
  if (page.version === 2 && page.keyCount === undefined) {
    const advised = 'If the server only knows the older listing, set list_version to 1.';
    leniency.forgive('key_count', 'an answer has no KeyCount', advised);
  }
  if (page.keyCount === undefined || page.keyCount === count) return manners;
  const seen = `an answer counts ${page.keyCount} keys and holds ${count}`;
  leniency.forgive('key_count', seen, advice.server);
  if (page.keyCount < count || manners.looseCount) return manners;
  if (count === 0) refuse(seen, advice.server);
  return count < maxKeys ? 'doubt' : { ...manners, looseCount: true };
}
