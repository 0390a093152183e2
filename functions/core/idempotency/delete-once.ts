import { Failure } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { dayMs, putMark, readMark } from './mark.ts';

/** How one thing is deleted. Both throw Failure `not_found` where it is not there. */
export type DeleteSteps<Row> = {
  readonly find: () => Promise<Row>;
  /** Throws where it may not be deleted as it is: then nothing is written, the mark neither. */
  readonly judge?: (row: Row) => void;
  readonly remove: (row: Row) => Promise<void>;
};

/**
 * Deletes what is there, or finds that the same request did so within the last 24 hours: a client sends a delete again
 * when it did not hear of the first, and is not to be told of an error. `request` is its method and path. What was
 * never there is still `not_found`. Throws whatever `steps` throws.
 *
 * The mark comes before the deletion, so that a crash between the two leaves no deletion without one. A mark without a
 * deletion says nothing: what stands there is found and deleted.
 */
export async function deleteOnce<Row>(
  deps: { readonly table: Table; readonly clock: Clock },
  request: string,
  steps: DeleteSteps<Row>,
): Promise<void> {
  try {
    const row = await steps.find();
    steps.judge?.(row);
    await putMark(deps, request, 'deleted');
    await steps.remove(row);
  } catch (error) {
    const gone = error instanceof Failure && error.code === 'not_found';
    if (!gone || (await readMark(deps, request, dayMs)) === undefined) throw error;
  }
}
