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
  /** Rolls up what lies beneath each next `/`: such keys are answered as one common prefix. */
  readonly delimiter?: '/';
};

/**
 * A row of a page that cannot be catalogued: `reason` says why, in words that repeat nothing of it. `key` where that much
 * of it can be read, and is a key that a record could have. A row without one may stand for any object, or for several.
 */
export type OddRow = { readonly key?: string; readonly reason: string };

/** How to ask for the next page, in the list version that the page before was answered in. */
export type Continuation =
  | { readonly version: 2; readonly token: string }
  | { readonly version: 1; readonly marker: string };

/**
 * What one answer to a listing said, unjudged: a missing element is undefined here, and the core decides what that
 * means (functions/core/source/page-proof.ts). Keys, prefixes and marker are decoded.
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
  readonly delimiter?: string;
  readonly objects: readonly ListedObject[];
  /** Absent when there are none. */
  readonly odd?: readonly OddRow[];
  /** What the delimiter rolled up, each ending in it; absent when there is none. */
  readonly commonPrefixes?: readonly string[];
  /** The key of the last row, where that row is an odd one without `key`, and its text is known all the same: no record
   *  could have it, but a listing can go on from it. */
  readonly lastRow?: string;
  /** Other texts that prefix and marker may mean, where it matters whether they are encoded and in which way. */
  readonly readings?: { readonly prefix?: readonly string[]; readonly nextMarker?: readonly string[] };
  /** What had to be forgiven to read the answer, by short names; absent when nothing had to. */
  readonly forgiven?: readonly string[];
  /** Why the answer as a whole cannot be read, in words; absent when it can. */
  readonly unreadable?: string;
  /** The server's own clock, epoch milliseconds, from its Date header. */
  readonly serverTime?: number;
};
