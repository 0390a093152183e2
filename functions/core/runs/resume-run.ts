import { type Lease, type LeaseDeps, takeLease } from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { TransactWrite } from '../model/ports/table.ts';
import type { RunRow } from './run.ts';
import { runItem } from './run-store.ts';

/** A run that was taken up so often without getting any further is given up: something in it ends its process. */
const mostResumes = 3;

/** True if another invocation can go on with a run whose holder is gone. */
export function isResumable(run: RunRow): boolean {
  return run.status === 'running' && run.checkpoint !== undefined && (run.resumed ?? 0) < mostResumes;
}

/**
 * Takes the lease of an abandoned run for the same run, with a new fence that turns away its earlier worker. Without a
 * holder it waits in the queue. Returns undefined if somebody else was faster.
 */
export async function resumeRun(
  deps: LeaseDeps,
  lease: Lease,
  run: RunRow,
  taken: {
    readonly holder?: string;
    readonly slot?: number;
    readonly alongside?: (run: RunRow) => readonly TransactWrite[];
  },
): Promise<{ readonly run: RunRow; readonly lease: Lease } | undefined> {
  const { holder, slot, alongside } = taken;
  const { next, write } = takeLease(deps, run.uid, lease, { run: run.id, holder, slot });
  const cancel = lease.cancel === undefined ? {} : { cancel: lease.cancel };
  const resumed = { ...run, version: run.version + 1, fence: next.fence, resumed: (run.resumed ?? 0) + 1 };
  try {
    await deps.table.transact([
      'put' in write ? { ...write, put: { ...write.put, ...cancel } } : write,
      { put: runItem(resumed), condition: { type: 'version', equals: run.version } },
      ...(alongside?.(resumed) ?? []),
    ]);
    return { run: resumed, lease: { ...next, ...cancel } };
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
