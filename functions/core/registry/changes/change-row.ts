import { ConditionFailed, type Failure } from '../../model/errors.ts';
import { type Demand, demandTag } from '../../model/row-tag.ts';

/** How one kind of row is changed. */
export type ChangeSteps<Row, Done> = {
  /** The row in words. */
  readonly what: string;
  readonly tagOf: (row: Row) => string;
  /** The row as it stands now, if it still does. */
  readonly readAgain: () => Promise<Row | undefined>;
  /** Works out and stores the change of the row in the version given. Throws ConditionFailed; with index 0, by its version. */
  readonly change: (row: Row) => Promise<Done>;
  /** What to tell who was overtaken. */
  readonly conflict: (cause: ConditionFailed) => Failure;
};

/** Notes of the machine come seconds apart: whoever is overtaken so often in a row is one of many. */
const attempts = 10;

/**
 * Changes a row as it was demanded to be. The demand is asked of the very version that the write is conditional on, so
 * that it holds in the transaction. Where only the machine noted something in between, the change is worked out anew;
 * where somebody else changed what a client may set, whoever demands nothing is told. Throws Failure
 * `precondition_failed`, what `conflict` makes, and whatever `change` throws.
 */
export async function changeRow<Row, Done>(
  found: Row,
  demand: Demand | undefined,
  { what, tagOf, readAgain, change, conflict }: ChangeSteps<Row, Done>,
): Promise<Done> {
  const tagFound = tagOf(found);
  demandTag(demand, tagFound, what);
  const stillGood = demand ?? ((tag) => tag === tagFound);
  let row = found;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change(row);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Another write of the transaction depends on another row: that was changed, or deleted, by somebody.
      if (error.index > 0 || attempt === attempts) throw conflict(error);
      const again = await readAgain();
      const tag = again && tagOf(again);
      demandTag(demand, tag, what);
      if (again === undefined || tag === undefined || !stillGood(tag)) throw conflict(error);
      row = again;
    }
  }
}
