import * as z from 'zod';
import { intersect, type KeySpan, spanOfPrefix } from '../catalogue/key-span.ts';
import { utf8Length } from '../keys/byte-order.ts';
import { compileExtensions, extensionDoubt, extensionSpelling } from '../keys/extension.ts';
import { TABLE_LIMITS } from '../table/table-limits.ts';
import { documentFields } from './document-fields.ts';
import type { SearchPosition } from './search-cursor.ts';
import { parseSearch, type SearchParameters, type SearchQuery } from './search-query.ts';
import { searchRefusal } from './search-refusal.ts';

/** A search of documents, read. */
export type DocumentSearch = {
  readonly query: SearchQuery;
  /** Where `query.cursor` leads on, once that is read. */
  readonly cursor?: SearchPosition;
  /** All that decides which hits there are, and in which order, as JSON: a cursor holds for this alone. */
  readonly asked: unknown;
  /** All datasources when absent. */
  readonly datasources?: readonly string[];
  /** Every hit's key lies in it. */
  readonly span: KeySpan;
  /** Whether only what lies directly in one folder is asked for, and if so, whether its folders are shown too. */
  readonly level?: { readonly prefix: string; readonly folders: boolean };
  /** Whether a key has one of the extensions asked for. */
  readonly hasExtension?: (key: string) => boolean;
};

/** `key` and `metadata.key` are the order of the store; sorting by the others reads and holds all that matches. */
export const keyFields: readonly string[] = ['key', 'metadata.key'];
const sortable = [...keyFields, 'title', 'size', 'created', 'updated', 'category'];

/** Ours: each datasource that is named costs two reads. */
const mostDatasources = 1000;

/** Coco's documents have these beside their category. */
const absentCategories = ['subcategory', 'rich_category'];

const folderNames = z.array(z.string());

/**
 * Reads the parameters of a search of documents: those of parseSearch, and
 * - `datasource`: ids, parted by commas or repeated; unknown ones find nothing
 * - `path`: a JSON array of folder names, `[]` being the root: what lies directly in that folder, its folders included
 * - `view=list`: documents only; with `path` those at any depth below it
 * - `category`: documents directly in that folder, "/a/b/" or "/"; the outer slashes may be left out
 * - `prefix`: what the key begins with, to the byte
 * - `extension`: any of these, parted by commas or repeated, by the rule of a datasource's `extensions`
 * - `subcategory`, `rich_category`: of Coco's documents; none here has one, so they find nothing
 *
 * An empty text counts as absent. Throws Failure `invalid_request`.
 */
export function readDocumentSearch(parameters: SearchParameters): DocumentSearch {
  const textFields = ['title', 'metadata.key', 'summary', 'tags'];
  const query = parseSearch(parameters, { fields: documentFields, sortable, textFields });
  const path = readPath(single(parameters, 'path'));
  const category = readCategory(single(parameters, 'category'));
  const prefix = readKeyPart('prefix', single(parameters, 'prefix') ?? '');
  const flat = single(parameters, 'view') === 'list';
  const folder = flat ? undefined : path;
  const level = folder ?? category;
  // What lies directly in one folder does not lie directly in another.
  const contradicts = folder !== undefined && category !== undefined && folder !== category;
  const nowhere = contradicts || absentCategories.some((name) => single(parameters, name) !== undefined);
  const datasources = nowhere ? [] : readDatasources(parameters);
  const span = [path, category, prefix].reduce<KeySpan>((all, start) => intersect(all, spanOfPrefix(start ?? '')), {});
  const directly = level === undefined ? undefined : { prefix: level, folders: folder !== undefined };
  const extensions = readExtensions(parameters);
  const { operator, sort, filters, query: words } = query;
  return {
    query,
    asked: [words, operator, sort, filters, datasources, span, directly, extensions],
    datasources,
    span,
    ...(directly === undefined ? {} : { level: directly }),
    hasExtension: extensions.length === 0 ? undefined : compileExtensions(extensions),
  };
}

function readPath(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const names = folderNames.safeParse(parseJson(text));
  if (!names.success)
    throw searchRefusal('path', 'must be a JSON array of folder names, such as ["a","b"], or [] for the root');
  if (names.data.some((name) => name.includes('/'))) {
    throw searchRefusal('path', 'has a folder name with a slash in it: write ["a","b"] for a/b/');
  }
  return readKeyPart('path', names.data.map((name) => `${name}/`).join(''));
}

/** "/a/b/" as the beginning of a key: a/b/. */
function readCategory(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const inner = text.startsWith('/') ? text.slice(1) : text;
  return readKeyPart('category', inner === '' || inner.endsWith('/') ? inner : `${inner}/`);
}

function readKeyPart(name: string, text: string): string {
  if (!text.isWellFormed()) throw searchRefusal(name, 'must be valid Unicode text');
  if (utf8Length(text) <= TABLE_LIMITS.sortKeyBytes) return text;
  throw searchRefusal(name, 'must be at most 1,024 bytes: no S3 key is longer');
}

function readDatasources(parameters: SearchParameters): readonly string[] | undefined {
  const ids = list(parameters, 'datasource');
  if (ids.length > mostDatasources) throw searchRefusal('datasource', `must be at most ${mostDatasources} ids`);
  return ids.length === 0 ? undefined : ids;
}

function readExtensions(parameters: SearchParameters): string[] {
  const wanted = list(parameters, 'extension');
  for (const text of wanted) {
    const reason = extensionSpelling.test(text) ? extensionDoubt(text) : 'must be extensions such as "pdf" or "tar.gz"';
    if (reason !== undefined) throw searchRefusal('extension', reason);
  }
  return wanted;
}

function list(parameters: SearchParameters, name: string): string[] {
  return [parameters[name] ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function single(parameters: SearchParameters, name: string): string | undefined {
  const [value, ...others] = [parameters[name] ?? []].flat();
  if (others.length > 0) throw searchRefusal(name, 'is given more than once');
  return value || undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
