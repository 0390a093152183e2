import { hash } from 'node:crypto';
import { rankOf } from './byte-order.ts';
import { S3Error } from './s3-error.ts';

export type Tag = { readonly key: string; readonly value: string };

/** One object. Without `body` it is as many zero bytes as `size` says, which cost nothing to keep. */
export type StoredObject = {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly lastModified: number;
  readonly storageClass: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  /** More headers that GET and HEAD answer with, in lower case: checksums, encryption, version, archive state. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
};

/** What an object is put with; `body` or `size`, neither means empty. */
export type ObjectContent = {
  readonly body?: Buffer | string;
  /** Bytes; an object of declared size whose body is not stored. */
  readonly size?: number;
  /** Default: MD5 of the body; for a declared size, MD5 of key and size. */
  readonly etag?: string;
  /** Epoch milliseconds; default: the server's clock. */
  readonly lastModified?: number;
  readonly storageClass?: string;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: readonly Tag[];
  readonly headers?: Readonly<Record<string, string>>;
};

type Slot = { readonly rank: string; object: StoredObject | undefined };

const noMetadata = Object.freeze({});
const noTags: readonly Tag[] = Object.freeze([]);

/** Limit of S3 on a key, in UTF-8 bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const maximumKeyBytes = 1024;

/** A bucket in memory. Its order is an array that takes up what was added and deleted when it is next asked for. */
export class StoredBucket {
  readonly name: string;
  readonly createdAt: number;
  readonly #slots = new Map<string, Slot>();
  #order: Slot[] = [];
  #added: Slot[] = [];
  #holes = false;

  constructor(name: string, createdAt: number) {
    this.name = name;
    this.createdAt = createdAt;
  }

  get count(): number {
    return this.#slots.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#slots.get(key)?.object;
  }

  put(object: StoredObject): void {
    const slot = this.#slots.get(object.key);
    if (slot) {
      slot.object = object;
      return;
    }
    const added = { rank: rankOf(object.key), object };
    this.#slots.set(object.key, added);
    this.#added.push(added);
  }

  /** Returns whether the key was there. */
  delete(key: string): boolean {
    const slot = this.#slots.get(key);
    if (!slot) return false;
    slot.object = undefined;
    this.#holes = true;
    return this.#slots.delete(key);
  }

  /** The object at a place of the order, or undefined past its end. */
  at(index: number): StoredObject | undefined {
    return this.#sorted()[index]?.object;
  }

  /** First place whose key is at or after the text. */
  placeFrom(text: string): number {
    const rank = rankOf(text);
    return this.#firstWhere((slot) => slot.rank >= rank);
  }

  /** First place whose key is after the text. */
  placeAfter(text: string): number {
    const rank = rankOf(text);
    return this.#firstWhere((slot) => slot.rank > rank);
  }

  /** First place after all keys that begin with the text. */
  placeBeyond(prefix: string): number {
    const rank = rankOf(prefix);
    return this.#firstWhere((slot) => slot.rank > rank && !slot.rank.startsWith(rank));
  }

  /** All objects, by UTF-8 bytes of their keys. */
  all(): StoredObject[] {
    return this.#sorted().flatMap((slot) => slot.object ?? []);
  }

  #firstWhere(holds: (slot: Slot) => boolean): number {
    const order = this.#sorted();
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const slot = order[middle];
      if (slot && holds(slot)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #sorted(): Slot[] {
    if (this.#holes) {
      this.#order = this.#order.filter((slot) => slot.object !== undefined);
      this.#added = this.#added.filter((slot) => slot.object !== undefined);
      this.#holes = false;
    }
    if (this.#added.length > 0) {
      this.#added.sort((left, right) => (left.rank < right.rank ? -1 : 1));
      this.#order = merge(this.#order, this.#added);
      this.#added = [];
    }
    return this.#order;
  }
}

/** Sorting it all again would cost a second at a million keys, on every change between two pages. */
function merge(older: readonly Slot[], newer: readonly Slot[]): Slot[] {
  const merged: Slot[] = [];
  let place = 0;
  for (const slot of newer) {
    for (let next = older[place]; next && next.rank < slot.rank; next = older[place]) {
      merged.push(next);
      place += 1;
    }
    merged.push(slot);
  }
  for (; place < older.length; place += 1) merged.push(older[place] as Slot);
  return merged;
}

/** Completes what was given into an object. Throws KeyTooLongError or InvalidArgument for a key that S3 cannot hold. */
export function makeObject(key: string, content: ObjectContent, now: number): StoredObject {
  if (key === '' || !key.isWellFormed()) throw new S3Error('InvalidArgument', 'A key has 1 to 1024 bytes of UTF-8.');
  if (Buffer.byteLength(key) > maximumKeyBytes) {
    throw new S3Error('KeyTooLongError', 'Your key is too long', { MaxSizeAllowed: String(maximumKeyBytes) });
  }
  const body = bodyOf(content);
  const size = body ? body.length : (content.size ?? 0);
  return {
    key,
    size,
    etag: content.etag ?? hash('md5', body ?? `${key}\n${size}`),
    lastModified: content.lastModified ?? now,
    storageClass: content.storageClass ?? 'STANDARD',
    contentType: content.contentType ?? 'binary/octet-stream',
    metadata: content.metadata ?? noMetadata,
    tags: content.tags ?? noTags,
    headers: content.headers ?? noMetadata,
    body,
  };
}

function bodyOf(content: ObjectContent): Buffer | undefined {
  if (content.body !== undefined) return Buffer.from(content.body);
  return content.size === undefined ? Buffer.alloc(0) : undefined;
}
