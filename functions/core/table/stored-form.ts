import { Failure } from '../model/errors.ts';
import type { Item, Key } from '../model/ports/table.ts';

/** A kind of items whose form changed since the first release. */
export type ChangedKind = {
  holds(key: Key): boolean;
  /** The form that is written, 2 or more; that of an item stands in its `v`. */
  readonly form: number;
  /**
   * Each makes of an item of one form one of the next, `v` included; the last one, of `form`. One there is at least, for
   * the release before wrote that form. Kinds whose items may stand for years as they are (records that never change,
   * rows) keep all of theirs.
   */
  readonly lifts: readonly ((item: Item) => Item)[];
};

/** What an item without a form is of, and every item of a kind that never changed. */
const firstForm = 1;

/**
 * Makes the reader of stored items. It gives back an item of today's form as it is, and an older one lifted, so that a
 * release reads what those before it wrote, and writes its own form. It throws Failure `other_form` for an item of a newer
 * form, which an older release would misread, and for one so old that nothing lifts it any more.
 */
export function createFormReader(changed: readonly ChangedKind[]): (item: Item) => Item {
  return (item) => {
    const form = typeof item.v === 'number' ? item.v : firstForm;
    const { form: today, lifts } = changed.find((kind) => kind.holds(item)) ?? { form: firstForm, lifts: [] };
    if (form === today) return item;
    if (form > today) throw new Failure('other_form', writtenByNewer(form, today));
    const missing = today - form;
    if (!(missing <= lifts.length)) throw new Failure('other_form', writtenByOlder(form, today - lifts.length));
    return lifts.slice(lifts.length - missing).reduce((lifted, lift) => lift(lifted), item);
  };
}

/** Every adapter of the Table port, and of its feed, hands its items out through this: no reader sees another form. */
export const inTodaysForm = createFormReader([]);

function writtenByNewer(form: number, newest: number): string {
  return `an item of the table was written by a newer Stocktake (it has form ${form}, this version reads up to form ${newest}): deploy that version again, or go back to a copy of the table from before the upgrade (docs/runbook.md, "Upgrade")`;
}

function writtenByOlder(form: number, oldest: number): string {
  return `an item of the table was written by a Stocktake too old for this one (it has form ${form}, this version reads from form ${oldest} on): deploy the versions between them first, one after the other (docs/runbook.md, "Upgrade")`;
}
