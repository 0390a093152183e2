import { Failure } from '../model/errors.ts';
import type { Item, Key } from '../model/ports/table.ts';

/** A kind of items whose form changed since the first release. */
export type ChangedKind = {
  holds(key: Key): boolean;
  /** The form that is written, 2 or more; that of an item stands in its `v`. */
  readonly form: number;
  /** Makes of an item of the form before one of this form, `v` included. */
  lift(item: Item): Item;
};

/** What an item without a form is of, and every item of a kind that never changed. */
const firstForm = 1;

/**
 * Makes the reader of stored items. It gives back an item of today's form as it is, and one of the form before lifted:
 * so a release reads what the one before it wrote, and whatever it writes stands in its own form. It throws Failure
 * `other_form` for an item of a newer form, which an older release would misread, and for one older than the form before.
 */
export function createFormReader(changed: readonly ChangedKind[]): (item: Item) => Item {
  return (item) => {
    const form = typeof item.v === 'number' ? item.v : firstForm;
    const kind = changed.find((each) => each.holds(item));
    const today = kind?.form ?? firstForm;
    if (form === today) return item;
    if (form > today) throw new Failure('other_form', writtenByNewer(form, today));
    if (kind === undefined || form < today - 1) throw new Failure('other_form', writtenByOlder(form, today));
    return kind.lift(item);
  };
}

/** Every adapter of the Table port, and of its feed, hands its items out through this: no reader sees another form. */
export const inTodaysForm = createFormReader([]);

function writtenByNewer(form: number, today: number): string {
  return `an item of the table was written by a newer Stocktake (it has form ${form}, this version reads up to form ${today}): deploy that version again, or go back to a copy of the table from before the upgrade (docs/runbook.md, "Upgrade")`;
}

function writtenByOlder(form: number, today: number): string {
  return `an item of the table was written by a Stocktake too old for this one (it has form ${form}, this version reads from form ${today - 1} on): deploy the versions between them first, one after the other (docs/runbook.md, "Upgrade")`;
}
