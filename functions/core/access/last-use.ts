import * as z from 'zod';
import { liesAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock, Log } from '../model/ports/host.ts';
import type { Item, Key, Table } from '../model/ports/table.ts';
import { mostKeys, revokedKeptMs } from './api-key.ts';

const partition = 'access#used';

/** When a key was used last is known to the hour: one write more for each key and hour, not for each request. */
const everyMs = 3_600_000;

const useItem = z.object({ sk: z.string(), version: z.number().int(), at: z.number() });

/** Where it stands when a key was used last: beside its row, which it does not change. */
export function lastUsePlace(id: string): Key {
  return { pk: partition, sk: id };
}

/** When the key was used last, within an hour, as ISO text. */
export async function readLastUse(table: Table, id: string): Promise<string | undefined> {
  const item = await table.get(lastUsePlace(id));
  return item && new Date(useItem.parse(item).at).toISOString();
}

/** The same of all keys, by id. */
export async function readLastUses(table: Table): Promise<ReadonlyMap<string, string>> {
  const uses = new Map<string, string>();
  for await (const item of table.query({ pk: partition })) {
    const { sk, at } = useItem.parse(item);
    uses.set(sk, new Date(at).toISOString());
  }
  return uses;
}

/**
 * Notes that a key is used: at most once an hour, whichever process it comes to. The returned function never rejects: a
 * request does not fail because its key's use could not be noted.
 */
export function createUseNotes(deps: { readonly table: Table; readonly clock: Clock; readonly log: Log }) {
  const { table, clock, log } = deps;
  /** When this process last found or noted it. Of so many keys as there may be. */
  const known = new Map<string, number>();
  return async (id: string): Promise<void> => {
    const now = clock.now();
    if (isRecent(known.get(id), now)) return;
    if (known.size >= 2 * mostKeys) known.clear();
    known.set(id, now);
    try {
      const stored = await table.get(lastUsePlace(id));
      const use = stored && useItem.parse(stored);
      if (use !== undefined && isRecent(use.at, now)) known.set(id, use.at);
      else await write(table, id, { now, version: use?.version });
    } catch (error) {
      if (error instanceof ConditionFailed) return;
      log.warn('last use of a key not noted', { key: id, error: error instanceof Error ? error.name : typeof error });
    }
  };
}

/** Of processes that see it at once one writes. */
async function write(table: Table, id: string, use: { now: number; version: number | undefined }): Promise<void> {
  const { now, version } = use;
  const ttl = Math.ceil((now + revokedKeptMs) / 1000);
  const item: Item = { ...lastUsePlace(id), v: 1, version: (version ?? 0) + 1, at: now, ttl };
  await table.put(item, version === undefined ? { type: 'absent' } : { type: 'version', equals: version });
}

function isRecent(at: number | undefined, now: number): boolean {
  return at !== undefined && now - at < everyMs && !liesAhead(at, now);
}
