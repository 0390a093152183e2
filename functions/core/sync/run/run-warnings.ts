import { Failure } from '../../model/errors.ts';
import type { RangeTally } from '../progress/range-tally.ts';
import type { RunContext } from '../worker/run-context.ts';

/** More rows than both of these that cannot be read are no odd rows: the server is not understood. */
const mostOddRows = 10;
const mostOddShare = 0.01;

/** So many odd rows are named in a warning; the rest is counted. */
const namedRows = 3;

/** Throws Failure `listing_not_proved` if too many rows of the listing could not be read. */
export function demandReadable({ counters, odd_sample }: Pick<RangeTally, 'counters' | 'odd_sample'>): void {
  const { failed, listed } = counters;
  if (failed <= mostOddRows || failed <= mostOddShare * (listed + failed)) return;
  throw new Failure(
    'listing_not_proved',
    `The listing cannot be relied on: ${failed} of its ${listed + failed} rows could not be read, such as ${odd_sample[0]}. Nothing was deleted. Check that the endpoint is an S3 server; if it is, report it to whoever runs it`,
  );
}

/** What somebody should know of a listing that was complete all the same. */
export function warningsOf({ run }: Pick<RunContext, 'run'>, { counters, odd_sample }: RangeTally): string[] {
  const way = run.way ?? run.pass?.way;
  const slow = way === undefined ? [] : [`listed ${waysInWords[way.kind]}, which is slower, for ${way.why}`];
  if (counters.failed === 0) return slow;
  const named = odd_sample.slice(0, namedRows).join('; ');
  return [...slow, `${counters.failed} rows of the listing could not be read and are not catalogued: ${named}`];
}

const waysInWords = {
  sequence: 'from its beginning in one sequence',
  spool: 'in one sequence and sorted here',
} as const;
