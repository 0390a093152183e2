import { Failure } from '../../model/errors.ts';
import type { ConnectorRow } from '../../registry/connector.ts';
import type { RunRow } from '../../runs/run.ts';
import { passMs } from '../../runs/start-run.ts';
import type { SyncSettings } from '../../runs/sync-deps.ts';

/**
 * How long a run may take. What its connector says is for the whole of it, and so is what a foreign server gets: one that
 * invents keys without end cannot be told from a large one by anything else. On AWS's own hosts the stack's limit counts
 * from the last progress, for a billion objects take as long as the table lets them, and the whole has as long as a pass.
 */
export type TimeLimit = {
  /** Epoch milliseconds by which the run must have come to its end. */
  readonly endsAt: number;
  /** The time that counts from the last progress, milliseconds; absent where only the whole counts. */
  readonly idleMs?: number;
};

/** What a worker knows of the run's last progress: when it was, epoch milliseconds, and after how many steps of its own. */
export type LastProgress = { progressedAt: number; steps: number };

/** `startedAt` in epoch milliseconds; one that lies ahead is that of a clock which was wrong. */
export function timeLimitOf(
  { processor }: ConnectorRow,
  { runTimeLimitSeconds }: SyncSettings,
  { startedAt, now, foreign }: { readonly startedAt: number; readonly now: number; readonly foreign: boolean },
): TimeLimit {
  const from = Math.min(startedAt, now);
  const own = processor.max_running_timeout_in_seconds;
  if (own !== undefined || foreign) return { endsAt: from + (own ?? runTimeLimitSeconds) * 1000 };
  const idleMs = runTimeLimitSeconds * 1000;
  return { endsAt: from + Math.max(passMs, idleMs), idleMs };
}

/**
 * When a run that a worker takes up got somewhere last. Its row tells of the worker that held it; where more pages are
 * stored than the row knows of, others got on since.
 */
export function progressedAt(run: RunRow, pages: number, startedAt: number, now: number): number {
  return pages > run.counters.pages ? now : Math.min(now, run.progressed_at ?? startedAt);
}

/** The same while this worker is at it: each step of its own is progress. */
export function noteSteps(last: LastProgress, steps: number, now: number): number {
  if (steps !== last.steps) Object.assign(last, { steps, progressedAt: now });
  return last.progressedAt;
}

/** Why the run must end now; undefined while it may go on. */
export function timeOver({ endsAt, idleMs }: TimeLimit, run: RunRow, progressed: number, now: number) {
  if (now >= endsAt) return limitReached(endsAt, run);
  if (idleMs === undefined || now - progressed < idleMs) return undefined;
  return new Failure(
    'run_time_limit',
    `the run got no further for ${idleMs / 1000} s, its time limit, though it was taken up again and again; what it did is kept, and the next run goes on from where it stopped. See what its log tells of that time, and whether the bucket answers`,
  );
}

function limitReached(endsAt: number, run: RunRow): Failure {
  const limit = Math.round((endsAt - Date.parse(run.started_at ?? run.queued_at)) / 1000);
  return new Failure(
    'run_time_limit',
    `the run reached its time limit of ${limit} s; what it did is kept, and the next run goes on from where it stopped. Raise processor.max_running_timeout_in_seconds of the connector, or narrow the prefix, to have it all in one run`,
  );
}
