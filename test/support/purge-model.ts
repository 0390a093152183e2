import { emptyRange, rangeItem } from '#core/catalogue/range-map.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import type { PurgeDeps } from '#core/dispatch/purge-data.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import type { PlainWrite, Query, Table } from '#core/model/ports/table.ts';
import { listPurges } from '#core/purges/list-purges.ts';
import { purgeItem } from '#core/registry/purge-item.ts';
import { defaultSyncSettings, type SyncDeps } from '#core/runs/sync-deps.ts';
import { createMemoryTable, type MemoryTable } from '../simulation/memory-table.ts';
import { createRecordingLog } from './recording-log.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

/** What one partition of DynamoDB takes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
const partitionWritesPerSecond = 1000;

/** On average, docs/design.md. */
const recordsPerRange = 100_000;

/** Each item of the model stands for so many records, so that a billion are ten million. */
const grain = 100;

/** Of one call for one item; and of twenty pages of a query, a megabyte and 2,500 records each, told at once to save turns. */
const callMs = 5;
const readMs = 400;
const recordsPerRead = 50_000;

const leaseMs = 930_000;
const invocationMs = 840_000;
const sweepMs = 300_000;

export type PurgeModel = {
  readonly records: number;
  /** What the whole table takes in a second. */
  readonly tableWritesPerSecond: number;
  readonly workers: number;
};

export type PurgeReport = {
  /** Until all records were gone, and until the purge was over with its second round. */
  readonly seconds: number;
  readonly secondsInAll: number;
  readonly invocations: number;
  readonly left: number;
  /** Records that were deleted twice, as a share of all. */
  readonly twice: number;
  /** What was shown at each sweep. */
  readonly percents: readonly number[];
};

/** The real purge over a table that takes no more than it may, in functions that live for 14 minutes, on virtual time. */
export async function runPurgeModel(model: PurgeModel): Promise<PurgeReport> {
  const time = createVirtualTime(Date.parse('2026-03-01T00:00:00Z'));
  const plain = createMemoryTable();
  await fill(plain, Math.ceil(model.records / recordsPerRange));
  const table = throttledTable(plain, time, model);
  const begin = time.clock.now();
  let [invocations, under, emptyAt] = [0, 0, 0];
  const failures: unknown[] = [];
  const invoke = (work: (deps: PurgeDeps & SyncDeps) => Promise<void>): void => {
    invocations += 1;
    under += 1;
    const yieldAt = time.clock.now() + invocationMs;
    work({ ...shared, holder: `worker-${invocations}`, yieldAt } as unknown as PurgeDeps & SyncDeps)
      .catch((error: unknown) => failures.push(error))
      .finally(() => {
        under -= 1;
      });
  };
  const shared = {
    table,
    clock: time.clock,
    log: createRecordingLog(),
    ids: { unique: () => String(invocations) },
    isAlive: () => true,
    leaseMs,
    settings: { ...defaultSyncSettings, workers: model.workers },
    queue: {
      send: async (message: unknown, { delaySeconds = 0 } = {}) => {
        void time.sleep(delaySeconds * 1000).then(() => invoke((deps) => handleWork(deps, message)));
      },
    },
  };
  const percents: number[] = [];
  while (plain.slice({ pk: 'purge' }).length > 0 || under > 0) {
    if (failures.length > 0) throw failures[0];
    invoke((deps) => sweep(deps));
    await time.advance(sweepMs);
    const [purge] = (await listPurges(plain)).purges;
    if (purge !== undefined) percents.push(purge.percent);
    if (emptyAt === 0 && table.left() === 0) emptyAt = table.lastAt();
  }
  const { deleted, left } = { deleted: table.deletes(), left: table.left() };
  return {
    seconds: Math.round((emptyAt - begin) / 1000),
    secondsInAll: Math.round((time.clock.now() - begin) / 1000),
    ...{ invocations, left, percents },
    twice: deleted / model.records - 1,
  };
}

async function fill(table: MemoryTable, ranges: number): Promise<void> {
  for (let index = 0; index < ranges; index += 1) {
    const lo = index === 0 ? '\u0000' : `key-${String(index).padStart(6, '0')}`;
    await table.put(rangeItem('old', { ...emptyRange(`r${index}`, lo, undefined), objects: recordsPerRange }));
  }
  await table.put(purgeItem('old', 'photos'));
}

type ThrottledTable = Table & { left(): number; deletes(): number; lastAt(): number };

/** Records stand in it as numbers alone: of each partition, the first one that is left. */
function throttledTable(plain: MemoryTable, time: VirtualTime, model: PurgeModel): ThrottledTable {
  const partitions = new Map<string, { first: number; freeAt: number }>(
    plain.slice({ pk: 'map#old' }).map(({ id }) => [`record#old#${id}`, { first: 0, freeAt: 0 }]),
  );
  const items = recordsPerRange / grain;
  const tally = { freeAt: 0, deletes: 0, lastAt: 0 };
  const after =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      await time.sleep(callMs);
      return call(...args);
    };
  const deleteRecords = async (writes: readonly PlainWrite[]): Promise<readonly PlainWrite[]> => {
    const keys = writes.map((write) => ('delete' in write ? write.delete : write.put));
    const partition = partitions.get(keys[0]?.pk ?? '');
    const last = keys.at(-1);
    if (partition === undefined || last === undefined) return plain.batchWrite(writes);
    const now = time.clock.now();
    const records = writes.length * grain;
    partition.freeAt = Math.max(now, partition.freeAt) + (records / partitionWritesPerSecond) * 1000;
    tally.freeAt = Math.max(now, tally.freeAt) + (records / model.tableWritesPerSecond) * 1000;
    await time.sleep(Math.max(partition.freeAt, tally.freeAt) - now);
    partition.first = Math.max(partition.first, Number(last.sk) + 1);
    tally.deletes += records;
    tally.lastAt = time.clock.now();
    return [];
  };
  return {
    get: after((key) => plain.get(key)),
    batchGet: after((keys) => plain.batchGet(keys)),
    put: after((item, condition) => plain.put(item, condition)),
    delete: after((key, condition) => plain.delete(key, condition)),
    transact: after((writes) => plain.transact(writes)),
    batchWrite: deleteRecords,
    async *query(query: Query) {
      await time.sleep(callMs);
      const partition = partitions.get(query.pk);
      if (partition === undefined) yield* plain.query(query);
      else {
        for (let index = partition.first; index < items; index += 1) {
          if ((index * grain) % recordsPerRead === 0) await time.sleep(readMs);
          yield { pk: query.pk, sk: String(index) };
        }
      }
    },
    left: () => [...partitions.values()].reduce((sum, { first }) => sum + (items - first) * grain, 0),
    deletes: () => tally.deletes,
    lastAt: () => tally.lastAt,
  };
}
