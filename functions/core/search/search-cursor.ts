import { timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { documentId, parseDocumentId } from '../catalogue/document-id.ts';
import type { KeyPosition } from '../catalogue/key-span.ts';
import { openRequestHash } from '../idempotency/request-hash.ts';
import { isFolder } from '../keys/file-name.ts';
import type { Ids } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { searchRefusal } from './search-refusal.ts';

/** How far a search in key order has come. */
export type SearchPosition = KeyPosition & {
  readonly datasource: string;
  /** Hits up to here, so that the totals of later pages are those of the whole search. */
  readonly hits: number;
};

/** The position as a document id, which is short and well formed whatever is in the key. */
const cursorPayload = z.strictObject({
  at: z.string(),
  whole: z.boolean(),
  hits: z.number().int().min(0),
  mac: z.string(),
});
type Payload = z.output<typeof cursorPayload>;

/** 128 bits: nobody finds one by trying. */
const macDigits = 32;

/** The cursors of one search, as opaque texts. */
export type Cursors = {
  write(position: SearchPosition): string;
  /** Throws Failure `invalid_request` for a text that this search did not hand out. */
  read(cursor: string): SearchPosition;
};

/**
 * Opens the cursors of the search that `asked` stands for, any JSON value. They are signed under the key of this
 * installation together with it, so that none leads a search where it did not come by itself, or tells it of hits that
 * were none.
 */
export async function openCursors(
  deps: { readonly table: Table; readonly ids: Ids },
  asked: unknown,
): Promise<Cursors> {
  const hash = await openRequestHash(deps);
  // Requests are hashed under the same key, each with its route at this place.
  const macOf = ({ at, whole, hits }: Omit<Payload, 'mac'>) =>
    hash(['cursor', asked, at, whole, hits]).slice(0, macDigits);
  return {
    write: ({ datasource, key, whole, hits }) => {
      const payload = { at: documentId(datasource, key), whole, hits };
      return Buffer.from(JSON.stringify({ ...payload, mac: macOf(payload) }), 'utf8').toString('base64url');
    },
    read: (cursor) => {
      const payload = cursorPayload.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
      if (!payload.success || !isSame(macOf(payload.data), payload.data.mac)) throw notOfThisSearch();
      const { at, whole, hits } = payload.data;
      const place = parseDocumentId(at);
      if (place === undefined || (whole && !isFolder(place.key))) throw notOfThisSearch();
      return { ...place, whole, hits };
    },
  };
}

function isSame(mac: string, given: string): boolean {
  const [one, other] = [Buffer.from(mac), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function notOfThisSearch() {
  return searchRefusal(
    'cursor',
    'is not one that this search gave: send the next_cursor of the last answer unchanged, with all that was asked, or none to begin anew',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
