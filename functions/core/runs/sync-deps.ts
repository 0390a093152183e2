import type { LeaseDeps } from '../lease/lease.ts';
import type { Ids, Log } from '../model/ports/host.ts';
import type { Room } from '../model/ports/room.ts';
import type { Spools } from '../model/ports/spools.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { defaultQuotas, type Quota } from '../model/quota.ts';
import type { ConnectorReader } from '../registry/connector-cache.ts';
import type { OpenDeps } from '../registry/open-bucket.ts';
import { timeBudget } from '../timing/time-budget.ts';

/** All that starting and performing runs takes. */
export type SyncDeps = LeaseDeps &
  OpenDeps & {
    readonly ids: Ids;
    readonly log: Log;
    readonly queue: WorkQueue;
    /** For work that may take long, so that it takes no place in `queue`; absent where every run has a process to itself, or
     *  this is that place. */
    readonly aside?: WorkQueue;
    /** Awaited before each step of the run with this id: where many share a process, one that lasts long gives way to those
     *  that begin, and to whoever asks the API. */
    readonly giveWay?: (run: string) => Promise<void>;
    readonly spools: Spools;
    /** What the machine has left; absent where the table grows without end. */
    readonly room?: Room;
    /** How ticks read their connectors; by default as they stand. */
    readonly connectors?: ConnectorReader;
    readonly settings: SyncSettings;
    /** When this invocation should hand its runs on to another, epoch milliseconds; never where processes live on. */
    readonly yieldAt?: number;
  };

/** Limits of a run, set where Stocktake is hosted. */
export type SyncSettings = {
  /** How long a write that was sent can still be under way, milliseconds: a lease or claim that ends sooner is renewed first. */
  readonly requestTimeoutMs: number;
  /** Time a run may take if its connector sets none, seconds: without progress on AWS's own hosts, in all elsewhere. */
  readonly runTimeLimitSeconds: number;
  /** A run holds when its deletions exceed both: so many objects and such a share of the records. */
  readonly holdAboveObjects: number;
  readonly holdAboveShare: number;
  /** Up to so many deletions are confirmed one by one; beyond, so many are sampled. */
  readonly confirmLimit: number;
  readonly confirmSample: number;
  /** Time between two progress notes of a run, milliseconds. */
  readonly progressMs: number;
  /** Where a page changed nothing, how far the run is is stored no more often than this, milliseconds; otherwise after
   *  each page. A write for each page would cost an eighth of what listing it does. */
  readonly checkpointMs: number;
  /** A range is closed, and the next begun, when it holds so many objects. */
  readonly rangeObjects: number;
  /** Records to a leaf. */
  readonly leafRecords: number;
  /** Ranges that one worker syncs at once. */
  readonly streams: number;
  /** Workers that one run may have at once. */
  readonly workers: number;
  /** Pages of one range; a listing without end is told from a large one by nothing else. */
  readonly rangePageLimit: number;
  /** A stream that has listed so many pages where nothing was stored yet shares what is ahead of it; those of ranges that
   *  it closed on the way count. */
  readonly shareAfterPages: number;
  /** How many objects a datasource may have. */
  readonly objects: Quota;
  /** Syncs of one cron are spread over so much time at most, milliseconds; 0 where nothing suffers when all begin at once. */
  readonly spreadMs: number;
};

/** The values of docs/design.md. */
export const defaultSyncSettings: SyncSettings = {
  requestTimeoutMs: timeBudget.tableWriteMs,
  runTimeLimitSeconds: 86_400,
  holdAboveObjects: 10,
  holdAboveShare: 0.15,
  confirmLimit: 1000,
  confirmSample: 100,
  progressMs: 2000,
  checkpointMs: 5000,
  // One DynamoDB partition takes 1,000 writes a second: a range is two minutes of them.
  rangeObjects: 125_000,
  leafRecords: 128,
  streams: 16,
  workers: 1,
  // Two billion keys between two cuts.
  rangePageLimit: 2_000_000,
  // As many as four ranges have: a piece more for each share leaves ranges of 100,000 objects on average, and looking for
  // a place to cut costs two pages in a hundred at most.
  shareAfterPages: 500,
  objects: { most: defaultQuotas.objects, setting: 'maxObjectsPerDatasource' },
  spreadMs: 0,
};
