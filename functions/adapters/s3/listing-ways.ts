import type { Failure } from '#core/model/errors.ts';
import type { Answer } from './s3-session.ts';

/** A parameter that some servers refuse, and that a listing can do without. */
type Parameter = 'encoding-type' | 'max-keys';

/** In which version a listing is asked for, and what is left out of the question. */
export type ListingWay = { readonly version: 1 | 2; readonly leftOut: readonly Parameter[] };

type ListVersion = 'auto' | 1 | 2;

/** How a server is asked of which nothing is known. `begun` is the version that the sequence of pages was begun in. */
export function firstWays(listVersion: ListVersion, begun: 1 | 2 | undefined): ListingWay {
  return { version: begun ?? (listVersion === 'auto' ? 2 : listVersion), leftOut: [] };
}

/**
 * Whether the server does not understand the question, rather than refuse whoever asks. Servers do not agree on how to
 * say so: 501, 405 or 400, with a code of their choice or none.
 */
export function refusesWay(answer: Answer, refused: (answer: Answer) => Failure): boolean {
  const { status, listing } = answer;
  if (listing !== undefined || (status !== 400 && status !== 405 && status !== 501)) return false;
  const { code } = refused(answer);
  return code === 'source_error' || code === 'not_an_s3_answer';
}

/** Other ways to ask the same, the likeliest first. A refusal that names `list-type` leaves the older version alone. */
export function waysAround(first: ListingWay, mayBeOlder: boolean, { error }: Answer): readonly ListingWay[] {
  const { version } = first;
  const older: readonly ListingWay[] = mayBeOlder ? [{ version: 1, leftOut: [] }] : [];
  const olderStill: readonly ListingWay[] = mayBeOlder ? [{ version: 1, leftOut: ['encoding-type'] }] : [];
  const ways: readonly ListingWay[] = [
    ...older,
    { version, leftOut: ['encoding-type'] },
    { version, leftOut: ['max-keys'] },
    ...olderStill,
    { version: mayBeOlder ? 1 : version, leftOut: ['encoding-type', 'max-keys'] },
  ];
  return mayBeOlder && error?.dislikesListType ? ways.filter((way) => way.version === 1) : ways;
}
