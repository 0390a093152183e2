import { canonicalJson } from './canonical-json.ts';
import { Failure } from './errors.ts';
import { shortHash } from './short-hash.ts';

/** What a caller demands of a row that is to be changed, told by its tag. */
export type Demand = (tag: string) => boolean;

/**
 * The tag of a row: a hash of `settable`, which holds all that a client may set of it and nothing that the machine notes,
 * and of `life`, which no other row has: a row of the same name that comes after it is not the one that was read. 32 hex
 * digits.
 */
export function tagOf(life: string, settable: Readonly<Record<string, unknown>>): string {
  return shortHash(canonicalJson([life, settable]));
}

/** Of an object, the fields with these names. */
export function fieldsOf(row: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
}

/** Throws Failure `precondition_failed` where the row, which is absent where it has no tag, is not what was demanded. */
export function demandTag(demand: Demand | undefined, tag: string | undefined, what: string): void {
  if (demand === undefined || (tag !== undefined && demand(tag))) return;
  const seen = tag === undefined ? 'is not there' : 'is not what it was when it was read';
  throw new Failure(
    'precondition_failed',
    `${what} ${seen}: nothing was changed; read it, make the change anew and send it with the new ETag in If-Match`,
  );
}
