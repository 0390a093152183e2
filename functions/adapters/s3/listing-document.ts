import type { ListedObject, ListingPage } from '#core/model/ports/listing.ts';
import { type KeySpelling, readerOf, readingsOf } from './key-spelling.ts';
import { readListedObject, type UnfitRow } from './listed-object.ts';
import { type Head, type HeadName, ListingReader } from './listing-reader.ts';
import { isDisguised } from './secret-forms.ts';
import { scanXml, type XmlOutcome } from './xml-scan.ts';

/** What a listing's body said; the answer's headers and the version it was asked in are not in it. */
export type ListingDocument = Omit<ListingPage, 'version' | 'serverTime'>;

/** A listing's body whose keys are not decoded yet. */
export type Listing = {
  readonly root: string;
  /** It has what only the older ListObjects answers (Marker) and lacks what only ListObjectsV2 does. */
  readonly shapedAsV1: boolean;
  /** It has an element that only ListObjectsV2 answers. */
  readonly shapedAsV2: boolean;
  /** It says that its keys are URL-encoded, in the very word of S3. */
  readonly saysEncoded: boolean;
  /** Letters or digits are escaped in it. */
  readonly isDisguised: boolean;
  /** Keys and common prefixes as they stand in it. */
  readonly texts: readonly string[];
  /** Never throws: what is missing stays undefined, what cannot be read is told, and the core decides what either means. */
  read(spelling: KeySpelling): ListingDocument;
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const lenientUtf8 = new TextDecoder('utf-8');

/**
 * Scans the body of a ListObjects or ListObjectsV2 answer. Never throws.
 *
 * @param maxKeys how many keys there may be: reading ends at the first one more, and at absurdly many elements.
 */
export function scanListing(body: Uint8Array, maxKeys: number): Listing {
  const { text, isUtf8 } = textOf(body);
  const reader = new ListingReader(maxKeys);
  const outcome = scanXml(text, reader);
  const { head } = reader;
  const shapedAsV2 = head.KeyCount !== undefined || head.NextContinuationToken !== undefined;
  return {
    root: outcome.root,
    shapedAsV1: head.Marker !== undefined && !shapedAsV2,
    shapedAsV2,
    saysEncoded: head.EncodingType === 'url',
    isDisguised: isDisguised(text),
    get texts() {
      return [...reader.contents.map(({ Key = '' }) => Key), ...reader.prefixes];
    },
    read: (spelling) => readDocument(reader, outcome, spelling, isUtf8),
  };
}

/** Bytes that are no text spoil the rows that they stand in, and no others. */
function textOf(body: Uint8Array): { text: string; isUtf8: boolean } {
  try {
    return { text: strictUtf8.decode(body), isUtf8: true };
  } catch {
    return { text: lenientUtf8.decode(body), isUtf8: false };
  }
}

function readDocument(
  reader: ListingReader,
  outcome: XmlOutcome,
  spelling: KeySpelling,
  isUtf8: boolean,
): ListingDocument {
  const forgiven = new Set<string>();
  const forgive = (name: string) => void forgiven.add(name);
  if (outcome.strayAmpersand) forgive('entity');
  if (!isUtf8) forgive('utf_8');
  const rows = readRows(reader, spelling, forgive);
  const prefixes = reader.prefixes.map(readerOf(spelling));
  const commonPrefixes = prefixes.filter((text) => text !== undefined && !text.includes('\ufffd')) as string[];
  const told = readHead(reader, spelling, forgive);
  const problem =
    outcome.unreadable ??
    reader.problem ??
    (commonPrefixes.length < prefixes.length ? 'a common prefix that is not properly URL-encoded' : undefined) ??
    (reader.head.NextContinuationToken?.includes('\ufffd') ? 'a continuation token that is no text' : undefined);
  return {
    root: outcome.root,
    wellFormed: outcome.wellFormed,
    ...told,
    ...rows,
    ...(commonPrefixes.length === 0 ? {} : { commonPrefixes }),
    ...(forgiven.size === 0 ? {} : { forgiven: [...forgiven] }),
    ...given('unreadable', problem),
  };
}

function readRows(
  { contents }: ListingReader,
  spelling: KeySpelling,
  forgive: (name: string) => void,
): Pick<ListingDocument, 'objects' | 'odd' | 'lastRow'> {
  const decode = readerOf(spelling);
  const objects: ListedObject[] = [];
  const unfit: UnfitRow[] = [];
  let last: UnfitRow | undefined;
  for (const fields of contents) {
    const row = readListedObject(fields, decode, forgive);
    if ('reason' in row) {
      unfit.push(row);
      last = row;
    } else {
      objects.push(row);
      last = undefined;
    }
  }
  if (unfit.length === 0) return { objects };
  const odd = unfit.map(({ text: _, ...row }) => row);
  return { objects, odd, ...given('lastRow', last?.text) };
}

function readHead(
  { head, strange }: ListingReader,
  spelling: KeySpelling,
  forgive: (name: string) => void,
): Partial<ListingDocument> {
  if (strange.has('Name')) forgive('name');
  if (strange.has('Prefix')) forgive('prefix_spelling');
  if (strange.has('NextMarker')) forgive('next_marker');
  if (strange.has('KeyCount')) forgive('key_count');
  const prefix = textIn(head, 'Prefix', spelling);
  const nextMarker = textIn(head, 'NextMarker', spelling);
  if (prefix.unreadable) forgive('prefix_spelling');
  if (nextMarker.unreadable) forgive('next_marker');
  const readings = { ...given('prefix', prefix.others), ...given('nextMarker', nextMarker.others) };
  return {
    ...given('bucket', head.Name),
    ...given('prefix', prefix.text),
    ...given('nextMarker', nextMarker.text),
    ...given('nextToken', head.NextContinuationToken),
    ...given('keyCount', numberIn(head.KeyCount, forgive)),
    ...given('truncated', truthIn(head.IsTruncated, forgive)),
    ...given('delimiter', head.Delimiter || undefined),
    ...(Object.keys(readings).length === 0 ? {} : { readings }),
  };
}

type Spelt = { readonly text?: string; readonly others?: readonly string[]; readonly unreadable: boolean };

/** Some servers encode keys and leave these two as they are, or the other way round. */
function textIn(head: Head, name: HeadName, spelling: KeySpelling): Spelt {
  const written = head[name];
  if (written === undefined) return { unreadable: false };
  if (name === 'NextMarker' && written.includes('\ufffd')) return { others: [], unreadable: true };
  const text = readerOf(spelling)(written);
  const others = readingsOf(written).filter((reading) => reading !== text);
  return { ...given('text', text), ...(others.length === 0 ? {} : { others }), unreadable: text === undefined };
}

function numberIn(text: string | undefined, forgive: (name: string) => void): number | undefined {
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  forgive('key_count');
  return undefined;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** What is neither true nor false in any spelling is as good as left out. */
function truthIn(text: string | undefined, forgive: (name: string) => void): boolean | undefined {
  if (text === undefined || text === 'true' || text === 'false')
    return text === undefined ? undefined : text === 'true';
  forgive('truncated_spelling');
  return truths.get(text.trim().toLowerCase());
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]?: Value });
}
