import type { DatasourceRow } from '#core/registry/datasource.ts';
import type { RunRow } from '#core/runs/run.ts';

/** Runs have more ends than this dialect knows: what did not complete, or waits for somebody to approve it, has failed. */
const statuses: Readonly<Record<RunRow['status'], 'running' | 'completed' | 'failed'>> = {
  queued: 'running',
  running: 'running',
  completed: 'completed',
  held: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

/** What /v1 shows of a run. `files_skipped` are those that had not changed. */
export function syncLog({ number }: Pick<DatasourceRow, 'number'>, run: RunRow): Record<string, unknown> {
  const { counters } = run;
  const status = statuses[run.status];
  const problem = status === 'failed' ? (run.error?.message ?? run.message ?? run.status) : null;
  return {
    id: run.id,
    schedule_id: number,
    started_at: run.started_at ?? run.queued_at,
    completed_at: run.completed_at ?? null,
    files_found: counters.matched,
    files_new: counters.added,
    files_modified: counters.modified,
    files_deleted: counters.deleted,
    files_skipped: counters.unchanged,
    files_failed: counters.failed,
    files_processed: counters.added + counters.modified,
    status,
    error_message: problem,
    error: problem,
  };
}
