import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Clock } from '../model/ports/host.ts';
import type { ListedObject } from '../model/ports/listing.ts';
import { isForeign } from '../source/foreign-server.ts';
import { ListingUnordered } from '../source/listing-refusal.ts';
import { askPage, type ProvenPage } from '../source/page-proof.ts';
import { prefixWarnings } from '../source/prefix-warnings.ts';

/** What of a bucket is looked at, and how. */
export type Meeting = {
  readonly bucket: Bucket;
  readonly name: string;
  readonly endpoint: string;
  readonly prefix: string;
  readonly pageSize: number;
  readonly clock: Clock;
};

/** What a sync will meet there. */
export type Met = {
  /** Of the first page. */
  readonly objects: number;
  /** When that came, epoch milliseconds. */
  readonly answeredAt: number;
  /** What somebody should know before the first sync, a sentence each. */
  readonly warnings: string[];
  /** What there was no time, or nothing, to ask for. */
  readonly unasked: string[];
};

/** Somebody waits, and an HTTP API for 29 s at most: no question is begun later than this; one takes up to 20 s. */
const askWithinMs = 5_000;

/** The questions after the first page, in their order. */
const furtherQuestions = ['cursor', 'start-after', 'head'] as const;
type Question = (typeof furtherQuestions)[number];

/**
 * Asks a bucket what a sync would ask: a whole page, the next one by its cursor, a listing from a key, a HEAD. Only the
 * first page decides whether a sync can work; what comes after it is told as a warning. Throws Failure.
 */
export async function meetServer(meeting: Meeting): Promise<Met> {
  const beganAt = meeting.clock.now();
  const warnings = prefixWarnings(meeting.prefix);
  const page = await firstPage(meeting, warnings);
  const answeredAt = meeting.clock.now();
  if (page.tolerances.length > 0) {
    warnings.push(`the server's answers are odd and are made do with: ${page.tolerances.join(', ')}`);
  }
  if (page.odd.length > 0)
    warnings.push(`${page.odd.length} rows of the first page cannot be read: ${page.odd[0]?.reason}`);
  const unasked: Question[] = [];
  for (const question of furtherQuestions) {
    const isLate = meeting.clock.now() - beganAt >= askWithinMs;
    if (isLate || !hasSubject(question, page)) unasked.push(question);
    else warnings.push(...(await answerTo(question, meeting, page)));
  }
  return { objects: page.objects.length, answeredAt, warnings, unasked };
}

async function firstPage(meeting: Meeting, warnings: string[]): Promise<ProvenPage> {
  try {
    return await askPage(meeting.bucket, asked(meeting));
  } catch (error) {
    if (!(error instanceof ListingUnordered) || !isForeign(meeting.endpoint)) throw error;
    const page = await askPage(meeting.bucket, { ...asked(meeting), order: 'any' });
    warnings.push('the server lists its keys in no order of S3: each sync lists all in one sequence and sorts it here');
    return page;
  }
}

function asked({ name: bucket, prefix, pageSize: maxKeys, endpoint }: Meeting) {
  return { bucket, prefix, maxKeys, foreign: isForeign(endpoint) } as const;
}

function hasSubject(question: Question, { next, objects }: ProvenPage): boolean {
  if (question === 'cursor') return next !== undefined;
  return objects.length > (question === 'head' ? 0 : 1);
}

const answers: Readonly<Record<Question, (meeting: Meeting, page: ProvenPage) => Promise<string[]>>> = {
  async cursor(meeting, { next }) {
    await askPage(meeting.bucket, { ...asked(meeting), previous: next });
    return [];
  },
  'start-after': fromKey,
  async head({ bucket }, { objects }) {
    const { key } = objects[0] as ListedObject;
    const { status } = await bucket.head(key);
    if (status === 'found') return [];
    return [`a listed object is ${status} to a HEAD: deletions take a listing each to confirm, and links may not work`];
  },
};

async function answerTo(question: Question, meeting: Meeting, page: ProvenPage): Promise<string[]> {
  try {
    return await answers[question](meeting, page);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [`${whatOf[question]} failed: ${error.message}`];
  }
}

const whatOf: Readonly<Record<Question, string>> = {
  cursor: 'the second page of the listing',
  'start-after': 'a listing that begins at a key',
  head: 'a HEAD of a listed object',
};

/** The keys behind one of the page must be those that the page had behind it. */
async function fromKey(meeting: Meeting, { objects }: ProvenPage): Promise<string[]> {
  if (!isForeign(meeting.endpoint)) return [];
  const slow = 'each sync lists all in one sequence, which is slower';
  const place = Math.floor(objects.length / 2) - 1;
  const behind = objects.slice(place + 1).map(({ key }) => key);
  try {
    const startAfter = objects[place]?.key;
    const page = await askPage(meeting.bucket, { ...asked(meeting), startAfter });
    const same = behind.every((key, index) => page.objects[index]?.key === key);
    return same ? [] : [`the server does not list from a key what it lists otherwise: ${slow}`];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [`the server does not list from a key (start-after): ${slow}`];
  }
}
