import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFileSpools } from '#adapters/process/file-spools.ts';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type RangeRow, readRanges } from '#core/catalogue/range-map.ts';
import { readRecord, recordPartition } from '#core/catalogue/record.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Log } from '#core/model/ports/host.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { type DatasourceRow, datasourceInput } from '#core/registry/datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { defaultSyncSettings, type SyncDeps, type SyncSettings } from '#core/runs/sync-deps.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { noRoles } from '#support/fake-roles.ts';
import { type CountingTable, countWrites } from './counting-table.ts';
import { createGeneratedBucket, type GeneratedBucket, type KeyStyle } from './generated-bucket.ts';
import { createMemorySpools } from './memory-spools.ts';
import { somebody } from './somebody.ts';

export type WorldSize = {
  readonly objects: number;
  readonly style: KeyStyle;
  readonly pageSize: number;
  readonly settings: Partial<SyncSettings>;
  /** Time that a request takes by the world's clock, milliseconds; it is not waited for. */
  readonly requestMs: number;
  /** Time that an invocation is given by the world's clock, milliseconds. */
  readonly sliceMs: number;
  /** On a server that is not AWS's, lists in no order, and is sorted in this folder. */
  readonly scrambledIn?: string;
};

/** What one sync cost. */
export type SyncCost = {
  readonly run: RunRow;
  readonly lists: number;
  readonly recordWrites: number;
  readonly writes: number;
  readonly invocations: number;
  /** The longest invocation, by the world's clock, milliseconds. */
  readonly longestMs: number;
  /** By this machine's clock. */
  readonly seconds: number;
};

export type GeneratedWorld = {
  readonly table: CountingTable;
  readonly bucket: GeneratedBucket;
  readonly source: DatasourceRow;
  /** Called at each request to the bucket. */
  onRequest: (() => void) | undefined;
  /** One run from its request to its end, in as many invocations as it takes. */
  sync(): Promise<SyncCost>;
  ranges(): Promise<RangeRow[]>;
  /** How many objects and records differ between bucket and catalogue; it holds neither in memory. */
  differences(): Promise<number>;
  close(): void;
};

const silent: Log = { info() {}, warn() {}, error() {} };

const openVault: SyncDeps['opener'] & { seal(plaintext: string): Promise<string> } = {
  seal: async (plaintext) => plaintext,
  open: async (sealed) => sealed,
};

/** As where Lambda performs the runs. */
const { leaseMs } = timeBudget;

/** More invocations than any run here can need: the run makes no progress. */
const mostInvocations = 100_000;

/** The real use cases on a SQLite file and a generated bucket, performed by invocations that each end after a time. */
export async function createGeneratedWorld(file: string, size: WorldSize): Promise<GeneratedWorld> {
  let requested = 0;
  const clock = { now: () => Date.now() + requested };
  const bucket = createGeneratedBucket(
    'sample-bucket',
    size.objects,
    size.style,
    async (request) => {
      // Eight questions about single keys are under way at once.
      requested += request === 'list' ? size.requestMs : size.requestMs / 8;
      world.onRequest?.();
      await nextTurn();
    },
    size.scrambledIn === undefined ? 'keys' : 'scrambled',
  );
  const sqlite = openSqliteTable(file, { feed: { prefixes: feedPrefixes } });
  const table = countWrites(sqlite);
  const ids = createRandomIds();
  const settings = { ...defaultSyncSettings, ...size.settings };
  const messages: unknown[] = [];
  const deps = {
    ...somebody,
    ...{ table, clock, ids, settings, leaseMs, log: silent, buckets: bucket },
    ...noRoles,
    spools: size.scrambledIn === undefined ? createMemorySpools() : createFileSpools(size.scrambledIn),
    ...{ sealer: openVault, opener: openVault, holder: 'nobody', isAlive: () => true, minimumIntervalSeconds: 10 },
    queue: { send: async (message: unknown) => void messages.push(message) },
  };
  const endpoint = size.scrambledIn === undefined ? 's3.us-east-1.amazonaws.com' : 's3.example.com';
  const source = await addDatasource(deps, size.pageSize, endpoint);

  const invoke = async (message: unknown): Promise<number> => {
    const began = clock.now();
    await handleWork({ ...deps, holder: ids.unique(), yieldAt: began + size.sliceMs }, message);
    return clock.now() - began;
  };

  const world: GeneratedWorld = {
    table,
    bucket,
    source,
    onRequest: undefined,
    async sync() {
      table.reset();
      Object.assign(bucket.requests, { lists: 0, heads: 0 });
      const began = Date.now();
      const { run } = await requestRun(deps, { datasource: source.id, trigger: 'manual' });
      const { invocations, longestMs } = await drain(messages, settings.workers, invoke);
      const ended = await readRun(table, source.uid, run.id);
      const { recordWrites, writes } = table;
      const seconds = (Date.now() - began) / 1000;
      return { run: ended ?? run, lists: bucket.requests.lists, recordWrites, writes, invocations, longestMs, seconds };
    },
    ranges: () => readRanges(table, source.uid),
    differences: () => countDifferences(table, source.uid, bucket),
    close: () => sqlite.close(),
  };
  return world;
}

function addDatasource(
  deps: Parameters<typeof createDatasource>[0],
  pageSize: number,
  endpoint: string,
): Promise<DatasourceRow> {
  const keys = { access_key_id: 'STOCKTAKETESTKEY', secret_access_key: 'stocktake-test-secret' };
  const config = { bucket: 'sample-bucket', endpoint, ...keys };
  const body = { type: 'connector', name: 'sample', connector: { id: 's3', config }, sync: { page_size: pageSize } };
  return createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
}

/** Handles messages, so many at once, until none is left and nobody is at work. */
async function drain(
  messages: unknown[],
  atOnce: number,
  invoke: (message: unknown) => Promise<number>,
): Promise<{ invocations: number; longestMs: number }> {
  let invocations = 0;
  let longestMs = 0;
  const active = new Set<Promise<void>>();
  while (messages.length > 0 || active.size > 0) {
    while (messages.length > 0 && active.size < atOnce) {
      invocations += 1;
      if (invocations > mostInvocations) throw new Error('the run comes to no end');
      const work: Promise<void> = invoke(messages.shift()).then((took) => {
        longestMs = Math.max(longestMs, took);
        active.delete(work);
      });
      active.add(work);
    }
    await Promise.race(active);
  }
  return { invocations, longestMs };
}

/** Walks both in key order, side by side. */
async function countDifferences(table: CountingTable, uid: string, bucket: GeneratedBucket): Promise<number> {
  const objects = bucket.objects()[Symbol.iterator]();
  let differences = 0;
  for (const range of await readRanges(table, uid)) {
    for await (const item of table.query({ pk: recordPartition(uid, range.id) })) {
      const record = readRecord(item);
      if (record.gone !== undefined) continue;
      const { sk: key, size, etag, last_modified: lastModified, storage_class: storageClass } = record;
      if (!isSame({ key, size, etag, lastModified, storageClass }, objects.next().value)) differences += 1;
    }
  }
  while (!objects.next().done) differences += 1;
  return differences;
}

function isSame(one: ListedObject, other: ListedObject | undefined): boolean {
  if (other === undefined) return false;
  const { key, size, etag, lastModified, storageClass } = other;
  const named = one.key === key && one.etag === etag;
  return named && one.size === size && one.lastModified === lastModified && one.storageClass === storageClass;
}
