import { Failure } from '#core/model/errors.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import type { BucketModel } from './bucket-model.ts';

/** The orders that real servers list in, where it is not that of S3. */
export const orders: Readonly<Record<string, (one: ListedObject, other: ListedObject) => number>> = {
  folder: (one, other) => compareParts(one.key.split('/'), other.key.split('/')),
  time: (one, other) => compareText(one.lastModified, other.lastModified) || compareText(other.key, one.key),
  caseless: (one, other) =>
    compareText(one.key.toLowerCase(), other.key.toLowerCase()) || compareText(other.key, one.key),
  hidden: (one, other) => compareText(scrambled(one.key), scrambled(other.key)),
};

/**
 * A bucket that lists in an order of its own, by tokens that name the last key. `alter` changes the rows of a page before
 * they are answered.
 */
export function createOrderFault(
  honest: Buckets,
  bucket: BucketModel,
  order: (one: ListedObject, other: ListedObject) => number,
  alter: (rows: readonly ListedObject[], page: number) => readonly ListedObject[] = (rows) => rows,
): Buckets {
  return {
    open(target) {
      const inner = honest.open(target);
      let pages = 0;
      return {
        ...inner,
        async list({ prefix, maxKeys, startAfter, continuation }) {
          const all = bucket.objects().filter(({ key }) => key.startsWith(prefix));
          const sorted = [...all].sort(order);
          const after = continuation?.version === 2 ? continuation.token : startAfter;
          const place = after === undefined ? -1 : sorted.findIndex(({ key }) => key === after);
          if (after !== undefined && place < 0)
            throw new Failure('source_error', 'the server does not know that place');
          const objects = sorted.slice(place + 1, place + 1 + maxKeys);
          const truncated = place + 1 + maxKeys < sorted.length;
          const rows = alter(objects, pages);
          pages += 1;
          return {
            ...{ version: 2, root: 'ListBucketResult', wellFormed: true, bucket: target.bucket, prefix, truncated },
            ...{ keyCount: rows.length, objects: rows },
            ...(truncated ? { nextToken: objects.at(-1)?.key ?? '' } : {}),
          };
        },
      };
    },
  };
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function compareParts(one: readonly string[], other: readonly string[]): number {
  for (let place = 0; place < Math.min(one.length, other.length); place += 1) {
    const result = compareText(one[place] ?? '', other[place] ?? '');
    if (result !== 0) return result;
  }
  return one.length - other.length;
}

function scrambled(key: string): string {
  return [...key].reverse().join('');
}
