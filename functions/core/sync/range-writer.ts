import { describesSame, type RecordRow, recordOf, recordPartition } from '../documents/record.ts';
import type { Item, ListedObject } from '../ports.ts';
import { candidateItem } from './candidates.ts';
import { removeRecords } from './remove-records.ts';
import type { RunContext } from './run-context.ts';

/** Keeps few enough writes in hand that they surely arrive within the request timeout of the lease. */
const chunk = 250;

/** So many of the keys that would be deleted are shown to whoever decides about a hold. */
const shownKeys = 20;

/** Turns what a merge finds into writes and counts; a dry run only counts. */
export type RangeWriter = {
  present(object: ListedObject, stored: RecordRow | undefined): Promise<void>;
  missing(stored: RecordRow): Promise<void>;
  outOfScope(stored: RecordRow): Promise<void>;
  /** Writes what is in hand. Throws Failure `lease_lost` if another run took over. */
  flush(): Promise<void>;
};

export function createRangeWriter(context: RunContext): RangeWriter {
  const { deps, uid, run, tally, stamp } = context;
  const pk = recordPartition(uid, context.range.id);
  let puts: Item[] = [];
  let leaving: RecordRow[] = [];

  const flush = async (): Promise<void> => {
    const writes = puts.map((put) => ({ put }));
    puts = [];
    for (let start = 0; start < writes.length; start += chunk) {
      await context.held.assertWritable();
      await deps.table.batchWrite(writes.slice(start, start + chunk));
    }
    const removed = leaving;
    leaving = [];
    await removeRecords(context, removed, 'out_of_scope', (record) => {
      tally.change.objects -= 1;
      tally.change.bytes -= record.size;
    });
  };

  const put = async (item: Item): Promise<void> => {
    if (run.dry_run) return;
    puts.push(item);
    if (puts.length >= 4 * chunk) await flush();
  };

  return {
    flush,
    async present(object, stored) {
      if (stored !== undefined && describesSame(stored, object)) {
        tally.counters[countOf(stored, run.id)] += 1;
        return;
      }
      if (stored === undefined) tally.counters.added += 1;
      else tally.counters.modified += 1;
      tally.change.objects += stored === undefined ? 1 : 0;
      tally.change.bytes += object.size - (stored?.size ?? 0);
      await put(recordOf(pk, object, stamp, stored === undefined));
    },
    async missing(stored) {
      tally.candidates += 1;
      if (tally.candidateSample.length < shownKeys) tally.candidateSample.push(stored.sk);
      await put(candidateItem(uid, run.id, stored.sk, deps.clock.now()));
    },
    async outOfScope(stored) {
      tally.counters.out_of_scope += 1;
      if (run.dry_run) return;
      leaving.push(stored);
      if (leaving.length >= chunk) await flush();
    },
  };
}

/** What an earlier invocation of this run wrote, beyond its checkpoint, is that change still. */
function countOf(stored: RecordRow, run: string): 'unchanged' | 'added' | 'modified' {
  if (stored.run !== run) return 'unchanged';
  return stored.fresh ? 'added' : 'modified';
}
