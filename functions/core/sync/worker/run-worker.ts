import { compileFilter } from '../../keys/key-filter.ts';
import { holdLease } from '../../lease/held-lease.ts';
import type { Lease } from '../../lease/lease.ts';
import { wasAhead } from '../../model/ahead.ts';
import { Failure } from '../../model/errors.ts';
import type { ConnectorRow } from '../../registry/connector.ts';
import type { DatasourceRow } from '../../registry/datasource.ts';
import { configOf, fingerprintOf, targetOf } from '../../registry/effective-config.ts';
import { openBucket } from '../../registry/open-bucket.ts';
import { readServerNote } from '../../registry/server-note.ts';
import { passIdOf, type RunRow } from '../../runs/run.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { isForeign } from '../../source/foreign-server.ts';
import { openBoard, type RangeBoard } from '../progress/range-board.ts';
import { sumTallies } from '../progress/range-tally.ts';
import { ObjectQuota } from './object-quota.ts';
import type { RunContext, RunProgress } from './run-context.ts';
import { progressedAt, timeLimitOf } from './time-limit.ts';

/** A run with what a worker must know of it. */
export type RunAtHand = {
  readonly run: RunRow;
  readonly lease: Lease;
  readonly datasource: DatasourceRow;
  readonly connector: ConnectorRow;
};

/**
 * Opens all that one worker of a run works with; the bucket in it is to be closed. Throws Failure for settings or
 * credentials that do not do, `scope_changed` if they are no longer those that the run began with.
 */
export async function openWorker(
  deps: SyncDeps,
  { run: given, lease, datasource, connector }: RunAtHand,
  held = holdLease(deps, datasource.uid, lease, deps.settings.requestTimeoutMs),
): Promise<RunContext> {
  const config = configOf(connector, datasource);
  const foreign = isForeign(config.endpoint);
  const run = foreign ? await inKnownWay(deps, given, targetOf(config)) : given;
  const fingerprint = fingerprintOf(config);
  // Of a run that waited in the queue, too: what was done of a pass under another scope is not done under this one.
  const began = run.checkpoint?.fingerprint ?? run.pass?.fingerprint;
  if (began !== undefined && began !== fingerprint) throw scopeChanged();
  const startedAt = Date.parse(run.started_at ?? run.queued_at);
  const pass = { id: passIdOf(run), beganAt: run.pass ? Date.parse(run.pass.began_at) : startedAt };
  const now = deps.clock.now();
  const at = new Date(startedAt).toISOString();
  const { uid } = datasource;
  const distrust = run.generation !== undefined;
  const board = await openBoard(
    { deps, held, uid, pass, distrust },
    run.checkpoint !== undefined || run.pass !== undefined,
  );
  return {
    deps,
    datasource,
    config,
    fingerprint,
    uid,
    run,
    held,
    bucket: await openBucket(deps, config),
    foreign,
    way: run.way?.kind ?? run.pass?.way?.kind ?? 'ranges',
    matches: compileFilter(config),
    stamp: { run: run.id, seq: held.fence, at, quiet: isQuiet(run, datasource) },
    limit: timeLimitOf(connector, deps.settings, { startedAt, now, foreign }),
    quota: new ObjectQuota(deps.settings.objects),
    pass,
    board,
    progress: progressOn(deps, { run, lease, board, startedAt, now }),
  };
}

function progressOn(deps: SyncDeps, { run, lease, board, startedAt, now }: Begun): RunProgress {
  return {
    steps: 0,
    clockSkew: run.checkpoint?.clock_skew,
    last: { steps: 0, progressedAt: progressedAt(run, sumTallies(board.tallies()).counters.pages, startedAt, now) },
    notedAt: now,
    begun: run.checkpoint !== undefined,
    scopeSeen: board.tallies().some(({ counters }) => counters.matched > 0),
    halted: false,
    // Of the holder: a helper's own time is too short to say.
    stuckSince: lease.holder === deps.holder ? stuckSince(deps, run) : undefined,
  };
}

type Begun = Pick<RunAtHand, 'run' | 'lease'> & {
  readonly board: RangeBoard;
  readonly startedAt: number;
  readonly now: number;
};

/** A moment that lies ahead was noted by a clock that was wrong. */
function stuckSince({ clock }: SyncDeps, { stuck_since: since }: RunRow): number | undefined {
  return since !== undefined && wasAhead(clock, since) ? undefined : since;
}

/** A pass that begins does so in the way that its server is known to need; one that goes on keeps its own. */
async function inKnownWay(deps: SyncDeps, run: RunRow, target: string): Promise<RunRow> {
  if (run.way !== undefined || run.checkpoint !== undefined || run.pass !== undefined) return run;
  const note = await readServerNote(deps.table, target, deps.clock.now());
  if (note?.way === undefined) return run;
  return { ...run, way: { kind: note.way, why: note.why ?? 'its server was found to need it', remember: true } };
}

/** A first load is told by its summary, the run's own event, unless an event for each object was asked for. */
function isQuiet(run: RunRow, datasource: DatasourceRow): boolean {
  return run.first_load && datasource.sync.first_load_events !== true;
}

export function scopeChanged(): Failure {
  return new Failure(
    'scope_changed',
    'the bucket, prefix or filters of the datasource were changed while it was being synced; nothing was deleted, and the next run goes by the new settings',
  );
}
