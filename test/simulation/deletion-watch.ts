import { type RecordRow, recordPartitionPrefix } from '#core/catalogue/record.ts';
import type { ItemChange } from '#core/model/ports/table.ts';
import { candidatePartition } from '#core/runs/candidates.ts';
import { passIdOf, type RunRow } from '#core/runs/run.ts';
import { defaultSyncSettings } from '#core/runs/sync-deps.ts';
import type { DatasourceWatch, WatchedUid } from './datasource-watch.ts';
import { isInScope } from './reference-model.ts';
import { type RunWatch, startOf, type WatchedRun } from './run-watch.ts';
import type { SimulatedSystem } from './simulated-system.ts';

/** What a run did to the records, as far as it bears on deletions. */
type Account = {
  /** Records there were when it began, and those it added. */
  most: number;
  readonly deleted: Set<string>;
};

/** What a held run shows: how many it says, and the keys that it keeps for the decision. */
type Shown = { readonly keys: ReadonlySet<string>; readonly candidates: number };

export type DeletionWatch = { readonly figures: { deleted: number; outOfScope: number; approved: number } };

/**
 * Watches that nothing is deleted which the bucket has: not by a run that could not know better, not above the
 * threshold without an approval, not by an approval beyond what was shown; and that no record vanishes without a
 * tombstone while its datasource lives.
 */
export function watchDeletions(system: SimulatedSystem, datasources: DatasourceWatch, runs: RunWatch): DeletionWatch {
  const figures = { deleted: 0, outOfScope: 0, approved: 0 };
  const live = new Map<string, Map<string, number>>();
  const accounts = new Map<string, Account>();
  const shown = new Map<string, Shown>();
  const settings = { ...defaultSyncSettings, ...system.hosting.settings };
  const complain = (text: string): void => system.complain(text);

  const liveOf = (uid: string): Map<string, number> => {
    const keys = live.get(uid) ?? new Map<string, number>();
    live.set(uid, keys);
    return keys;
  };
  const count = (uid: string, key: string, by: 1 | -1): number => {
    const keys = liveOf(uid);
    const left = (keys.get(key) ?? 0) + by;
    if (left === 0) keys.delete(key);
    else keys.set(key, left);
    const open = runs.openRun(uid);
    const account = open && accounts.get(open.id);
    if (by === 1 && account !== undefined) account.most += 1;
    return left;
  };
  const see = (change: ItemChange): void => {
    if (!change.key.pk.startsWith(recordPartitionPrefix)) return;
    const uid = change.key.pk.slice(recordPartitionPrefix.length).split('#')[0] ?? '';
    const watched = datasources.uids.get(uid);
    if (watched === undefined) {
      complain(`a record of the unknown uid ${uid} was written`);
      return;
    }
    const before = change.before as unknown as RecordRow | undefined;
    const after = change.after as unknown as RecordRow | undefined;
    const wasLive = before !== undefined && before.gone === undefined;
    const isLive = after !== undefined && after.gone === undefined;
    if (!wasLive && isLive) count(uid, change.key.sk, 1);
    if (!wasLive || isLive) return;
    const left = count(uid, change.key.sk, -1);
    if (after !== undefined) judge(watched, after);
    else if (left === 0 && watched.goneAt === undefined) {
      complain(`the record ${change.key.sk} of ${watched.datasource} vanished without a tombstone`);
    }
  };
  const judge = (watched: WatchedUid, record: RecordRow): void => {
    const run = runs.runs.get(record.run);
    if (run === undefined) complain(`an unknown run ${record.run} removed ${record.sk}`);
    else if (record.gone?.reason === 'out_of_scope') judgeOutOfScope(watched, record, run);
    else if (record.gone?.reason === 'deleted') judgeDeleted(watched, record, run);
  };
  const judgeOutOfScope = (watched: WatchedUid, record: RecordRow, run: WatchedRun): void => {
    figures.outOfScope += 1;
    const covering = datasources.covered(
      watched,
      (scope) => isInScope(record.sk, scope),
      startOf(run) - 1000,
      system.now(),
    );
    if (covering.every(Boolean)) {
      complain(`${record.sk} of ${watched.datasource} was taken out of a scope that it is in, by ${run.id}`);
    }
  };
  const judgeDeleted = (watched: WatchedUid, record: RecordRow, run: WatchedRun): void => {
    figures.deleted += 1;
    const name = `${record.sk} of ${watched.datasource}`;
    if (!system.buckets.lacked(watched.bucket, record.sk, startOf(run), system.now())) {
      complain(`FALSE DELETE: ${name} was in its bucket all along while ${run.id} ran, which deleted it`);
    }
    const account = accounts.get(run.id);
    account?.deleted.add(record.sk);
    if (run.row.approves !== undefined) {
      judgeApproved(name, record, run, run.row.approves);
      return;
    }
    const deleted = account?.deleted.size ?? 0;
    if (deleted > settings.holdAboveObjects && deleted > settings.holdAboveShare * (account?.most ?? 0)) {
      complain(`${run.id} deleted ${deleted} of ${account?.most} records of ${watched.datasource} unasked`);
    }
  };
  const judgeApproved = (name: string, record: RecordRow, run: WatchedRun, approves: string): void => {
    figures.approved += 1;
    const was = shown.get(approves);
    if (was === undefined) {
      complain(`${run.id} deleted ${name} by an approval of ${approves}, which never held`);
      return;
    }
    if (!was.keys.has(record.sk)) complain(`${run.id} deleted ${name}, which ${approves} had not shown`);
    const deleted = accounts.get(run.id)?.deleted.size ?? 0;
    if (deleted > was.candidates) complain(`${run.id} deleted ${deleted}, more than the ${was.candidates} shown`);
  };

  const noteShown = (row: RunRow): void => {
    const candidates = row.hold?.candidates ?? 0;
    const kept = system.table.slice({ pk: candidatePartition(row.uid, passIdOf(row)) });
    if (kept.length !== candidates) complain(`${row.id} shows ${candidates} candidates and keeps ${kept.length}`);
    shown.set(row.id, { keys: new Set(kept.map(({ sk }) => sk)), candidates });
  };

  system.watchers.push({ onCommit: (changes) => changes.forEach(see) });
  runs.onStart((run) => accounts.set(run.id, { most: liveOf(run.uid).size, deleted: new Set() }));
  runs.onEnd((run) => {
    const { row } = run;
    if (row.status === 'held') noteShown(row);
    const deleted = accounts.get(row.id)?.deleted.size ?? 0;
    if (row.status === 'held' && deleted > 0) complain(`${row.id} held and deleted ${deleted} all the same`);
    if (row.status === 'completed' && row.counters.listed === 0 && deleted > 0 && row.approves === undefined) {
      complain(`${row.id} listed nothing and deleted ${deleted}`);
    }
  });
  return { figures };
}
