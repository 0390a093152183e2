import type { Acting } from '#core/audit/audit-write.ts';
import { dayMs, dropMark, putMark, readMark } from '#core/idempotency/mark.ts';
import { requestRun } from '#core/runs/request-run.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Schedule } from './schedule-face.ts';

/** FlexOrch's clients wait 30 s for an answer and send a trigger up to three times, 1 and 2 s after the one before. */
const againMs = 90_000;

/**
 * Starts a run of a schedule, or answers with the one that is on, or that the same request started: by its
 * Idempotency-Key within a day; without one within 90 s, unless its end was shown meanwhile or the settings changed, for
 * then somebody who heard of the first asks for another. Throws Failure `conflict`.
 */
export async function triggerOnce(
  deps: ApiDeps & Acting,
  schedule: Schedule,
  key: string | undefined,
): Promise<RunRow> {
  const { id, uid } = schedule.row;
  const request = key === undefined ? unkeyed(schedule) : `trigger ${uid} ${key}`;
  const mark = await readMark(deps, request, key === undefined ? againMs : dayMs);
  const started = mark === undefined ? undefined : await readRun(deps.table, uid, mark);
  if (started !== undefined) return started;
  const { run } = await requestRun(deps, { datasource: id, trigger: 'manual' });
  await putMark(deps, request, run.id);
  return run;
}

/** These runs were shown: whoever saw the end of the one that a trigger started and triggers again wants another. */
export async function noteShown(deps: ApiDeps, schedule: Schedule, runs: readonly RunRow[]): Promise<void> {
  const mark = await readMark(deps, unkeyed(schedule), againMs);
  const seen = runs.some(({ id, completed_at: end }) => id === mark && end !== undefined);
  if (seen) await dropMark(deps, unkeyed(schedule));
}

/** A change of the datasource or of its connector makes it another request. */
function unkeyed({ row, connector }: Schedule): string {
  return `trigger ${row.uid} ${row.version} ${connector.version}`;
}
