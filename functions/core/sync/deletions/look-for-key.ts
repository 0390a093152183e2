import type { FoundObject } from '../../model/ports/bucket.ts';
import { askPage, type ProvenPage, type ProvenStep } from '../../source/page-proof.ts';
import type { SettlingContext } from './settling-context.ts';

/** What the bucket says of one key; `head` where a HEAD said it. `unclear`: something may be there, of which no more is
 *  known. */
export type Sight =
  | { readonly status: 'found'; readonly lastModified: number; readonly head?: FoundObject }
  | { readonly status: 'missing' | 'unclear' };

/** An unordered listing with one key as prefix is followed for so many pages; a key has few that begin with it. */
const mostPages = 10;

/**
 * Asks for one key: by HEAD; where HEAD cannot be used, by a GET of one byte; where neither tells, by a listing with the
 * key as prefix. Throws Failure of the source, or `listing_not_proved`.
 */
export async function lookForKey(context: SettlingContext, key: string): Promise<Sight> {
  const head = await context.bucket.head(key);
  if (head.status === 'found') return { status: 'found', lastModified: head.lastModified, head };
  if (head.status === 'missing') return { status: 'missing' };
  // A refused key is refused to GET too: both take the same permission.
  const seen = head.status === 'unusable' ? await lookByByte(context, key) : undefined;
  return seen ?? lookInListing(context, key);
}

/** Undefined where it does not tell. That the byte is missing is not enough: the listing must lack the key as well. */
async function lookByByte({ bucket }: SettlingContext, key: string): Promise<Sight | undefined> {
  const byte = await bucket.firstByte(key);
  if (byte.status === 'missing' || byte.status === 'refused') return undefined;
  if (byte.status !== 'found' || byte.lastModified === undefined) return { status: 'unclear' };
  return { status: 'found', lastModified: byte.lastModified };
}

async function lookInListing({ bucket, config, tally }: SettlingContext, key: string): Promise<Sight> {
  const unordered = tally.tolerances.includes('unordered');
  const asked = { bucket: config.bucket, prefix: key, maxKeys: unordered ? 1000 : 1 };
  let next: ProvenStep | undefined;
  let pages = 0;
  do {
    const proven = await askPage(bucket, { ...asked, previous: next });
    const seen = sightIn(proven, key, unordered);
    if (seen !== undefined) return seen;
    pages += 1;
    if (unordered && pages === mostPages) return { status: 'unclear' };
    // A page without a key that promises more says nothing of the key yet.
    next = proven.next;
  } while (next !== undefined);
  return { status: 'missing' };
}

/** What a page of the listing with a key as prefix says of the key; undefined where it says nothing yet. Its first key
 *  would be this one, but where the order is the server's own. A row that cannot be read may be the one. */
export function sightIn({ odd, objects }: ProvenPage, key: string, unordered: boolean): Sight | undefined {
  if (odd.length > 0) return { status: 'unclear' };
  const object = objects.find((listed) => listed.key === key);
  if (object !== undefined) return { status: 'found', lastModified: Date.parse(object.lastModified) };
  return !unordered && objects.length > 0 ? { status: 'missing' } : undefined;
}
