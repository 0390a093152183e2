import { Failure } from '../model/errors.ts';
import type { Clock, Log } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { type ApiKeyRow, isValid, mostKeys, type Scope } from './api-key.ts';
import { readKey } from './api-key-store.ts';
import { hashOfKey, idInKeyText, isSameHash } from './key-text.ts';
import { KeysUnavailable } from './keys-unavailable.ts';
import { createUseNotes } from './last-use.ts';

/** The keys that were made by the API, as a request meets them. */
export type StoredKeys = {
  /** Whom the text lets in; undefined for nobody. Throws KeysUnavailable (a Failure) where that cannot be told. */
  find(text: string): Promise<{ readonly id: string; readonly scope: Scope } | undefined>;
};

type Known = { readonly row: ApiKeyRow; readonly at: number };

/** A key that was revoked is dead within so long. */
const freshMs = 60_000;

/**
 * Reads each key once a minute, and judges its end by the clock at every request. Nothing is remembered of a text that
 * is no key: it costs one read, or none where it has not the form of one, and no memory. So a flood of them fills
 * nothing, and a key counts from the moment it is made.
 */
export function createStoredKeys(deps: {
  readonly table: Table;
  readonly clock: Clock;
  readonly log: Log;
}): StoredKeys {
  const { table, clock } = deps;
  const known = new Map<string, Known>();
  const reading = new Map<string, Promise<ApiKeyRow | undefined>>();
  const noteUse = createUseNotes(deps);

  const read = async (id: string): Promise<ApiKeyRow | undefined> => {
    // The moment before the read: what is revoked while the answer is on its way must not live longer for it.
    const at = clock.now();
    const row = await readKey(table, id).catch((error: unknown) => {
      throw error instanceof Failure ? error : new KeysUnavailable(nameOf(error));
    });
    known.delete(id);
    // As many as there may be, and as many that were revoked since: the rest is read again.
    if (known.size >= 2 * mostKeys) known.clear();
    if (row !== undefined) known.set(id, { row, at });
    return row;
  };
  const current = async (id: string): Promise<ApiKeyRow | undefined> => {
    const remembered = known.get(id);
    if (remembered !== undefined && isFresh(remembered.at, clock.now())) return remembered.row;
    const pending = reading.get(id) ?? read(id).finally(() => reading.delete(id));
    reading.set(id, pending);
    return pending;
  };
  return {
    async find(text) {
      const id = idInKeyText(text);
      const row = id === undefined ? undefined : await current(id);
      if (row === undefined || !isSameHash(Buffer.from(row.hash, 'hex'), hashOfKey(text))) return undefined;
      if (!isValid(row, clock.now())) return undefined;
      await noteUse(row.id);
      return { id: row.id, scope: row.scope };
    },
  };
}

/** A moment in the future is not fresh: the clock was set back. */
function isFresh(at: number, now: number): boolean {
  return now >= at && now - at < freshMs;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
