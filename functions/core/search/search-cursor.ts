import * as z from 'zod';
import { documentId, parseDocumentId } from '../catalogue/document-id.ts';
import type { KeyPosition } from '../catalogue/key-span.ts';
import { isFolder } from '../keys/file-name.ts';
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
});

/** An opaque text that a search hands out and takes back. */
export function encodeCursor(position: SearchPosition): string {
  const payload: z.output<typeof cursorPayload> = {
    at: documentId(position.datasource, position.key),
    whole: position.whole,
    hits: position.hits,
  };
  return Buffer.from(JSON.stringify(payload), 'utf8').toString('base64url');
}

/** Throws Failure `invalid_request` for a text that no search handed out. */
export function decodeCursor(cursor: string): SearchPosition {
  const payload = cursorPayload.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  const at = payload.success ? parseDocumentId(payload.data.at) : undefined;
  if (!payload.success || at === undefined || (payload.data.whole && !isFolder(at.key))) {
    throw searchRefusal(
      'cursor',
      'is not one of ours: send the next_cursor of the last answer unchanged, or none to begin anew',
    );
  }
  return { ...at, whole: payload.data.whole, hits: payload.data.hits };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
