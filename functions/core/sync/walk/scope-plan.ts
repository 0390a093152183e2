import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import { askPage, type ProvenStep } from '../../source/page-proof.ts';
import { type ListedRow, rowsOf } from '../merge/listed-row.ts';
import type { RunContext } from '../worker/run-context.ts';
import type { ListedPage } from './listing.ts';

/** A part of the scope that is listed by itself, from its own beginning: all keys of a prefix, or keys known already. */
export type ScopePart = { readonly prefix: string } | { readonly keys: readonly ListedRow[] };

export type ScopePlan = { readonly parts: readonly ScopePart[]; readonly pages: readonly ListedPage[] };

/** The limit of S3's listing. */
const largestPage = 1000;

/** A scope that shows more pages of folders and loose keys than this is not worth dividing: they would fill the memory. */
const mostPages = 20;

/** Folders that hold one folder alone are gone down into. */
const mostDepth = 8;

/**
 * Divides the scope by folders, so that a server which must be listed without keys can be listed in several places at
 * once. What is found by a delimiter is only where to look: each folder is listed whole, from its own beginning.
 */
export async function planScope(context: RunContext): Promise<ScopePlan> {
  const pages: ListedPage[] = [];
  let { prefix } = context.config;
  for (let depth = 0; depth < mostDepth; depth += 1) {
    const level = await listLevel(context, prefix, pages);
    if (level === undefined) break;
    const [only] = level.prefixes;
    if (level.prefixes.length !== 1 || level.rows.length > 0 || only === undefined)
      return { parts: partsOf(level), pages };
    prefix = only;
  }
  return { parts: [{ prefix }], pages };
}

type Level = { readonly rows: readonly ListedRow[]; readonly prefixes: readonly string[] };

/** What lies directly under a prefix; undefined if that is too much, or cannot be told. */
async function listLevel(context: RunContext, prefix: string, pages: ListedPage[]): Promise<Level | undefined> {
  const { bucket, config } = context;
  const level = { rows: [] as ListedRow[], prefixes: [] as string[] };
  let previous: ProvenStep | undefined;
  do {
    if (pages.length >= mostPages) return undefined;
    const asked = { bucket: config.bucket, prefix, maxKeys: largestPage, delimiter: '/', previous } as const;
    try {
      const page = await askPage(bucket, asked);
      pages.push({ odd: [], tolerances: page.tolerances, serverTime: page.serverTime });
      level.rows.push(...rowsOf(page));
      level.prefixes.push(...(page.commonPrefixes ?? []));
      previous = page.next;
    } catch (error) {
      // The listing without a delimiter shows what is wrong, if that is.
      if (error instanceof Failure) return undefined;
      throw error;
    }
  } while (previous !== undefined);
  return level;
}

/** In key order: all keys of a prefix stand where the prefix does. */
function partsOf({ rows, prefixes }: Level): ScopePart[] {
  const places: ({ readonly at: string } & ({ readonly row: ListedRow } | { readonly prefix: string }))[] = [
    ...rows.map((row) => ({ at: row.key, row })),
    ...prefixes.map((prefix) => ({ at: prefix, prefix })),
  ].sort((one, other) => compareKeys(one.at, other.at));
  const parts: ScopePart[] = [];
  let keys: ListedRow[] = [];
  for (const place of places) {
    if ('row' in place) {
      keys.push(place.row);
      continue;
    }
    if (keys.length > 0) parts.push({ keys });
    keys = [];
    parts.push({ prefix: place.prefix });
  }
  return keys.length > 0 || parts.length === 0 ? [...parts, { keys }] : parts;
}
