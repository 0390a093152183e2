import type { Actor } from '../model/actor.ts';
import type { Clock, Ids } from '../model/ports/host.ts';
import type { TransactWrite } from '../model/ports/table.ts';
import { type AuditAction, type AuditEntry, type AuditKind, entryPlace, keepEntriesMs } from './audit-entry.ts';
import { type Fields, type Told, tellDifference, tellFields } from './told-fields.ts';

/** Who makes the changes of a use case. */
export type Acting = { readonly actor: Actor };

/** What an entry takes. */
export type AuditDeps = Acting & { readonly clock: Clock; readonly ids: Ids };

/** What Stocktake does to a row by itself. */
export const byStocktake: Acting = { actor: { kind: 'stocktake' } };

/** For an entry that several transactions write, each with more in it: all of them write the same one. */
export function oneEntry({ clock, ids, actor }: AuditDeps): AuditDeps {
  const [at, unique] = [clock.now(), ids.unique()];
  return { clock: { now: () => at }, ids: { unique: () => unique }, actor };
}

/** What was done to something, once its fields may be told. `version` orders the changes of one row. */
export type Deed = {
  readonly action: AuditAction;
  readonly kind: AuditKind;
  /** The id of what it was done to. */
  readonly id: string;
  readonly number?: number;
  readonly version?: number;
  /** Fields as clients are shown them, the secret ones left out. */
  readonly before?: Fields;
  readonly after?: Fields;
  readonly secrets?: AuditEntry['secrets'];
};

/** A row as far as clients may set it. `secrets` are its sealed ones by name, to tell which of them changed. */
export type AuditedRow = {
  readonly id: string;
  readonly number: number;
  readonly version: number;
  readonly shown: Fields;
  readonly secrets: Readonly<Record<string, string | undefined>>;
};

/**
 * The write of an audit entry, to go with the change in one transaction: then there never is one without the other. It has
 * no condition, so none of the transaction's failures is its own.
 */
export function auditWrite(deps: AuditDeps, deed: Deed): TransactWrite {
  const { before, after } = deed;
  return entryWrite(deps, deed, { before: before && tellFields(before), after: after && tellFields(after) });
}

/**
 * The same for a change of a row, undefined before it was created and after it was deleted. No write where nothing differs
 * that a client is shown or may set: what Stocktake notes on a row for itself is no change of it.
 */
export function auditRowChange(
  deps: AuditDeps,
  kind: AuditKind,
  before: AuditedRow | undefined,
  after: AuditedRow | undefined,
): TransactWrite[] {
  const row = after ?? before;
  if (row === undefined) return [];
  const { id, number } = row;
  const secrets = secretChanges(before?.secrets ?? {}, after?.secrets ?? {});
  if (after === undefined) {
    return [auditWrite(deps, { action: 'deleted', kind, id, number, version: row.version + 1, before: row.shown })];
  }
  const { version } = after;
  if (before === undefined) {
    return [auditWrite(deps, { action: 'created', kind, id, number, version, after: after.shown, secrets })];
  }
  const told = tellDifference(before.shown, after.shown);
  if (told === undefined && secrets === undefined) return [];
  return [entryWrite(deps, { action: 'updated', kind, id, number, version, secrets }, told ?? {})];
}

function entryWrite(
  { clock, ids, actor }: AuditDeps,
  { action, kind, id, number, version = 0, secrets }: Deed,
  { before, after }: { readonly before?: Told | undefined; readonly after?: Told | undefined },
): TransactWrite {
  const at = clock.now();
  const shortened = [...new Set([...(before?.shortened ?? []), ...(after?.shortened ?? [])])].sort();
  const entry = {
    ...{ v: 1, at: new Date(at).toISOString(), actor: { ...actor }, action, kind, of: id },
    ...(number === undefined ? {} : { number }),
    ...(before === undefined ? {} : { before: before.fields }),
    ...(after === undefined ? {} : { after: after.fields }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(shortened.length === 0 ? {} : { shortened }),
    ttl: Math.ceil((at + keepEntriesMs) / 1000),
  };
  return { put: { ...entryPlace(at, version, ids.unique()), ...entry } };
}

function secretChanges(before: AuditedRow['secrets'], after: AuditedRow['secrets']): AuditEntry['secrets'] {
  const changes: NonNullable<AuditEntry['secrets']> = {};
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const [was, is] = [before[name], after[name]];
    if (was !== is) changes[name] = is === undefined ? 'removed' : was === undefined ? 'set' : 'changed';
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}
