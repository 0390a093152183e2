import { rangesOfKeys } from '../../catalogue/ranges-of-keys.ts';
import { type RecordRow, readRecord, recordPartition } from '../../catalogue/record.ts';
import { removeFromRanges } from './remove-from-ranges.ts';
import type { SettlingContext } from './settling-context.ts';

/** The items at these keys, tombstones among them. */
async function recordsAt({ deps, uid, board }: SettlingContext, keys: readonly string[]): Promise<RecordRow[]> {
  const places = [...rangesOfKeys(board.ranges(), keys)].flatMap(([range, sks]) => {
    const pk = recordPartition(uid, range.id);
    return sks.map((sk) => ({ pk, sk }));
  });
  return (await deps.table.batchGet(places)).map(readRecord);
}

/** The live records at these keys. */
export async function liveRecordsAt(context: SettlingContext, keys: readonly string[]): Promise<RecordRow[]> {
  return (await recordsAt(context, keys)).filter((record) => record.gone === undefined);
}

/** What this run takes out of the catalogue at its end, and how that is counted. */
export type Removal = 'deleted' | 'out_of_scope';

/** The same. What an earlier invocation of this run removed counts as this run's. */
export async function recordsToRemove(
  context: SettlingContext,
  keys: readonly string[],
  reason: Removal,
): Promise<RecordRow[]> {
  const records = await recordsAt(context, keys);
  for (const { gone, run } of records) {
    if (gone?.reason === reason && run === context.run.id) context.tally.counters[reason] += 1;
  }
  return records.filter((record) => record.gone === undefined);
}

/** Removes these records and counts them. Throws Failure `lease_lost`. */
export async function removeRecords(
  context: SettlingContext,
  records: readonly RecordRow[],
  reason: Removal,
): Promise<void> {
  const note = (): void => {
    context.tally.counters[reason] += 1;
    context.tally.removed += 1;
    context.progress.steps += 1;
  };
  await removeFromRanges(context, records, note, reason);
}
