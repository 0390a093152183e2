import * as z from 'zod';
import type { Item, Table } from '../ports.ts';
import { fromItem, toItem } from '../stored-item.ts';
import type { RunRow } from './run.ts';

/** What outlives the runs of a datasource: which run was last to see the whole bucket, and how the runs are doing. */
const stateRow = z.object({
  v: z.literal(1),
  last_complete: z.object({ run: z.string(), fingerprint: z.string(), listed: z.number() }).optional(),
  failures: z.number().int(),
  failing_since: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  retry_at: z.number().optional(),
});
export type SyncState = z.output<typeof stateRow>;

const freshState: SyncState = { v: 1, failures: 0 };

/** The longest that failures in a row put off the next scheduled run: a day. */
const longestBackoffMs = 86_400_000;

export async function readState(table: Table, uid: string): Promise<SyncState> {
  const item = await table.get({ pk: uid, sk: 'state' });
  return item ? fromItem(stateRow, item) : freshState;
}

export function stateItem(uid: string, state: SyncState): Item {
  return toItem({ pk: uid, sk: 'state' }, state);
}

/**
 * What a run's end makes of the state. A failure doubles the time to the next scheduled run, counted from when the
 * failed one started; a complete run clears it. What says nothing about the source (a cancel, a lost lease, a stopped
 * process, a scope that changed) leaves it as it is.
 */
export function stateAfter(state: SyncState, run: RunRow, intervalMs: number | undefined): SyncState {
  if (run.dry_run || run.status === 'canceled') return state;
  if (run.status === 'failed') return afterFailure(state, run, intervalMs);
  return {
    v: 1,
    failures: 0,
    last_complete: { run: run.id, fingerprint: run.fingerprint ?? '', listed: run.counters.listed },
  };
}

const saysNothingOfTheSource = new Set(['interrupted', 'lease_lost', 'scope_changed']);

function afterFailure(state: SyncState, run: RunRow, intervalMs: number | undefined): SyncState {
  if (run.error === undefined || saysNothingOfTheSource.has(run.error.code)) return state;
  const failures = state.failures + 1;
  const startedAt = Date.parse(run.started_at ?? run.queued_at);
  const delay = intervalMs === undefined ? 0 : Math.min(longestBackoffMs, intervalMs * 2 ** (failures - 1));
  return {
    ...state,
    failures,
    failing_since: state.failing_since ?? run.completed_at,
    error: run.error,
    // The first failure delays nothing, and a slot is never missed for the moment that starting a run takes.
    retry_at: failures === 1 || delay === 0 ? undefined : startedAt + delay - 1000,
  };
}

/** What the API shows of it. */
export function healthView(state: SyncState): Record<string, unknown> {
  if (state.failures === 0) return { status: 'healthy', failures_in_a_row: 0 };
  return {
    status: 'failing',
    failures_in_a_row: state.failures,
    failing_since: state.failing_since,
    error: state.error,
    ...(state.retry_at === undefined ? {} : { retry_at: new Date(state.retry_at).toISOString() }),
  };
}
