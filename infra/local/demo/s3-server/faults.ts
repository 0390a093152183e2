import type { Page } from './listing.ts';

/** Faults that answer in place of the operation, which is not carried out. */
export type AnswerFault =
  /** An error in S3's XML with that status, e.g. 503 SlowDown. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** 200 with no body at all. */
  | { readonly kind: 'empty' }
  /** 200 with a well-formed HTML page. */
  | { readonly kind: 'html' }
  /** 200 whose document is an S3 error. */
  | { readonly kind: 'error-in-200'; readonly code: string; readonly message?: string }
  /** 200 with a listing that is one endless key: so many bytes in all, without Content-Length. */
  | { readonly kind: 'huge-body'; readonly bytes: number }
  /** No answer until the server closes. */
  | { readonly kind: 'hang' };

/** Faults of a list page; they take part only in list requests. All but the named lie are consistent. */
export type PageFault =
  /** IsTruncated true, and nothing to go on with. */
  | { readonly kind: 'truncated-without-token' }
  /** No IsTruncated element; a token stays if there was one. */
  | { readonly kind: 'without-is-truncated' }
  /** Keeps the first keys of the page and says that this was all. */
  | { readonly kind: 'cut-listing'; readonly keep: number }
  /** Truncated, with a token (version 1: marker) that leads to this same page again. */
  | { readonly kind: 'token-repeated' }
  | { readonly kind: 'key-count'; readonly value: number }
  | { readonly kind: 'bucket-name'; readonly name: string }
  | { readonly kind: 'prefix'; readonly prefix: string }
  /** The page's keys in descending order. */
  | { readonly kind: 'out-of-order' }
  /** The last key twice. */
  | { readonly kind: 'duplicate-key' }
  /** One more key at the end: the given one, or one after the prefix. */
  | { readonly kind: 'key-outside-prefix'; readonly key?: string }
  /** A liar: the listing lacks keys that exist. */
  | { readonly kind: 'drop-keys'; readonly drop: (key: string) => boolean }
  /** Nothing in it, and that was all. */
  | { readonly kind: 'empty-listing' }
  /** So many made-up keys in one page, in order, and that was all. */
  | { readonly kind: 'oversized-page'; readonly keys: number }
  /** As a server that does not know encoding-type. */
  | { readonly kind: 'ignore-encoding' }
  /** As a server that does not know list-type=2. */
  | { readonly kind: 'version-1-document' }
  /** Any other page. */
  | { readonly kind: 'page'; readonly alter: (page: Page) => Page };

/** Faults of an answer that was right when it left. */
export type DeliveryFault =
  /** Cut after so many bytes (default: half), Content-Length matching the cut. */
  | { readonly kind: 'cut-body'; readonly bytes?: number }
  /** The body replaced; status and headers stay but for Content-Length. */
  | { readonly kind: 'wrong-content'; readonly body: string | Buffer; readonly contentType?: string }
  /** The document altered as text, Content-Length matching. */
  | { readonly kind: 'rewrite'; readonly alter: (body: string) => string }
  /** The connection is closed after so many bytes of the body (default: half), which always arrive. */
  | { readonly kind: 'close-early'; readonly bytes?: number }
  /** The same with a TCP reset, which may overtake what was sent: the client sees some of it, or nothing. */
  | { readonly kind: 'reset'; readonly bytes?: number }
  /** The body one byte at a time. */
  | { readonly kind: 'drip'; readonly intervalMs: number }
  /** The whole answer later. */
  | { readonly kind: 'delay'; readonly ms: number };

export type Fault = AnswerFault | PageFault | DeliveryFault;

const families: Readonly<Record<Fault['kind'], 'answer' | 'page' | 'delivery'>> = {
  status: 'answer',
  empty: 'answer',
  html: 'answer',
  'error-in-200': 'answer',
  'huge-body': 'answer',
  hang: 'answer',
  'truncated-without-token': 'page',
  'without-is-truncated': 'page',
  'cut-listing': 'page',
  'token-repeated': 'page',
  'key-count': 'page',
  'bucket-name': 'page',
  prefix: 'page',
  'out-of-order': 'page',
  'duplicate-key': 'page',
  'key-outside-prefix': 'page',
  'drop-keys': 'page',
  'empty-listing': 'page',
  'oversized-page': 'page',
  'ignore-encoding': 'page',
  'version-1-document': 'page',
  page: 'page',
  'cut-body': 'delivery',
  'wrong-content': 'delivery',
  rewrite: 'delivery',
  'close-early': 'delivery',
  reset: 'delivery',
  drip: 'delivery',
  delay: 'delivery',
};

/** The fault, if it is one that answers in place of the operation. */
export function asAnswerFault(fault: Fault | undefined): AnswerFault | undefined {
  return fault && families[fault.kind] === 'answer' ? (fault as AnswerFault) : undefined;
}

/** The fault, if it is one of a list page. */
export function asPageFault(fault: Fault | undefined): PageFault | undefined {
  return fault && families[fault.kind] === 'page' ? (fault as PageFault) : undefined;
}

/** The fault, if it is one that happens on the way. */
export function asDeliveryFault(fault: Fault | undefined): DeliveryFault | undefined {
  return fault && families[fault.kind] === 'delivery' ? (fault as DeliveryFault) : undefined;
}
