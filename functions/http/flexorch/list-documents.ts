import { type KeptDocument, type KeptPosition, walkKeptDocuments } from '#core/jobs/kept-documents.ts';
import { Failure } from '#core/model/errors.ts';
import type { Ids } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import { type DocumentCursor, mostSorted, readDocumentCursor, writeDocumentCursor } from './document-cursor.ts';
import { documentFace, keptFace } from './document-face.ts';

type ListDeps = { readonly table: Table; readonly ids: Ids };

type Face = Record<string, unknown>;

/** A page of all documents. `gte`: there may be more than `total`. */
export type DocumentList = {
  readonly items: readonly Face[];
  readonly total: number;
  readonly relation: 'eq' | 'gte';
  readonly order: 'newest' | 'key';
  /** Leads on behind this page; absent at the end. */
  readonly cursor?: string;
};

/** Where a page begins: so many documents from the start, or behind the page that gave the cursor. */
export type ListPlace = { readonly from: number; readonly size: number; readonly cursor?: string };

/** The most that the core gives at once. */
const largestSize = 1000;

/**
 * All documents, of datasources and those that jobs kept under connectors: the newest first, as this dialect's clients
 * expect, where there are at most 10,000. More than that no store could sort while somebody waits: then by datasource and
 * key, the connectors' last, and `order` says so. Throws Failure `invalid_request`.
 */
export async function listDocuments(deps: ListDeps, { from, size, cursor }: ListPlace): Promise<DocumentList> {
  const at = cursor === undefined ? undefined : readDocumentCursor(cursor);
  if (at?.order === 'key') return keyPage(deps, { from: 0, size, at });
  const newest = await newestPage(deps, at?.from ?? from, size);
  if (newest !== undefined) return newest;
  if (at === undefined) return keyPage(deps, { from, size });
  const reason = 'is of a list that has grown too long to be sorted: begin anew without it';
  throw new Failure('invalid_request', `cursor ${reason}`, { details: [{ path: 'cursor', reason }] });
}

/** Undefined where there are too many to be sorted. */
async function newestPage(deps: ListDeps, from: number, size: number): Promise<DocumentList | undefined> {
  const { documents: kept, more } = await takeKept(deps, mostSorted);
  if (more) return undefined;
  // As many of the datasources' documents may stand before the page as there are kept ones that do not.
  const start = Math.max(0, from - kept.length);
  const found = await newestOf(deps, start, from + size);
  const total = (found?.total ?? 0) + kept.length;
  if (found === undefined || total > mostSorted) return undefined;
  const items = [...found.items, ...kept.map(keptFace)].sort(newerFirst).slice(from - start, from - start + size);
  const next = from + items.length;
  return {
    ...{ items, total, relation: 'eq', order: 'newest' },
    ...(next < total ? { cursor: writeDocumentCursor({ order: 'newest', from: next }) } : {}),
  };
}

/** The datasources' documents from one place to another in the order of their dates. */
async function newestOf(
  deps: ListDeps,
  start: number,
  end: number,
): Promise<{ readonly items: Face[]; readonly total: number } | undefined> {
  const items: Face[] = [];
  let total = 0;
  for (let from = start; from === start || from < Math.min(end, total); from += largestSize) {
    const size = Math.min(largestSize, Math.min(end, mostSorted) - from);
    const page = await sorted(deps, from, Math.max(0, size));
    if (page === undefined) return undefined;
    items.push(...page.hits.map(({ source }) => documentFace(source)));
    total = page.total.value;
  }
  return { items, total };
}

async function sorted(deps: ListDeps, from: number, size: number): Promise<SearchPage | undefined> {
  try {
    return await searchDocuments(deps, { sort: 'created:desc', from: String(from), size: String(size) });
  } catch (error) {
    const tooMany = error instanceof Failure && error.details.some(({ path }) => path === 'sort');
    if (tooMany) return undefined;
    throw error;
  }
}

function newerFirst(one: Face, other: Face): number {
  const [a, b] = [String(one.created_at), String(other.created_at)];
  return a < b ? 1 : a > b ? -1 : 0;
}

type KeyPlace = {
  readonly from: number;
  readonly size: number;
  readonly at?: Extract<DocumentCursor, { order: 'key' }>;
};

async function keyPage(deps: ListDeps, { from, size, at }: KeyPlace): Promise<DocumentList> {
  const start = at === undefined ? { from: String(from) } : at.search === undefined ? {} : { cursor: at.search };
  const beyond = at?.kept !== undefined;
  // Where the datasources' documents are all told, their number alone is asked for.
  const page = await searchDocuments(deps, { ...start, size: String(beyond ? 0 : size) });
  const items = page.hits.map(({ source }) => documentFace(source));
  const behind = page.nextCursor === undefined || beyond;
  const skip = at === undefined ? Math.max(0, from - page.total.value) : 0;
  const rest = behind ? await takeKept(deps, size - items.length, at?.kept, skip) : { documents: [], more: false };
  const all = await takeKept(deps, mostSorted);
  const cursor = behind ? keptCursor(rest, at?.kept) : { order: 'key' as const, search: page.nextCursor };
  return {
    items: [...items, ...rest.documents.map(keptFace)],
    total: page.total.value + all.documents.length,
    relation: page.total.relation === 'eq' && !all.more ? 'eq' : 'gte',
    order: 'key',
    ...(cursor === undefined ? {} : { cursor: writeDocumentCursor(cursor) }),
  };
}

/** Behind the last that was told, if more follow; where none was told yet, at their beginning. */
function keptCursor({ documents, more }: Taken, before: KeptPosition | undefined): DocumentCursor | undefined {
  if (!more) return undefined;
  const { connector, key } = documents.at(-1) ?? before ?? { connector: 0, key: '' };
  return { order: 'key', kept: { connector, key } };
}

type Taken = { readonly documents: readonly KeptDocument[]; readonly more: boolean };

async function takeKept(deps: ListDeps, most: number, after?: KeptPosition, skip = 0): Promise<Taken> {
  const documents: KeptDocument[] = [];
  let skipped = 0;
  for await (const document of walkKeptDocuments(deps.table, after)) {
    if (skipped < skip) skipped += 1;
    else if (documents.length === most) return { documents, more: true };
    else documents.push(document);
  }
  return { documents, more: false };
}
