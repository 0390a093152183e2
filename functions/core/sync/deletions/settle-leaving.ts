import { amongLeaving, listLeaving } from '../../runs/candidates.ts';
import { checkpoint } from '../worker/run-context.ts';
import { recordsToRemove, removeRecords } from './gone-records.ts';
import { inChunks } from './in-chunks.ts';
import type { SettlingContext } from './settling-context.ts';

/** Records are looked up and removed in batches of this many. */
const chunk = 1000;

/**
 * Takes records out of the scope that stayed until a key was seen that is in it. True if no key was seen: then they stay,
 * for the prefix or a filter may be mistyped, and the run is held. `approved` is the pass of the held run that showed
 * them, whose records go all the same, and no others.
 */
export async function settleLeaving(context: SettlingContext, approved: string | undefined): Promise<boolean> {
  const { deps, uid, pass, run, tally } = context;
  if (tally.leaving === 0) return false;
  const scopeSeen = tally.counters.matched > 0;
  if (run.dry_run) {
    tally.counters.out_of_scope += tally.leaving;
    return !scopeSeen;
  }
  if (!scopeSeen && approved === undefined) return true;
  for await (const keys of inChunks(listLeaving(deps.table, uid, pass.id), chunk)) {
    await checkpoint(context, tally.removed > 0);
    const shown = scopeSeen || approved === undefined ? undefined : await amongLeaving(deps.table, uid, approved, keys);
    const going = shown === undefined ? keys : keys.filter((key) => shown.has(key));
    await removeRecords(context, await recordsToRemove(context, going, 'out_of_scope'), 'out_of_scope');
  }
  return false;
}
