/**
 * The narrow waist: all that the domain asks of the outside. Every port has an AWS and an embedded adapter that pass
 * the same contract suite; Bucket alone is the real S3 client on both hosts.
 */

/** Where an item stands. `sk` is ordered by its UTF-8 bytes; 1–1,024 bytes. `pk` takes 1–2,048 bytes. */
export type Key = { readonly pk: string; readonly sk: string };

/**
 * A stored item: JSON values only (no undefined, no NaN, no lone surrogates), at most 400 KB as DynamoDB counts it.
 * Reserved attributes: `v` schema version, `version` for optimistic locking, `fence` of the last writer,
 * `ttl` in epoch seconds after which the item may vanish at any time, `quiet` to keep a put out of the feed.
 */
export type Item = Key & { readonly [attribute: string]: unknown };

/**
 * What must hold for a write to apply.
 * - absent: no item stands at the key
 * - version: an item stands there and its `version` equals the number
 * - fence: no item stands there, or it has no `fence`, or its `fence` is at most the number
 * - matches: an item stands there, has each attribute of `equals` (at least one) with exactly that text or number, and
 *   none of `lacks`
 */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'version'; readonly equals: number }
  | { readonly type: 'fence'; readonly atMost: number }
  | {
      readonly type: 'matches';
      readonly equals: Readonly<Record<string, string | number>>;
      readonly lacks?: readonly string[];
    };

export type PlainWrite = { readonly put: Item } | { readonly delete: Key };
export type TransactWrite =
  | { readonly put: Item; readonly condition?: Condition }
  | { readonly delete: Key; readonly condition?: Condition }
  | { readonly check: Key; readonly condition: Condition };

/** A slice of one partition. Bounds are compared as UTF-8 bytes; give at most one lower and one upper bound. */
export type Query = {
  readonly pk: string;
  /** Lower bound, inclusive. */
  readonly from?: string;
  /** Lower bound, exclusive. */
  readonly after?: string;
  /** Upper bound, inclusive. */
  readonly through?: string;
  /** Upper bound, exclusive. */
  readonly before?: string;
  /** At most so many items; all when absent. */
  readonly limit?: number;
  /** Ascending by default. */
  readonly direction?: 'ascending' | 'descending';
};

/**
 * Items under (pk, sk). All reads are strongly consistent. Throws ConditionFailed when a condition does not hold.
 * Nothing is written partly: a batch either stands whole or throws after having retried what the store pushed back.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** Any number of keys, duplicates folded; missing ones are left out; in no particular order. */
  batchGet(keys: readonly Key[]): Promise<Item[]>;
  put(item: Item, condition?: Condition): Promise<void>;
  delete(key: Key, condition?: Condition): Promise<void>;
  /** Any number of writes; without conditions and not atomic as a whole. The same key twice: the last one wins. */
  batchWrite(writes: readonly PlainWrite[]): Promise<void>;
  /** All or nothing, at most 100 writes (the limit of DynamoDB's TransactWriteItems), each key at most once. */
  transact(writes: readonly TransactWrite[]): Promise<void>;
  /** Pages lazily: stopping early reads no further. */
  query(query: Query): AsyncIterable<Item>;
}

/** One change of one item, as the table's feed tells it: delivered at least once, in order per item. */
export type ItemChange = { readonly key: Key; readonly before?: Item; readonly after?: Item };

/** A schedule as EventBridge Scheduler knows it; `expression` is in its grammar: rate(…) or cron(…). */
export type Schedule = {
  /** At most 64 of [0-9A-Za-z-_.]. */
  readonly name: string;
  readonly expression: string;
  /** IANA name, for cron. */
  readonly timezone: string;
  readonly state: 'enabled' | 'disabled';
  /** From when a rate counts: its first firing, epoch milliseconds. */
  readonly startAt: number;
  /** What each tick carries; JSON. */
  readonly input: string;
};

/** A schedule as it stands, whoever wrote it last. */
export type LiveSchedule = Schedule & {
  /** When it was last changed, epoch milliseconds. */
  readonly modifiedAt: number;
  /**
   * It starts something else than what a put has it start, under another role, or loses what cannot be delivered: a
   * deployment has replaced these, or somebody has edited them. A put mends it.
   */
  readonly misdirected?: true;
};

/** Keeps schedules and fires them; a put replaces the whole schedule. Removing a missing one does nothing. */
export interface Schedules {
  put(schedule: Schedule): Promise<void>;
  remove(name: string): Promise<void>;
  read(name: string): Promise<LiveSchedule | undefined>;
  /** Names only: what is live is read one by one. */
  list(): AsyncIterable<{ readonly name: string }>;
}

/** Durable messages, delivered at least once, in no particular order. `message` is JSON-compatible. */
export interface WorkQueue {
  /** `delaySeconds`: 0–900 (the limit of SQS). */
  send(message: unknown, options?: { delaySeconds?: number }): Promise<void>;
}

/** A fact published downstream. `id` is stable, so that a receiver can drop what it has seen. */
export type BusEvent = {
  readonly id: string;
  readonly type: string;
  /** RFC 3339. */
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export interface EventBus {
  /** Throws if any of them was not taken; the caller may send all of them again. */
  publish(events: readonly BusEvent[]): Promise<void>;
}

/** Binds a ciphertext to its owner: opening it with another context fails. */
export type VaultContext = { readonly kind: string; readonly uid: string; readonly field: string };

/** The half of the vault that may only encrypt: all that the API function is given. */
export interface Sealer {
  seal(plaintext: string, context: VaultContext): Promise<string>;
}

/** The half of the vault that may only decrypt. */
export interface Opener {
  open(ciphertext: string, context: VaultContext): Promise<string>;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export interface Ids {
  /** 128 random bits or more, as [0-9a-z] text of fixed length. */
  unique(): string;
}

/** Structured log: facts with their ids, never secrets, never a raw SDK error. */
export interface Log {
  info(fact: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(fact: string, fields?: Readonly<Record<string, unknown>>): void;
  error(fact: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Where a bucket is and with what keys to ask for it. Credentials are always explicit: never the host's own role. */
export type BucketTarget = {
  readonly bucket: string;
  /** host[:port]; empty means AWS's own endpoint for the region. */
  readonly endpoint: string;
  readonly region?: string;
  readonly useSsl: boolean;
  readonly pathStyle: boolean;
  readonly listVersion: 'auto' | 1 | 2;
  readonly credentials: BucketCredentials;
};

export type AccessKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** Keys that end by themselves, at `expiresAt` (epoch milliseconds). */
export type TemporaryKeys = Required<AccessKeys> & { readonly expiresAt: number };

/** Keys, or a role whose keys are taken anew as they come to their end: a run may outlast them. */
export type BucketCredentials = AccessKeys | { readonly roleArn: string; take(): Promise<TemporaryKeys> };

/** A role of the user's, and what its trust policy knows us by. */
export type RoleToTake = { readonly roleArn: string; readonly externalId: string };

/** Takes IAM roles, as whoever Stocktake runs as at AWS. */
export interface RoleCredentials {
  /**
   * Keys that are good for five minutes more at least: those given before while they are. Only while AWS does not answer
   * are older ones given, to their end. Throws Failure: `role_refused` with what to change, `source_throttled`,
   * `endpoint_unreachable`, `source_error`.
   */
  take(role: RoleToTake): Promise<TemporaryKeys>;
}

/** One object as a listing tells it. `etag` is opaque, without its surrounding quotes. */
export type ListedObject = {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly lastModified: string;
  /** `STANDARD` where the server names none. */
  readonly storageClass: string;
};

export type ListRequest = {
  readonly prefix: string;
  /** 1–1,000. */
  readonly maxKeys: number;
  /** Lists what comes after this key; ignored when a continuation is given. */
  readonly startAfter?: string;
  /** What the page before gave as `continuation`. */
  readonly continuation?: Continuation;
};

/** How to ask for the next page, in the list version that the page before was answered in. */
export type Continuation =
  | { readonly version: 2; readonly token: string }
  | { readonly version: 1; readonly marker: string };

/**
 * What one answer to a listing said, unjudged: a missing element is undefined here, and the core decides what that
 * means (functions/core/sync/page-proof.ts). Keys and prefix are decoded.
 */
export type ListingPage = {
  readonly version: 1 | 2;
  /** Name of the document's root element, '' when there is none. */
  readonly root: string;
  /** The document ended where its root element ended. */
  readonly wellFormed: boolean;
  readonly bucket?: string;
  readonly prefix?: string;
  readonly keyCount?: number;
  readonly truncated?: boolean;
  readonly nextToken?: string;
  readonly nextMarker?: string;
  readonly objects: readonly ListedObject[];
  /** The first element that could not be read as an object, said in words; absent when all could. */
  readonly unreadable?: string;
  /** The server's own clock, epoch milliseconds, from its Date header. */
  readonly serverTime?: number;
};

/** What a HEAD of one key said. */
export type HeadResult = FoundObject | { readonly status: 'missing' } | { readonly status: 'forbidden' };

type FoundObject = {
  readonly status: 'found';
  readonly lastModified: number;
  readonly size: number;
  readonly etag: string;
  /** It lies in an archive and has to be restored before it can be read; absent when it can. */
  readonly archived?: boolean;
};

/** The same with all that its headers tell. */
export type DescribeResult =
  | (FoundObject & { readonly headers: ObjectHeaders })
  | { readonly status: 'missing' }
  | { readonly status: 'forbidden' };

/** What the headers of an object tell beyond what a listing does. Names are in lower case, values as they were sent. */
export type ObjectHeaders = {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly cacheControl?: string;
  /** The user's own, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By algorithm, such as `sha256`, in base64. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
  /** Absent where the bucket keeps no versions. */
  readonly versionId?: string;
  /** `STANDARD` where the server names none. */
  readonly storageClass: string;
};

/** What asking for the tags of one key said. `unavailable`: the server has no tags, or cannot tell of them. */
export type TagsResult =
  | { readonly status: 'found'; readonly tags: Readonly<Record<string, string>> }
  | { readonly status: 'missing' | 'forbidden' | 'unavailable' };

/** One bucket, opened with one set of keys or as one role. Throws Failure with a SourceFailureCode. */
export interface Bucket {
  list(request: ListRequest): Promise<ListingPage>;
  head(key: string): Promise<HeadResult>;
  /** A HEAD that asks for everything; without checksums where the credentials may not read those. */
  describe(key: string): Promise<DescribeResult>;
  tags(key: string): Promise<TagsResult>;
  /** A URL that reads the object without further keys, valid for so many seconds (at most 7 days, S3's limit). */
  presign(key: string, expiresInSeconds: number): Promise<string>;
  close(): void;
}

/** Opens buckets. Refuses an endpoint that may not be dialled before any connection is made. */
export interface Buckets {
  open(target: BucketTarget): Bucket;
}

/** One request to a webhook's receiver; header names in lower case, `body` sent as it is, in UTF-8. */
export type WebhookRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The status that the receiver answered with, or why there was none. */
export type WebhookAnswer =
  | { readonly status: number }
  | { readonly problem: 'address_refused' | 'unreachable' | 'tls_failed' | 'timeout' | 'no_answer' };

/** Posts to webhooks: no redirects, no more than 10 s. Answers, and never throws, for whatever the receiver does. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<WebhookAnswer>;
}

/** Judges a webhook's URL before it is stored; names are judged when they are dialled. */
export interface WebhookAddresses {
  /** Why it may not be called, to follow the word `url`; undefined when it may. */
  refusal(url: string): string | undefined;
}
