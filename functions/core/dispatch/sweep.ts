import {
  freed,
  holdingRun,
  type Lease,
  type LeaseDeps,
  leaseKey,
  leaseOf,
  putLease,
  readLease,
  seemsForgotten,
  shortened,
  waitingOn,
} from '../lease/lease.ts';
import { type Round, type Slice, sweepInTurn } from '../lease/sweep-turn.ts';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Ids, Log } from '../model/ports/host.ts';
import type { Item, Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { pageDatasources } from '../registry/datasource-store.ts';
import { purgeItem, purgePartition, readPurgeMark } from '../registry/purge-item.ts';
import { closeAbandonedRun } from '../runs/close-abandoned-run.ts';
import { isResumable, resumeRun } from '../runs/resume-run.ts';
import type { RunRow } from '../runs/run.ts';
import { readRun } from '../runs/run-store.ts';
import { stateKey, unhealthySince } from '../runs/sync-state.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { purgeRun } from './purge-watch.ts';

/** Datasources mended at once. */
const atOnce = 8;

/** How far the sweep is is noted after so many: some seconds, where each of them has to be mended. */
const sliceDatasources = 1000;

/** Interruptions in a row that are made up for at once; after that the schedule alone goes on. */
const mostRestarts = 3;

/** What a round found; metrics are made of it. */
export type SweepCounts = {
  readonly datasources: number;
  /** Of those that are on: failing, or holding what somebody has to approve. */
  readonly unhealthy: number;
  /** Of these: so since the round before began. What is well again by now is not among them. */
  readonly turned_unhealthy: number;
};

export type SweepDeps = LeaseDeps & {
  readonly queue: WorkQueue;
  readonly ids: Ids;
  readonly log: Log;
  readonly yieldAt?: number;
  /** Told how a round ended. */
  readonly swept?: (counts: SweepCounts) => void;
};

/**
 * Puts right what a process that died left behind: its runs go on from their checkpoints, or are ended and started anew
 * where they have none, and so do purges whose message was lost. To be called at start and every few minutes. Safe to repeat.
 * One process at a time goes over the datasources; what its time does not suffice for, the next call goes on with.
 */
export async function sweep(deps: SweepDeps): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<WorkMessage | undefined>): Promise<void> => {
    try {
      const message = await work();
      if (message !== undefined) await deps.queue.send(message);
    } catch (error) {
      // One that cannot be mended must not keep the others waiting.
      failures.push(error);
    }
  };
  const ended = await sweepInTurn(deps, 'runs', (round) => slicesOf(deps, round, attempt));
  if (ended !== undefined) {
    const { datasources = 0, unhealthy = 0, turned_unhealthy = 0 } = ended.counts;
    deps.swept?.({ datasources, unhealthy, turned_unhealthy });
  }
  for await (const mark of deps.table.query({ pk: purgePartition })) {
    await attempt(() => purgeAgain(deps, mark.sk));
  }
  if (failures.length > 0) throw new AggregateError(failures, `the sweep could not mend ${failures.length} of all`);
}

type Attempt = (work: () => Promise<WorkMessage | undefined>) => Promise<void>;

async function* slicesOf(deps: SweepDeps, round: Round, attempt: Attempt): AsyncIterable<Slice> {
  const newSince = round.lastBeganAt ?? round.beganAt;
  for (let after = round.after; ; ) {
    const rows = await pageDatasources(deps.table, after, sliceDatasources);
    const items = await readStanding(deps.table, rows);
    const counts = { datasources: rows.length, unhealthy: 0, turned_unhealthy: 0 };
    const waiting = rows.values();
    const worker = async (): Promise<void> => {
      for (const row of waiting) {
        const { lease, state } = items.get(row.uid) ?? {};
        await attempt(async () => {
          const since = row.enabled ? unhealthySince(state) : undefined;
          if (since !== undefined) counts.unhealthy += 1;
          // In the next round it is told of what ended while this one went on.
          if (since !== undefined && since >= newSince && since < round.beganAt) counts.turned_unhealthy += 1;
          return undefined;
        });
        await attempt(async () => (needsMending(deps, leaseOf(lease)) ? mend(deps, row) : undefined));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    after = rows.length < sliceDatasources ? undefined : rows.at(-1)?.id;
    yield { through: after, counts };
    if (after === undefined) return;
  }
}

type Standing = { lease?: Item; state?: Item };

/** Lease and state of each, by uid: a hundred items at a time. */
async function readStanding(table: Table, rows: readonly DatasourceRow[]): Promise<Map<string, Standing>> {
  const standing = new Map<string, Standing>();
  for (const item of await table.batchGet(rows.flatMap(({ uid }) => [leaseKey(uid), stateKey(uid)]))) {
    standing.set(item.pk, { ...standing.get(item.pk), [item.sk === stateKey(item.pk).sk ? 'state' : 'lease']: item });
  }
  return standing;
}

/** A lease that is free needs nothing. Whoever mends reads it again, for it may be another one by then. */
function needsMending(deps: SweepDeps, lease: Lease): boolean {
  return lease.run !== undefined || shortened(deps, lease) !== undefined;
}

/** A purge that is on needs no reminder, nor does one whose time has not come. */
async function purgeAgain(deps: SweepDeps, uid: string): Promise<WorkMessage | undefined> {
  const lease = await readLease(deps.table, uid);
  const purging = lease.run === purgeRun && holdingRun(deps, lease) !== undefined;
  const mark = await readPurgeMark(deps.table, uid);
  const againAt = mark?.again_at ?? 0;
  if (mark !== undefined && wasAhead(deps.clock, againAt, 2 * deps.leaseMs)) {
    await deps.table.put(purgeItem(uid, mark.datasource, deps.clock.now() + 2 * deps.leaseMs));
    return undefined;
  }
  if (againAt > deps.clock.now()) return undefined;
  return purging ? undefined : { type: 'purge', uid };
}

/** The lease, and where a clock that was ahead gave it, as one given now: it would keep its datasource until then. */
async function inTime(deps: SweepDeps, uid: string, lease: Lease): Promise<Lease> {
  const next = shortened(deps, lease);
  if (next === undefined) return lease;
  await putLease(deps.table, uid, lease, next);
  return next;
}

/** A run that never began is not lost, it only waits: it keeps its place, and is sent again should its message be lost. */
async function remind(deps: SweepDeps, run: RunRow, lease: Lease): Promise<WorkMessage | undefined> {
  const { datasource, uid, id } = run;
  try {
    await putLease(deps.table, uid, lease, waitingOn(deps, lease));
    return { type: 'run', datasource, uid, run: id };
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** Takes up or closes the run of a lease whose holder died. Returns what is to be done about it. */
async function mend(deps: SweepDeps, { id, uid, enabled }: DatasourceRow): Promise<WorkMessage | undefined> {
  const lease = await inTime(deps, uid, await readLease(deps.table, uid));
  if (lease.run === undefined) return undefined;
  const held = holdingRun(deps, lease) !== undefined;
  if (held && !seemsForgotten(deps, lease)) return undefined;
  const run = await readRun(deps.table, uid, lease.run);
  if (run?.status === 'queued' && lease.holder === undefined && !lease.cancel) return remind(deps, run, lease);
  if (held) return { type: 'run', datasource: id, uid, run: lease.run };
  if (run !== undefined && isResumable(run)) {
    const resumed = await resumeRun(deps, lease, run, {});
    return resumed && { type: 'run', datasource: id, uid, run: run.id };
  }
  await closeAbandonedRun(deps, uid, lease);
  const interruptions = (lease.interruptions ?? 0) + 1;
  try {
    await putLease(deps.table, uid, lease, { ...freed(lease), fence: lease.fence + 1, interruptions });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
  const restart =
    run !== undefined && !run.dry_run && lease.cancel !== true && enabled && interruptions <= mostRestarts;
  return restart ? { type: 'resync', datasource: id, uid, fence: lease.fence + 1 } : undefined;
}
