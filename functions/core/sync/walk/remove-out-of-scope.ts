import { type RecordRow, tombstoneOf } from '../../catalogue/record.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { TransactWrite } from '../../model/ports/table.ts';
import type { RunContext } from '../worker/run-context.ts';

/** One place of a transaction's 100 goes to the check of the fence. */
const chunk = 99;

/**
 * Puts tombstones in the place of records that left the scope, each batch only if this run still holds the fence: a
 * stale worker removes nothing. `removed` is told of each record as soon as its batch stands. Throws Failure
 * `lease_lost`.
 */
export async function removeOutOfScope(
  context: RunContext,
  records: readonly RecordRow[],
  removed: (record: RecordRow) => void,
): Promise<void> {
  const { deps, uid, held, stamp } = context;
  for (let start = 0; start < records.length; start += chunk) {
    const batch = records.slice(start, start + chunk);
    const writes: TransactWrite[] = batch.map((record) => ({ put: tombstoneOf(record, stamp, 'out_of_scope') }));
    try {
      await deps.table.transact([...writes, fenceCheck(uid, held.fence)]);
    } catch (error) {
      throw error instanceof ConditionFailed ? leaseLost() : error;
    }
    for (const record of batch) removed(record);
  }
}
