import { existsSync } from 'node:fs';
import { createStsClient, createStsRoles } from '#adapters/aws/sts-roles.ts';
import { createDiskRoom, freeBytesOf } from '#adapters/process/disk-room.ts';
import { createFileSpools } from '#adapters/process/file-spools.ts';
import { openFileVault } from '#adapters/process/file-vault.ts';
import { createGiveWay } from '#adapters/process/give-way.ts';
import { createLocalEventBus, type LocalEventBus } from '#adapters/process/local-event-bus.ts';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import { createSystemTimers, type Timers } from '#adapters/process/timers.ts';
import { createWatchedClock } from '#adapters/process/watched-clock.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { openSqliteTable, type SqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createTableWorkQueue, type TableWorkQueue } from '#adapters/sqlite/table-work-queue.ts';
import { createTimerSchedules, type TimerSchedules } from '#adapters/sqlite/timer-schedules.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleTick, tickPayload } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { enrichChanges } from '#core/jobs/enrich-changes.ts';
import { handleJobs } from '#core/jobs/handle-jobs.ts';
import type { Clock, Log } from '#core/model/ports/host.ts';
import type { ItemChange } from '#core/model/ports/table.ts';
import type { Quota, RowQuotas } from '#core/model/quota.ts';
import { defaultSyncSettings, type SyncDeps } from '#core/runs/sync-deps.ts';
import { datasourcesToReconcile } from '#core/schedules/reconcile-request.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';
import type { MergeDeps } from '#core/source/merge-config.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { type DataFolder, takeDataFolder, unusable } from './data-folder.ts';
import { createFeedPump } from './feed-pump.ts';
import { createUpkeep } from './upkeep.ts';
import { createLocalWebhooks } from './webhooks.ts';

/** One machine's Stocktake without its HTTP face: what the server and tests start and stop. */
export type LocalStocktake = {
  readonly deps: EmbeddedDeps;
  readonly table: SqliteTable;
  readonly schedules: TimerSchedules;
  readonly bus: LocalEventBus;
  /** Mends what an earlier process left behind, then begins to fire schedules and perform runs. */
  start(): Promise<void>;
  /** Ends what it can within a few seconds; a run that takes longer is made up for at the next start. */
  stop(): Promise<void>;
};

/** Runs of so many datasources at once; each holds a page of its listing and of the store in memory. Of those that began within
 *  the last second there are fewer, so that many slots that are due at once do not all stand in memory. */
const concurrency = 64;
const beginning = 16;

/** Runs of datasources whose last one failed, and purges, have places of their own: servers that hang take no others. */
const asideAtOnce = 16;

/** Batches of jobs at once; each has eight requests under way. */
const jobsAtOnce = 4;

/** A batch of 50 keys, eight at a time, each with three calls of 45 s at most (functions/adapters/s3/s3-buckets.ts). */
const jobsLeaseMs = 960_000;

/** At a stop, runs are given this long to come to their end. */
const stopMs = 3000;

/** How much this machine takes. */
export type LocalQuotas = RowQuotas & {
  /** Objects that a datasource may have. */
  readonly objects: Quota;
  /** Bytes that stay free on the disk of the data folder. */
  readonly leastFreeBytes: number;
};

/** What the rest of a machine needs, and what SQLite's log takes while much is written. */
const leastFreeBytes = 1e9;

export type LocalOptions = {
  readonly dataFolder: string;
  /** Whether loopback and private addresses may be dialled: all, none, or those `host[:port]` by name. */
  readonly privateEndpoints: boolean | readonly string[];
  /** Whether IAM roles may be taken with the AWS credentials of this machine; not by default. */
  readonly assumeRoles?: boolean;
  /** None but the disk's if not said. */
  readonly quotas?: LocalQuotas;
  readonly log: Log;
  /** The machine's own by default. */
  readonly time?: { readonly clock: Clock; readonly timers: Timers };
};

/** Puts the embedded adapters together over one data folder. Throws Failure if another process has the folder. */
export async function composeLocal(options: LocalOptions): Promise<LocalStocktake> {
  const folder = takeDataFolder(options.dataFolder);
  const table = openTable(options, folder);
  const deps = await embeddedDeps(table, folder, options);
  const onTick = async (tick: { readonly input: string }): Promise<void> => {
    await handleTick(deps, tickPayload.parse(JSON.parse(tick.input)));
  };
  const schedules = createTimerSchedules({ ...deps, onTick });
  const bus = createLocalEventBus(deps);
  const webhooks = createLocalWebhooks({ ...deps, privateEndpoints: options.privateEndpoints }, bus);
  const readers = [
    (changes: readonly ItemChange[]) => followDatasources({ ...deps, schedules }, changes),
    (changes: readonly ItemChange[]) => publishChanges({ ...deps, bus }, changes),
    (changes: readonly ItemChange[]) => enrichChanges(deps, changes),
  ];
  const pump = createFeedPump({ ...deps, feed: table.feed, readers });
  const upkeep = createUpkeep({ ...deps, table, schedules });
  return {
    deps,
    table,
    schedules,
    bus,
    async start() {
      await upkeep.start();
      pump.start();
      await deps.queue.start();
      await deps.aside.start();
      await deps.jobs.start();
      await webhooks.start();
      await schedules.start();
    },
    async stop() {
      upkeep.stop();
      const queues = [deps.queue.stop(), deps.aside.stop(), deps.jobs.stop(), webhooks.stop()];
      const stopped = Promise.all([schedules.stop(), ...queues, pump.stop()]);
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, stopMs).unref())]);
      table.close();
      folder.release();
    },
  };
}

function openTable({ dataFolder, log }: { dataFolder: string; log: Log }, folder: DataFolder): SqliteTable {
  if (existsSync(folder.database) && !existsSync(folder.vaultKey)) {
    log.warn('vault key missing', { reason: 'a new one is made; secrets stored before must be set again' });
  }
  if (folder.wasOpen.length > 0) {
    const reason = 'now for its owner alone; whoever could read it before may know what is in it';
    log.warn('data folder was open to other users', { names: folder.wasOpen, reason });
  }
  try {
    const table = openSqliteTable(folder.database, { feed: { prefixes: feedPrefixes } });
    folder.tighten();
    return table;
  } catch (error) {
    folder.release();
    throw unusable(dataFolder, error);
  }
}

type EmbeddedDeps = SyncDeps &
  MergeDeps & {
    readonly timers: Timers;
    readonly quotas?: RowQuotas | undefined;
    readonly queue: TableWorkQueue;
    readonly aside: TableWorkQueue;
    readonly jobs: TableWorkQueue;
  };

/** This machine's own AWS credentials are nobody's to lend unless its operator says so. */
function localRoles(assumeRoles: boolean, clock: Clock): Pick<EmbeddedDeps, 'roles' | 'assumableRoles'> {
  const setting =
    'start it with STOCKTAKE_ASSUME_ROLES=true to let it take roles with the AWS credentials of its machine';
  const assumable = createAssumableRoles(assumeRoles ? ['*'] : [], setting);
  const principals = 'the AWS identity that Stocktake runs as (`aws sts get-caller-identity` shows it)';
  return { roles: createStsRoles(createStsClient(), { clock, assumable, principals }), assumableRoles: assumable };
}

/** What its settings and its disk let the machine take. */
function limitsOf(
  { dataFolder, quotas }: LocalOptions,
  clock: Clock,
): Pick<EmbeddedDeps, 'quotas' | 'room' | 'settings'> {
  const freeBytes = (): Promise<number> => freeBytesOf(dataFolder);
  const settings = quotas === undefined ? defaultSyncSettings : { ...defaultSyncSettings, objects: quotas.objects };
  const least = quotas?.leastFreeBytes ?? leastFreeBytes;
  return { quotas, room: createDiskRoom({ clock, leastFreeBytes: least, freeBytes }), settings };
}

async function embeddedDeps(
  table: SqliteTable,
  { vaultKey, spool }: DataFolder,
  options: LocalOptions,
): Promise<EmbeddedDeps> {
  const { log, privateEndpoints, assumeRoles = false, time } = options;
  const vault = await openFileVault(vaultKey);
  const clock = createWatchedClock(time?.clock ?? systemClock, log);
  const ids = createRandomIds();
  const timers = time?.timers ?? createSystemTimers(clock);
  const boot = ids.unique();
  const common = { table, clock, ids, timers, log };
  const aside = createTableWorkQueue({
    ...common,
    queue: 'aside',
    concurrency: asideAtOnce,
    consume: (message, { alive }) => handleWork({ ...deps, aside: undefined, alive }, message),
  });
  const queue = createTableWorkQueue({
    ...common,
    concurrency,
    beginning,
    consume: (message, { alive }) => handleWork({ ...deps, alive }, message),
  });
  const jobs = createTableWorkQueue({
    ...common,
    queue: 'jobs',
    concurrency: jobsAtOnce,
    leaseMs: jobsLeaseMs,
    consume: (message) => handleJobs(deps, message),
  });
  const deps: EmbeddedDeps = {
    ...common,
    ...localRoles(assumeRoles, clock),
    sealer: vault,
    opener: vault,
    buckets: createBuckets({ allowPrivateEndpoints: privateEndpoints }),
    spools: createFileSpools(spool),
    queue,
    aside,
    giveWay: createGiveWay(),
    jobs,
    holder: boot,
    isAlive: (holder) => holder === boot,
    leaseMs: timeBudget.localLeaseMs,
    ...limitsOf(options, clock),
  };
  return deps;
}

/** The datasource row is the wish; its schedule follows. */
async function followDatasources(
  deps: Parameters<typeof reconcileSchedule>[0],
  changes: readonly ItemChange[],
): Promise<void> {
  for (const id of datasourcesToReconcile(changes)) await reconcileSchedule(deps, id);
}
