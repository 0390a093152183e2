import { openSqliteTable, type SqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Acting } from '#core/audit/audit-write.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { Ids, Log } from '#core/model/ports/host.ts';
import type { Sealer } from '#core/model/ports/vault.ts';
import { shortHash } from '#core/model/short-hash.ts';
import { createDatasource, updateDatasourceFields } from '#core/registry/changes/save-datasource.ts';
import { type DatasourceRow, datasourceInput, datasourcePatch } from '#core/registry/datasource.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { defaultSyncSettings, type SyncDeps, type SyncSettings } from '#core/runs/sync-deps.ts';
import type { MergeDeps } from '#core/source/merge-config.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { noRoles } from '#support/fake-roles.ts';
import { createMemorySpools } from '#support/memory-spools.ts';
import { somebody } from '#support/somebody.ts';
import { type BucketModel, createBucketModel, createModelBuckets } from './bucket-model.ts';
import { createFaultyBuckets, type FaultyBuckets } from './listing-faults.ts';

/** One object of one published event. */
export type PublishedChange = {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly datasource: string;
  readonly run: string;
};

export type ModelWorld = {
  readonly table: SqliteTable;
  readonly deps: SyncDeps & MergeDeps & Acting & { readonly minimumIntervalSeconds: number };
  readonly server: FaultyBuckets;
  /** What is done while a page is under way: set by a test. */
  beforePage: (() => Promise<void> | void) | undefined;
  /** What somebody changes about the datasource when the fault `config-changed` strikes. */
  changeConfig: (() => Promise<unknown>) | undefined;
  /** The bucket of that name, made empty when it is first asked for. */
  bucket(name: string): BucketModel;
  advance(milliseconds: number): void;
  addDatasource(config: object, sync?: object): Promise<DatasourceRow>;
  change(id: string, patch: object): Promise<DatasourceRow>;
  /** Starts a run, performs it with all that it sends to the queue, and returns it as it then stands. */
  sync(id: string): Promise<RunRow>;
  /** Handles queued messages until none is left. */
  work(): Promise<void>;
  /** Publishes what the feed tells, and returns the changes of objects since the last time. */
  publish(): Promise<PublishedChange[]>;
  close(): void;
};

const silent: Log = { info() {}, warn() {}, error() {} };

/** As in the test worlds: a vault that minds the context and hides nothing. */
const openVault: SyncDeps['opener'] & Sealer = {
  seal: async (plaintext, context) => JSON.stringify([context, plaintext]),
  async open(ciphertext, context) {
    const [sealedFor, plaintext] = JSON.parse(ciphertext);
    if (JSON.stringify(sealedFor) !== JSON.stringify(context)) throw new Error('sealed for another owner');
    return plaintext;
  },
};

/** Time that one request takes, milliseconds. */
const requestMs = 20;

/** No scenario of ours makes so many messages: more means that they go round for ever. */
const mostMessages = 10_000;

type ModelWorldOptions = {
  readonly settings?: Partial<SyncSettings>;
  /** Where the buckets are said to be: AWS's own if not said. */
  readonly endpoint?: string;
  /** What stands before the honest buckets. */
  readonly before?: (honest: Buckets, place: { bucket(name: string): BucketModel; now(): number }) => Buckets;
};

const awsEndpoint = 's3.us-east-1.amazonaws.com';

/** The public use cases on a table in memory, a virtual clock, and buckets that are honest until told otherwise. */
export function createModelWorld(options: ModelWorldOptions = {}): ModelWorld {
  let now = Date.parse('2026-03-01T00:00:00Z');
  const clock = { now: () => now };
  const models: BucketModel[] = [];
  const table = openSqliteTable(':memory:', { feed: { prefixes: feedPrefixes } });
  const settings = { ...defaultSyncSettings, ...options.settings };
  const messages: { message: unknown; delaySeconds: number }[] = [];
  const opened = (name: string): BucketModel => {
    const found = models.find((one) => one.name === name);
    if (found !== undefined) return found;
    const made = createBucketModel(name, clock.now);
    models.push(made);
    return made;
  };
  const place = { bucket: opened, now: clock.now };
  const served = createModelBuckets(models);
  const honest = timed(options.before?.(served, place) ?? served, async (isPage) => {
    now += requestMs;
    if (isPage) await world.beforePage?.();
  });
  const server = createFaultyBuckets(honest, {
    advance: (milliseconds) => world.advance(milliseconds),
    changeConfig: async () => void (await world.changeConfig?.()),
    requestTimeoutMs: settings.requestTimeoutMs,
  });
  const deps: ModelWorld['deps'] = {
    ...somebody,
    ...noRoles,
    spools: createMemorySpools(),
    ...{ table, log: silent, clock, ids: countedIds(), sealer: openVault, opener: openVault, buckets: server },
    queue: { send: async (message, sent) => void messages.push({ message, delaySeconds: sent?.delaySeconds ?? 0 }) },
    ...{ holder: 'this-boot', isAlive: (holder) => holder === 'this-boot', leaseMs: 120_000, settings },
    minimumIntervalSeconds: 10,
  };

  const world: ModelWorld = {
    ...{ table, deps, server, beforePage: undefined, changeConfig: undefined, bucket: opened },
    advance(milliseconds) {
      now += milliseconds;
    },
    addDatasource(config, sync = {}) {
      const whole = { bucket: 'sample-bucket', endpoint: options.endpoint ?? awsEndpoint, ...keys, ...config };
      const body = { type: 'connector', name: 'sample', connector: { id: 's3', config: whole }, sync };
      return createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
    },
    change: (id, patch) => updateDatasourceFields(deps, id, parseInput(datasourcePatch, patch, 'the datasource')),
    async sync(id) {
      now += 1000;
      const start = await startRun(deps, { datasource: id, trigger: 'manual', inProcess: true });
      if (start.outcome !== 'started') throw new Error(`no run was started: ${start.outcome}`);
      const run = await performRun(deps, start);
      await world.work();
      return (await readRun(table, run.uid, run.id)) ?? run;
    },
    async work() {
      for (let handled = 0; messages.length > 0; handled += 1) {
        if (handled > mostMessages) throw new Error('the messages of the queue come to no end');
        const [next] = messages.splice(0, 1);
        now += (next?.delaySeconds ?? 0) * 1000;
        await handleWork(deps, next?.message);
      }
    },
    publish: () => publishedChanges(table),
    close: () => table.close(),
  };
  return world;
}

/** Calls back before each request is answered. */
function timed(buckets: Buckets, before: (isPage: boolean) => Promise<void>): Buckets {
  return {
    open(target) {
      const bucket = buckets.open(target);
      return {
        ...bucket,
        get closings() {
          return bucket.closings;
        },
        async list(request) {
          await before(request.maxKeys > 1);
          return bucket.list(request);
        },
        async head(key) {
          await before(false);
          return bucket.head(key);
        },
      };
    },
  };
}

const keys = { access_key_id: 'STOCKTAKETESTKEY', secret_access_key: 'stocktake-test-secret' };

/** Ids in the order in which they are asked for, so that a seed replays in all its details. */
export function countedIds(): Ids {
  let count = 0;
  return {
    unique() {
      count += 1;
      return shortHash(['id', count]).slice(0, 25);
    },
  };
}

/** Reads the feed to its end through the publisher. */
export async function publishedChanges(table: SqliteTable): Promise<PublishedChange[]> {
  const published: PublishedChange[] = [];
  const bus = { publish: async (events: readonly BusEvent[]) => void published.push(...events.flatMap(changesOf)) };
  for (;;) {
    const fed = await table.feed.read(1000);
    const last = fed.at(-1);
    if (last === undefined) return published;
    const changes = fed.map(({ change }) => change);
    await publishChanges({ table, bus, log: silent }, changes);
    await table.feed.acknowledge(last.sequence);
  }
}

/** The changes of objects that an event lists; none for the events of runs. */
export function changesOf(event: BusEvent): PublishedChange[] {
  const { objects, datasource, run } = event.detail;
  if (!Array.isArray(objects)) return [];
  return objects.map(({ id, key }) => ({
    ...{ id: String(id), key: String(key), kind: event.type },
    ...{ datasource: String(datasource), run: String(run) },
  }));
}
