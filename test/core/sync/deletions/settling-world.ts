import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { emptyRange, firstKey, rangeItem } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordOf, recordPartition } from '#core/catalogue/record.ts';
import { changeLease } from '#core/lease/lease.ts';
import type { BucketIdentity, HeadResult } from '#core/model/ports/bucket.ts';
import type { Item } from '#core/model/ports/table.ts';
import { candidateExpiry, candidateItem, leavingItem } from '#core/runs/candidates.ts';
import { type RunRow, zeroCounters } from '#core/runs/run.ts';
import { defaultSyncSettings, type SyncSettings } from '#core/runs/sync-deps.ts';
import type { Past } from '#core/runs/sync-state.ts';
import { type Settlement, settleDeletions } from '#core/sync/deletions/settle-deletions.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';
import { newTally, type RangeTally } from '#core/sync/progress/range-tally.ts';
import { noQuota } from '#support/no-quota.ts';

export const beganAt = Date.parse('2026-03-01T00:00:00Z');
export const stamp = { run: 'now', seq: 1, at: '2026-03-01T00:00:00.000Z', quiet: false };
const before = { run: 'before', seq: 0, at: '2026-02-01T00:00:00.000Z', quiet: false };
const range = { ...emptyRange('r', firstKey, undefined), objects: 5000, bytes: 50_000 };
const records = recordPartition('u', 'r');

export type Given = {
  readonly candidates: number;
  readonly counters?: Partial<typeof zeroCounters>;
  readonly run?: Partial<RunRow>;
  readonly settings?: Partial<SyncSettings>;
  readonly age?: number;
  readonly yieldAt?: number;
  readonly prefix?: string;
  readonly sync?: object;
  readonly tally?: Partial<RangeTally>;
  readonly identity?: BucketIdentity;
};

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `gone-${10_000 + index}`);
export const recordAt = (key: string): Item =>
  recordOf(
    records,
    { key, etag: 'e', size: 10, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' },
    before,
    false,
  );
export const found = (lastModified: number): HeadResult => ({ status: 'found', lastModified, size: 10, etag: 'e' });
export const runRow = (id: string): RunRow => ({
  ...{ v: 1, version: 1, fence: 1, id, datasource: 'd', uid: 'u', status: 'running', trigger: 'api', dry_run: false },
  ...{ first_load: false, queued_at: '', counters: { ...zeroCounters }, ranges: { done: 0, total: 0 } },
});

/** A run whose listing is complete, over one range in a store of its own, and what it asked its bucket. */
export type SettlingWorld = Awaited<ReturnType<typeof createSettlingWorld>>;

export async function createSettlingWorld() {
  const table = openSqliteTable(':memory:');
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 1 }), { put: rangeItem('u', range) }]);
  const seen = { asked: [] as string[], beats: 0, identified: 0 };
  const world = {
    table,
    ...seen,
    /** How the bucket answers a HEAD; the listed key that is asked as a control is there. */
    answer: (_key: string): HeadResult => ({ status: 'missing' }),
    catalogue: (keys: readonly string[]): Promise<unknown> =>
      table.batchWrite(keys.map((key) => ({ put: recordAt(key) }))),
    /** Notes that a pass missed these keys. */
    missing: (keys: readonly string[], pass: string): Promise<unknown> =>
      table.batchWrite(keys.map((key) => ({ put: candidateItem('u', pass, key, candidateExpiry(beganAt, 0)) }))),
    /** Notes that a pass may take these keys out of the scope. */
    leaving: (keys: readonly string[], pass: string): Promise<unknown> =>
      table.batchWrite(keys.map((key) => ({ put: leavingItem('u', pass, key, candidateExpiry(beganAt, 0)) }))),
    /** So many records that the listing lacked. */
    async lost(count: number): Promise<string[]> {
      const keys = names(count);
      await world.catalogue(keys);
      await world.missing(keys, 'now');
      return keys;
    },
    async settled(
      given: Given,
      past?: string | Partial<Past>,
    ): Promise<Settlement & { deleted: number; out: number; steps: number }> {
      const context = contextOf(given, world);
      const known = typeof past === 'string' ? { previous: past } : past;
      const settlement = await settleDeletions(context, { careful: false, ...known });
      const { deleted, out_of_scope: out } = context.tally.counters;
      return { ...settlement, deleted, out, steps: context.progress.steps };
    },
    /** The keys of tombstones. */
    async gone(reason = 'deleted'): Promise<string[]> {
      const all: RecordRow[] = [];
      for await (const item of table.query({ pk: records })) all.push(readRecord(item));
      return all.filter((record) => record.gone?.reason === reason).map(({ sk }) => sk);
    },
  };
  return world;
}

type Asked = Pick<SettlingWorld, 'table' | 'asked' | 'beats' | 'identified' | 'answer'>;

function contextOf(given: Given, world: Asked): SettlingContext {
  const { candidates, counters, run, settings, age = 1000, yieldAt, tally: more } = given;
  const shown = { candidates, candidate_sample: ['shown'], controls: ['control'], removed: 0 };
  const tally = { ...newTally(0), ...shown, ...more };
  Object.assign(tally.counters, { listed: 1000, matched: 1000, unchanged: 1000 }, counters);
  const context = {
    deps: {
      table: world.table,
      clock: { now: () => beganAt + age },
      settings: { ...defaultSyncSettings, confirmLimit: 20, confirmSample: 5, holdAboveObjects: 5000, ...settings },
      yieldAt,
    },
    uid: 'u',
    run: { ...runRow('now'), ...run },
    quota: noQuota,
    pass: { id: 'now', beganAt },
    stamp,
    tally,
    config: { bucket: 'stock', prefix: given.prefix ?? '' },
    datasource: { sync: { strategy: 'interval', interval: '10m', ...given.sync } },
    board: { ranges: () => [range] },
    held: {
      fence: 1,
      heartbeat: async () => {
        world.beats += 1;
        return { canceled: false, failure: undefined };
      },
      assertWritable: async () => {},
    },
    bucket: {
      async head(key: string): Promise<HeadResult> {
        if (key === 'control') return found(0);
        world.asked.push(key);
        return world.answer(key);
      },
      async identify(): Promise<BucketIdentity> {
        world.identified += 1;
        return given.identity ?? { status: 'found' };
      },
    },
    progress: { steps: 0, clockSkew: 0, halted: false, last: { progressedAt: 0, steps: 0 } },
    limit: { endsAt: Number.POSITIVE_INFINITY },
  };
  return context as unknown as SettlingContext;
}
