import type { ItemChange } from '#core/model/ports/table.ts';
import { isEnded, type RunRow } from '#core/runs/run.ts';
import { runPartitionPrefix } from '#core/runs/run-store.ts';
import type { SimulatedSystem } from './simulated-system.ts';

/** A run as its stored row tells it, from its beginning. */
export type WatchedRun = {
  readonly id: string;
  readonly uid: string;
  row: RunRow;
  readonly seenAt: number;
  endedAt?: number;
};

export type RunWatch = {
  readonly runs: ReadonlyMap<string, WatchedRun>;
  openRun(uid: string): WatchedRun | undefined;
  /** The runs of a uid in the order in which they were made. */
  of(uid: string): readonly WatchedRun[];
  /** Which slots of a uid had a run, epoch milliseconds. */
  slots(uid: string): ReadonlyMap<number, number>;
  /** Runs that are open though nobody can be at work on them any more. */
  overdue(boundMs: number): string[];
  onEnd(listener: (run: WatchedRun) => void): void;
  onStart(listener: (run: WatchedRun) => void): void;
  readonly ended: Readonly<Record<string, number>>;
};

/**
 * Watches that a datasource never has two runs, that what has ended stays as it ended, that completed runs do not
 * overlap, and that no slot has two.
 */
export function watchRuns(system: SimulatedSystem): RunWatch {
  const runs = new Map<string, WatchedRun>();
  const byUid = new Map<string, WatchedRun[]>();
  const open = new Map<string, WatchedRun>();
  const lastComplete = new Map<string, WatchedRun>();
  const slots = new Map<string, Map<number, number>>();
  const ended: Record<string, number> = {};
  const endings: ((run: WatchedRun) => void)[] = [];
  const beginnings: ((run: WatchedRun) => void)[] = [];
  const complain = (text: string): void => system.complain(text);

  const begin = (row: RunRow): WatchedRun => {
    const run: WatchedRun = { id: row.id, uid: row.uid, row, seenAt: system.now() };
    runs.set(row.id, run);
    const ofUid = byUid.get(row.uid) ?? [];
    ofUid.push(run);
    byUid.set(row.uid, ofUid);
    const other = open.get(row.uid);
    // One that waits and never ran may be left behind where its datasource was deleted; the purge takes its row.
    if (other?.row.status === 'running') complain(`run ${row.id} of ${row.datasource} began while ${other.id} was on`);
    open.set(row.uid, run);
    if (row.scheduled_at !== undefined) noteSlot(row, Date.parse(row.scheduled_at));
    for (const listener of beginnings) listener(run);
    return run;
  };
  const noteSlot = (row: RunRow, slot: number): void => {
    const ofUid = slots.get(row.uid) ?? new Map<number, number>();
    slots.set(row.uid, ofUid);
    ofUid.set(slot, (ofUid.get(slot) ?? 0) + 1);
    if ((ofUid.get(slot) ?? 0) > 1) complain(`slot ${row.scheduled_at} of ${row.datasource} had two runs: ${row.id}`);
  };
  const end = (run: WatchedRun): void => {
    run.endedAt = system.now();
    ended[run.row.status] = (ended[run.row.status] ?? 0) + 1;
    if (open.get(run.uid) === run) open.delete(run.uid);
    if (run.row.status === 'completed' || run.row.status === 'held') noteComplete(run);
    for (const listener of endings) listener(run);
  };
  const noteComplete = (run: WatchedRun): void => {
    const before = lastComplete.get(run.uid);
    if (before !== undefined && startOf(run) < Date.parse(before.row.completed_at ?? '')) {
      complain(`completed runs ${before.id} and ${run.id} of ${run.row.datasource} overlap`);
    }
    lastComplete.set(run.uid, run);
  };
  const see = ({ after, key }: ItemChange): void => {
    if (!key.pk.startsWith(runPartitionPrefix)) return;
    if (after === undefined) {
      forget(key.sk);
      return;
    }
    const row = after as unknown as RunRow;
    const known = runs.get(row.id);
    if (known === undefined) {
      const run = begin(row);
      if (isEnded(row)) end(run);
      return;
    }
    if (known.endedAt !== undefined && row.status !== known.row.status) {
      complain(`run ${row.id} had ended as ${known.row.status} and became ${row.status}`);
    }
    known.row = row;
    if (known.endedAt === undefined && isEnded(row)) end(known);
  };
  const forget = (id: string): void => {
    const run = runs.get(id);
    if (run !== undefined && open.get(run.uid) === run) open.delete(run.uid);
  };

  system.watchers.push({ onCommit: (changes) => changes.forEach(see) });
  return {
    runs,
    ended,
    of: (uid) => byUid.get(uid) ?? [],
    openRun: (uid) => open.get(uid),
    slots: (uid) => slots.get(uid) ?? new Map(),
    overdue: (boundMs) =>
      [...open.values()]
        .filter((run) => system.now() - run.seenAt > boundMs)
        .map((run) => `run ${run.id} of ${run.row.datasource} is ${run.row.status} since ${run.row.queued_at}`),
    onEnd: (listener) => void endings.push(listener),
    onStart: (listener) => void beginnings.push(listener),
  };
}

export function startOf({ row }: WatchedRun): number {
  return Date.parse(row.started_at ?? row.queued_at);
}
