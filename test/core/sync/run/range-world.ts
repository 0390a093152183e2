import type { Acting } from '#core/audit/audit-write.ts';
import { type RangeRow, readRanges } from '#core/catalogue/range-map.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import type { Bucket, Buckets } from '#core/model/ports/bucket.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import type { PlainWrite, Table, TransactWrite } from '#core/model/ports/table.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { type RunRequest, type StartedRun, startRun } from '#core/runs/start-run.ts';
import type { SyncDeps, SyncSettings } from '#core/runs/sync-deps.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';
import { type BucketModel, createBucketModel, createModelBuckets } from '../../../simulation/bucket-model.ts';

/** The real use cases on a bucket in memory, with all that goes to the bucket and to the store in view. */
export type RangeWorld = SyncWorld & {
  readonly bucket: BucketModel;
  /** Virtual; only the test moves it. */
  readonly time: { now: number };
  /** Listings asked for since the last `forget`. */
  readonly listings: ListRequest[];
  /** Keys asked for one by one since the last `forget`. */
  readonly heads: string[];
  /** Items read since the last `forget`: `record`, `leaf`, `map`, `work` … with the key. */
  readonly reads: { readonly kind: string; readonly key: string }[];
  /** Items put or deleted since the last `forget`. */
  readonly written: { readonly kind: string; readonly key: string }[];
  /** Called before each answer to a listing; throwing makes the listing fail. */
  beforeList: ((request: ListRequest) => Promise<void> | void) | undefined;
  forget(): void;
  /** The dependencies of a worker, with the watching table. */
  worker(overrides?: Partial<SyncDeps>): SyncDeps & Acting;
  start(id: string, request?: Partial<RunRequest>, overrides?: Partial<SyncDeps>): Promise<StartedRun>;
  run(id: string, overrides?: Partial<SyncDeps>, request?: Partial<RunRequest>): Promise<RunRow>;
  /** Handles queued messages, one by one, until there are none; the run as it is then. */
  drain(run: RunRow, overrides?: Partial<SyncDeps>): Promise<RunRow>;
  ranges(uid: string): Promise<RangeRow[]>;
  /** Takes out the messages of one type. */
  take(type: WorkMessage['type']): WorkMessage[];
  readonly facts: () => ReturnType<typeof modelFacts>;
};

type Placed = { readonly bucket: BucketModel; readonly now: () => number };

const awsEndpoint = 's3.us-east-1.amazonaws.com';

const begin = Date.parse('2026-03-01T00:00:00Z');

/**
 * @param place where its datasources say that the bucket is, and what stands before the honest bucket there; AWS's own,
 * and nothing, if not said.
 */
export async function createRangeWorld(
  settings: Partial<SyncSettings> = {},
  place: { readonly endpoint?: string; readonly before?: (honest: Buckets, world: Placed) => Buckets } = {},
): Promise<RangeWorld> {
  const time = { now: begin };
  const bucket = createBucketModel(bucketName, () => time.now);
  const seen = { listings: [] as ListRequest[], heads: [] as string[], reads: [] as Seen[], written: [] as Seen[] };
  const honest = createModelBuckets([bucket]);
  const served = place.before?.(honest, { bucket, now: () => time.now }) ?? honest;
  const watched = watchBuckets(served, seen, (request) => world.beforeList?.(request));
  const relaxed = { progressMs: 0, holdAboveObjects: 100_000, ...settings };
  const inner = await createSyncWorld({ settings: relaxed, clock: { now: () => time.now }, buckets: watched });
  const table = watchTable(inner.table, seen);
  const worker = (overrides: Partial<SyncDeps> = {}): SyncDeps & Acting => ({ ...inner.deps, table, ...overrides });
  const start = async (id: string, request: Partial<RunRequest> = {}, overrides: Partial<SyncDeps> = {}) => {
    const asked = { datasource: id, trigger: 'schedule', inProcess: true, ...request } as const;
    const started = await startRun(worker(overrides), asked);
    if (started.outcome !== 'started') throw new Error(`no run was started: ${started.outcome}`);
    return started;
  };
  const world: RangeWorld = {
    ...inner,
    ...seen,
    bucket,
    time,
    beforeList: undefined,
    forget: () => void [seen.listings, seen.heads, seen.reads, seen.written].map((list) => list.splice(0)),
    worker,
    start,
    // What is asked here is how ranges are walked, not how a foreign server is watched.
    addDatasource: ({ config = {}, ...more } = {}) =>
      inner.addDatasource({ config: { endpoint: place.endpoint ?? awsEndpoint, use_ssl: true, ...config }, ...more }),
    run: async (id, overrides = {}, request = {}) => performRun(worker(overrides), await start(id, request, overrides)),
    async drain(run, overrides = {}) {
      for (let left = 5000; inner.messages.length > 0; left -= 1) {
        if (left === 0) throw new Error('messages go round for ever');
        await handleWork(worker(overrides), inner.messages.shift()?.message);
      }
      return (await readRun(inner.table, run.uid, run.id)) ?? run;
    },
    ranges: (uid) => readRanges(inner.table, uid),
    take(type) {
      const all = inner.messages.splice(0);
      inner.messages.push(...all.filter(({ message }) => (message as WorkMessage).type !== type));
      return all.map(({ message }) => message as WorkMessage).filter((message) => message.type === type);
    },
    facts: () => modelFacts(bucket),
  };
  return world;
}

type Seen = { readonly kind: string; readonly key: string };
type Sight = { listings: ListRequest[]; heads: string[]; reads: Seen[]; written: Seen[] };

/** What a catalogue must hold of a bucket, in the form of recordFacts. */
export function modelFacts(bucket: BucketModel): ReturnType<typeof recordFacts> {
  return bucket.objects().map((object) => ({ ...object }));
}

export { recordFacts };

function watchBuckets(buckets: Buckets, seen: Sight, before: (request: ListRequest) => Promise<void> | void): Buckets {
  return {
    open(target) {
      const inner: Bucket = buckets.open(target);
      return {
        ...inner,
        get closings() {
          return inner.closings;
        },
        async list(request) {
          seen.listings.push(request);
          await before(request);
          return inner.list(request);
        },
        async head(key) {
          seen.heads.push(key);
          return inner.head(key);
        },
      };
    },
  };
}

function watchTable(table: Table, seen: Sight): Table {
  const place = (key: { pk: string; sk: string }): Seen => ({ kind: key.pk.split('#')[0] ?? '', key: key.sk });
  const note = (writes: readonly (PlainWrite | TransactWrite)[]): void => {
    for (const write of writes) {
      if ('check' in write) continue;
      seen.written.push(place('put' in write ? write.put : write.delete));
    }
  };
  return {
    async get(key) {
      seen.reads.push(place(key));
      return table.get(key);
    },
    async batchGet(keys) {
      seen.reads.push(...keys.map(place));
      return table.batchGet(keys);
    },
    async put(item, condition) {
      await table.put(item, condition);
      note([{ put: item }]);
    },
    async delete(key, condition) {
      await table.delete(key, condition);
      note([{ delete: key }]);
    },
    async batchWrite(writes) {
      const left = await table.batchWrite(writes);
      note(writes.filter((write) => !left.includes(write)));
      return left;
    },
    async transact(writes) {
      await table.transact(writes);
      note(writes);
    },
    async *query(query) {
      for await (const item of table.query(query)) {
        seen.reads.push(place(item));
        yield item;
      }
    },
  };
}
