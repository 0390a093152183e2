import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { leafPartition, listPacks } from '#core/catalogue/leaf-pack.ts';
import { emptyRange, firstKey, type RangeRow, rangeItem, readRange } from '#core/catalogue/range-map.ts';
import { recordOf, recordPartition } from '#core/catalogue/record.ts';
import { changeLease } from '#core/lease/lease.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import type { Item, Table, TransactWrite } from '#core/model/ports/table.ts';
import { listWork, type RangeWork, type WorkRow, workOn } from '#core/sync/progress/range-work.ts';
import { openListing } from '#core/sync/walk/open-listing.ts';
import { syncRange } from '#core/sync/walk/sync-range.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { collect } from '#support/collect.ts';
import { noQuota } from '#support/no-quota.ts';
import { createRecordingLog } from '#support/recording-log.ts';

/** When everything here happens: the clock stands unless a test moves it. */
const began = Date.parse('2026-03-01T00:00:00Z');

/** Before the run; it has fence 2. */
const before = { run: 'before', seq: 1, at: '2026-02-01T00:00:00.000Z', quiet: false };

export type Given = {
  /** How the pages are answered, one by one; throws to fail. Each key is an object. */
  readonly pages: readonly (string | (() => never))[];
  /** Called before each answer, with how many there were. */
  readonly beforePage?: (answered: number) => void;
  /** The run's fence; that of the store is 2. */
  readonly fence?: number;
  readonly rangeObjects?: number;
  readonly shareAfterPages?: number;
  readonly wanted?: boolean;
  /** Records of the catalogue. */
  readonly expected?: number;
  /** What the store does in another way. */
  readonly table?: Partial<Table>;
  readonly holder?: string;
};

/** One range in a store of its own, its stream's context, and what the stream did. */
export type OneRange = Awaited<ReturnType<typeof createOneRange>>;

const recordsOfRange = recordPartition('u', 'r');
export const leavesOfRange = leafPartition('u', 'r');

export async function createOneRange() {
  const store = openSqliteTable(':memory:');
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await store.transact([changeLease('u', lease, { ...lease, version: 1, fence: 2 })]);
  const seen = {
    queries: [] as string[],
    /** Queries that were begun and neither read to their end nor closed. */
    open: new Set<symbol>(),
    transactions: [] as number[],
    asked: [] as ListRequest[],
    offered: [] as RangeRow[],
  };
  const time = { now: began };
  const log = createRecordingLog();
  const watched = watch(store, seen);
  const world = { store, seen, time, log };
  return {
    ...world,
    contextOf: (given: Given): RunContext => contextOf(given, world, watched),
    /** Stores records of these objects, as an earlier run did. */
    catalogue: (keys: string): Promise<unknown> =>
      store.batchWrite([...keys].map((key) => ({ put: recordOf(recordsOfRange, objectOf(key), before, false) }))),
    /** Stores the row of the range, and begins work on it. */
    async begin(row: Partial<RangeRow> = {}, earlier?: WorkRow): Promise<RangeWork> {
      const range = { ...emptyRange('r', firstKey, undefined), ...row };
      await store.put(rangeItem('u', range));
      return workOn(range, earlier, began);
    },
    row: (): Promise<RangeRow> => readRange(store, 'u', firstKey),
    work: async (): Promise<WorkRow | undefined> => (await listWork(store, 'u', 'p')).get('r'),
    records: async (): Promise<Item[]> => collect(store.query({ pk: recordsOfRange })),
    packs: async (): Promise<string[]> => (await collect(listPacks(store, leavesOfRange))).map(({ from }) => from),
  };
}

/** Syncs a range by a listing of its own. */
export function syncOne(context: RunContext, work: RangeWork): Promise<RangeWork | undefined> {
  return syncRange(context, work, openListing(context, work));
}

export function objectOf(key: string): ListedObject {
  return { key, size: 10, etag: key, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' };
}

type Seen = OneRange['seen'];
type World = Pick<OneRange, 'seen' | 'time' | 'log'>;

function contextOf(given: Given, { seen, time, log }: World, watched: Table): RunContext {
  const { fence = 2, expected = 0, holder = 'another' } = given;
  const settings = {
    ...{ leafRecords: 2, rangeObjects: given.rangeObjects ?? 1000, shareAfterPages: given.shareAfterPages ?? 1000 },
    ...{ checkpointMs: 10_000, rangePageLimit: 100, requestTimeoutMs: 1000, progressMs: 0 },
  };
  const context = {
    deps: {
      ...{ table: { ...watched, ...given.table }, clock: { now: () => time.now }, settings, log },
      ...{ holder: 'me', leaseMs: 60_000, ids: { unique: () => '0123456789abcdef' } },
    },
    quota: noQuota,
    ...{ uid: 'u', pass: { id: 'p' }, run: { id: 'run', dry_run: false }, config: { bucket: 'stock', prefix: '' } },
    ...{ datasource: { sync: { strategy: 'manual' } }, bucket: { list: lister(given, seen) } },
    ...{ matches: (key: string) => key !== 'X', stamp: { ...before, run: 'run', seq: fence } },
    held: {
      ...{ fence, heartbeat: async () => ({ canceled: false }), assertWritable: async () => {} },
      current: () => ({ holder }),
    },
    board: {
      ...{ shared: false, expected, offsetOf: () => 0, wanted: given.wanted ?? false, add: () => {} },
      ...{ offer: (range: RangeRow) => seen.offered.push(range), tallies: () => [], done: 0, total: 1 },
    },
    ...{
      progress: { steps: 0, halted: false, begun: false, notedAt: 0, last: { progressedAt: 0, steps: 0 } },
      limit: { endsAt: Number.POSITIVE_INFINITY },
    },
  };
  return context as unknown as RunContext;
}

function lister({ pages, beforePage }: Given, seen: Seen) {
  return async (request: ListRequest): Promise<ListingPage> => {
    beforePage?.(seen.asked.length);
    const turn = seen.asked.push(request) - 1;
    const page = pages[turn] ?? '';
    const keys = typeof page === 'string' ? [...page] : page();
    const truncated = turn < pages.length - 1;
    return {
      ...{ version: 2, root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix: '', keyCount: keys.length },
      ...{ truncated, ...(truncated ? { nextToken: `T${turn}` } : {}) },
      objects: keys.map(objectOf),
    };
  };
}

function watch(inner: Table, seen: Seen): Table {
  return {
    ...inner,
    async transact(writes: readonly TransactWrite[]) {
      seen.transactions.push(writes.length);
      await inner.transact(writes);
    },
    async *query(query) {
      const reading = Symbol();
      seen.queries.push(query.pk);
      seen.open.add(reading);
      try {
        yield* inner.query(query);
      } finally {
        seen.open.delete(reading);
      }
    },
  };
}
