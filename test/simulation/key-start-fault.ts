import { compareKeys } from '#core/keys/byte-order.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { type BucketModel, positionOf } from './bucket-model.ts';

/**
 * A server as MinIO of 2026 is, where a listing begins at a key inside a folder and keys sort between the folder's name
 * and its slash: so many of those beyond a few are counted against the page, which then says that nothing follows. A
 * token that is older than three minutes, or from before a restart, is no more than the key in it.
 */
export type KeyStartFault = Buckets & {
  /** Forgets every listing that is under way. */
  restart(): void;
  /** How often the fault was met. */
  readonly hits: number;
  /** Listings that began after a key. */
  readonly keyStarts: number;
};

/** Seen: 60 siblings do no harm in pages of 1,000, 300 cost 234 keys, 1,500 all of them. */
const harmlessShare = 0.066;

const tokenLifeMs = 180_000;

export function createKeyStartFault(honest: Buckets, bucket: BucketModel, now: () => number): KeyStartFault {
  const issued = new Map<string, number>();
  const seen = { hits: 0, keyStarts: 0, restarts: 0 };

  const fallenBack = ({ continuation }: ListRequest): string | undefined => {
    if (continuation === undefined) return undefined;
    const at = continuation.version === 2 ? issued.get(continuation.token) : undefined;
    return at !== undefined && now() - at <= tokenLifeMs ? undefined : positionOf(continuation);
  };

  const shorten = (page: ListingPage, after: string, maxKeys: number): ListingPage => {
    seen.keyStarts += 1;
    const lost = Math.max(0, siblingsOf(bucket, after) - Math.floor(maxKeys * harmlessShare));
    if (lost === 0) return page;
    seen.hits += 1;
    const objects = page.objects.slice(0, Math.max(0, maxKeys - lost));
    const { nextToken: _nextToken, ...rest } = page;
    return { ...rest, objects, truncated: false, ...(page.version === 2 ? { keyCount: objects.length } : {}) };
  };

  return {
    open(target) {
      const inner = honest.open(target);
      return {
        ...inner,
        get closings() {
          return seen.restarts;
        },
        async list(request) {
          const after = fallenBack(request) ?? (request.continuation === undefined ? request.startAfter : undefined);
          const page = await inner.list(request);
          const answer = after === undefined ? page : shorten(page, after, request.maxKeys);
          if (answer.nextToken !== undefined) issued.set(answer.nextToken, now());
          return answer;
        },
      };
    },
    restart() {
      issued.clear();
      seen.restarts += 1;
    },
    get hits() {
      return seen.hits;
    },
    get keyStarts() {
      return seen.keyStarts;
    },
  };
}

/** Keys between the name of the folder that a key lies in and that folder's slash. */
function siblingsOf(bucket: BucketModel, key: string): number {
  const slash = key.indexOf('/');
  if (slash < 0) return 0;
  const [name, folder] = [key.slice(0, slash), key.slice(0, slash + 1)];
  return bucket.objects().filter((object) => compareKeys(object.key, name) > 0 && compareKeys(object.key, folder) < 0)
    .length;
}
