import { Failure } from '../../model/errors.ts';
import type { Quota } from '../../model/quota.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { readState } from '../../runs/sync-state.ts';
import type { RangeBoard } from '../progress/range-board.ts';
import { listWork } from '../progress/range-work.ts';

/** The most objects that a step lists. */
const pageObjects = 1000;

/** What other workers list is looked up so often: sixteen thousand rows for two billion objects. */
const othersMs = 60_000;

/** A bucket may be replaced as a whole, and what went waits for an approval: such records do not pile up beyond this. */
const mostTimes = 2;

/** What is looked at of a worker of the run. */
type Watched = {
  readonly deps: SyncDeps;
  readonly uid: string;
  readonly pass: { readonly id: string };
  readonly board: RangeBoard;
  readonly progress: { readonly steps: number };
};

/**
 * Holds a run to the number of objects that its datasource may have. Counted is what the pass listed in its scope, and not what
 * is stored, so that a bucket at its quota in which one object takes the place of another goes on. A worker alone stops at the
 * first page beyond, its other streams at theirs; with others beside it, after a minute at the latest.
 */
export class ObjectQuota {
  readonly #quota: Quota;
  /** Objects that may come before there is anything to look for. */
  #left = 0;
  #steps = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #limit: Promise<number> | undefined;

  constructor(quota: Quota) {
    this.#quota = quota;
  }

  /** To be called before each step; `all`: whatever others did, before the run may come to its end. Throws Failure
   *  `quota_exceeded`. */
  async demand(context: Watched, all = false): Promise<void> {
    const { deps, progress } = context;
    const now = deps.clock.now();
    const others = deps.settings.workers > 1 && context.board.shared;
    const isDue = all || (others && Math.abs(now - this.#lookedAt) >= othersMs);
    if (!isDue && (progress.steps - this.#steps) * pageObjects < this.#left) return;
    this.#steps = progress.steps;
    this.#lookedAt = now;
    const matched = await matchedBy(context, others && isDue);
    this.#left = this.#quota.most - matched;
    if (this.#left >= 0) return;
    const limit = await this.#limitOf(context);
    this.#left = limit - matched;
    if (this.#left < 0) throw beyond(limit, this.#quota);
  }

  /** To be called before records are added. Throws Failure `quota_exceeded` where the machine has no room for them, or where too
   *  many wait to be deleted. */
  async demandPlace(context: Watched): Promise<void> {
    await context.deps.room?.demand();
    if (context.board.expected <= mostTimes * this.#quota.most) return;
    const limit = await this.#limitOf(context);
    if (context.board.expected > mostTimes * limit) throw pilingUp(context, limit, this.#quota);
  }

  #limitOf(context: Watched): Promise<number> {
    this.#limit ??= limitOf(context, this.#quota);
    return this.#limit;
  }
}

/** What stood when the quota was lowered may stay, and change. */
async function limitOf({ deps, uid }: Watched, { most }: Quota): Promise<number> {
  const { last_complete: last } = await readState(deps.table, uid);
  return Math.max(most, last?.matched ?? 0);
}

async function matchedBy({ deps, uid, pass, board }: Watched, others: boolean): Promise<number> {
  const tallies = others ? board.talliesWith(await listWork(deps.table, uid, pass.id)) : board.tallies();
  return tallies.reduce((sum, { counters }) => sum + counters.matched, 0);
}

function beyond(limit: number, { setting }: Quota): Failure {
  return new Failure(
    'quota_exceeded',
    `the bucket has more than ${limit.toLocaleString('en')} objects in the scope of this datasource, as many as it may have; what stands stays, nothing was deleted, and once there may be more the next run goes on from where this one stopped. Raise the setting ${setting}, or narrow the prefix or the filters`,
  );
}

function pilingUp({ board }: Watched, limit: number, { setting }: Quota): Failure {
  return new Failure(
    'quota_exceeded',
    `the catalogue has ${board.expected.toLocaleString('en')} records of this datasource, and it may have ${limit.toLocaleString('en')}: deletions wait to be approved, and no more is added until they are decided about. Approve or correct the held run, or raise the setting ${setting}`,
  );
}
