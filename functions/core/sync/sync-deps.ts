import type { Buckets, Ids, Log, Opener, WorkQueue } from '../ports.ts';
import type { LeaseDeps } from './lease.ts';

/** All that starting and performing runs takes. */
export type SyncDeps = LeaseDeps & {
  readonly buckets: Buckets;
  readonly opener: Opener;
  readonly ids: Ids;
  readonly log: Log;
  readonly queue: WorkQueue;
  readonly settings: SyncSettings;
  /** When this invocation should hand its runs on to another, epoch milliseconds; never where processes live on. */
  readonly yieldAt?: number;
};

/** Limits of a run, set where Stocktake is hosted. */
export type SyncSettings = {
  /** How long a write that was sent can still be under way, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Time a run may take if its connector sets none, seconds. */
  readonly runTimeLimitSeconds: number;
  /** A run holds when its deletions exceed both: so many objects and such a share of the records. */
  readonly holdAboveObjects: number;
  readonly holdAboveShare: number;
  /** Up to so many deletions are confirmed one by one; beyond, so many are sampled. */
  readonly confirmLimit: number;
  readonly confirmSample: number;
  /** Time between two progress notes of a run, milliseconds. */
  readonly progressMs: number;
};

/** The values of docs/design.md. */
export const defaultSyncSettings: SyncSettings = {
  requestTimeoutMs: 30_000,
  runTimeLimitSeconds: 86_400,
  holdAboveObjects: 10,
  holdAboveShare: 0.15,
  confirmLimit: 1000,
  confirmSample: 100,
  progressMs: 2000,
};
