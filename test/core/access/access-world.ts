import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { ApiKeyInput } from '#core/access/api-key.ts';
import { createApiKey } from '#core/access/create-api-key.ts';
import { revokeApiKey } from '#core/access/revoke-api-key.ts';
import { createStoredKeys } from '#core/access/stored-keys.ts';
import type { Actor } from '#core/model/actor.ts';
import type { Key, Table } from '#core/model/ports/table.ts';
import { type CountingTable, countWrites } from '#support/counting-table.ts';
import { createRecordingLog } from '#support/recording-log.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

export const actor: Actor = { kind: 'key', id: 'somebody', address: '198.51.100.1' };

export type AccessWorld = ReturnType<typeof createAccessWorld>;

/** Keys over a real table that can be away, and whose reads are counted. */
export function createAccessWorld() {
  const time = { now: Date.parse('2026-11-30T10:00:00Z') };
  const state: { away?: Error; reads: number } = { reads: 0 };
  const stored: CountingTable = countWrites(openSqliteTable(':memory:'));
  const present = async (): Promise<void> => {
    if (state.away !== undefined) throw state.away;
  };
  const table: Table = {
    ...stored,
    async get(key: Key) {
      state.reads += 1;
      await present();
      return stored.get(key);
    },
    async put(item, condition) {
      await present();
      await stored.put(item, condition);
    },
  };
  const log = createRecordingLog();
  const deps = { table, clock: { now: () => time.now }, ids: createRandomIds(), log, actor };
  return {
    ...deps,
    time,
    state,
    stored,
    /** Lets the next so many writers look at the table before the first of them writes. */
    meet(count: number) {
      const all = Promise.withResolvers<void>();
      let come = 0;
      stored.beforeWrite = () => {
        come += 1;
        if (come === count) all.resolve();
        return all.promise;
      };
    },
    /** As another process would see the same table. */
    keys: () => createStoredKeys(deps),
    create: (input: Partial<ApiKeyInput> = {}) => createApiKey(deps, { name: 'a key', scope: 'read', ...input }),
    revoke: (id: string, hasOwnManagingKey = true) => revokeApiKey({ ...deps, hasOwnManagingKey }, id),
  };
}
