import type { Continuation, ListedObject, OddRow } from '../model/ports/listing.ts';

/** What a sequence of pages has taught about its server, so that no page is asked about the same twice. */
export type Manners = {
  /** KeyCount counts something else than the keys of the page. */
  readonly looseCount?: true;
  /** The server says so where more keys follow; where it says nothing, none do. */
  readonly speaks?: true;
  /** It gives markers of its own in version 1. */
  readonly ownMarker?: true;
};

/** What is carried from a proven page to the next one of the same sequence. */
export type ProvenStep = {
  /** The last key seen so far, or where the sequence started after; '' sorts before every key. */
  readonly lastKey: string;
  readonly continuation: Continuation;
  /** Pages without a key, up to and with this one. */
  readonly emptyPages: number;
  /** The page did not promise more keys; the next one tells whether there are any. */
  readonly doubted?: true;
  readonly manners?: Manners;
};

export type PageExpectation = {
  readonly bucket: string;
  readonly prefix: string;
  readonly maxKeys: number;
  /** For the first page of a sequence; ignored when there is a previous one. */
  readonly startAfter?: string;
  readonly previous?: ProvenStep;
  /** False of AWS's own hosts, which are forgiven nothing; true unless said. */
  readonly foreign?: boolean;
  /** `any`: keys may come in any order, and only the server's own cursor leads on. `bytes` unless said. */
  readonly order?: 'bytes' | 'any';
  readonly delimiter?: '/';
};

export type ProvenPage = {
  readonly objects: readonly ListedObject[];
  /** Rows that stand between the objects and cannot be catalogued. */
  readonly odd: readonly OddRow[];
  /** What this server was forgiven to take the page for proved; each by a short name. */
  readonly tolerances: readonly string[];
  readonly lastKey: string;
  /** What the delimiter rolled up; absent when there is none. */
  readonly commonPrefixes?: readonly string[];
  /** The server's own clock, epoch milliseconds. */
  readonly serverTime?: number;
  /** How to go on; absent when the listing ended here. */
  readonly next?: ProvenStep;
};
