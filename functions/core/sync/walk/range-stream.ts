import { addRecord, type Content, nothing } from '../../catalogue/leaf.ts';
import { leafPartition } from '../../catalogue/leaf-pack.ts';
import { readRecord, recordPartition } from '../../catalogue/record.ts';
import type { PlainWrite, Table } from '../../model/ports/table.ts';
import { dropCandidates } from '../../runs/candidates.ts';
import type { WriteBatch } from '../../table/write-all.ts';
import { type LeafLedger, openLeafLedger } from '../merge/leaf-ledger.ts';
import { mergeRange, type RangeMerge } from '../merge/merge-range.ts';
import { assertWritable, type RangeWork } from '../progress/range-work.ts';
import { writeInTurn } from '../worker/push-back.ts';
import type { RunContext } from '../worker/run-context.ts';
import type { Listing } from './listing.ts';
import { createRangeWriter, type RangeWriter } from './range-writer.ts';
import type { Resting } from './stopped-work.ts';

/** What a stream works with on one range. */
export type RangeStream = {
  readonly context: RunContext;
  readonly work: RangeWork;
  readonly merge: RangeMerge;
  readonly writer: RangeWriter;
  readonly ledger: LeafLedger;
  readonly listing: Listing;
  /** How the work stood when the step began that this stream is in; undefined between two pages. */
  resting: Resting | undefined;
};

/** Digests are not believed in one of so many runs, at each leaf in turn, so that whatever diverged heals. A prime, for
 *  the fence that tells whose turn it is grows by two a run. */
const verifyEvery = 499;

/**
 * Makes ready what syncs a range from where the work on it stands. What an invocation that died noted beyond its checkpoint
 * is dropped, and so are digests that are not believed. Throws Failure, RunCanceled, RunYielded.
 */
export async function openStream(context: RunContext, work: RangeWork, listing: Listing): Promise<RangeStream> {
  const { deps, uid, pass, run } = context;
  const { range, position } = work;
  const pk = recordPartition(uid, range.id);
  if (work.begun)
    await dropCandidates(ofRange(context, work), uid, pass.id, { after: position ?? range.lo, through: range.hi });
  const trusted = !work.suspect && range.doubted !== true;
  if (!trusted && !run.dry_run) await forgetLeaves(context, work);
  const offset = context.board.offsetOf(range);
  const ledger = openLeafLedger({
    table: deps.table,
    uid,
    range,
    fence: context.held.fence,
    position: position ?? range.lo,
    trusted,
    verified: (inRange) => verifiedBy(context, offset + inRange),
    contentOf: (after, through) => contentOf(deps.table, pk, after, through),
    leafRecords: deps.settings.leafRecords,
  });
  const writer = createRangeWriter(context, work);
  const { leafRecords } = deps.settings;
  const merge = mergeRange({ table: deps.table, pk, hi: () => work.range.hi, ledger, sink: writer, leafRecords });
  return { context, work, merge, writer, ledger, listing, resting: undefined };
}

/** The table, with a way to write batches to it while the range is this worker's. */
function ofRange(context: RunContext, work: RangeWork) {
  const write: WriteBatch = (writes) => writeInTurn(context, writes, () => assertWritable(context, work));
  return { table: context.deps.table, write };
}

/** The share of the catalogue that this run verifies: each record's turn comes once in so many runs. */
function verifiedBy({ board, held }: RunContext, offset: number): boolean {
  if (board.expected === 0) return false;
  return Math.floor((offset / board.expected) * verifyEvery) === held.fence % verifyEvery;
}

/** Digests that are not believed in this run must not be believed in a later one either. */
async function forgetLeaves(context: RunContext, work: RangeWork): Promise<void> {
  const { deps, uid } = context;
  const { range, position } = work;
  const pk = leafPartition(uid, range.id);
  const from = position ?? range.lo;
  const stale: PlainWrite[] = [];
  for await (const { sk } of deps.table.query({ pk, through: from, direction: 'descending', limit: 1 })) {
    stale.push({ delete: { pk, sk } });
  }
  for await (const { sk } of deps.table.query({ pk, after: from })) stale.push({ delete: { pk, sk } });
  await ofRange(context, work).write(stale);
}

async function contentOf(table: Table, pk: string, after: string, through: string): Promise<Content> {
  const content = nothing();
  for await (const item of table.query({ pk, after, through })) {
    const record = readRecord(item);
    if (record.gone === undefined) addRecord(content, record);
  }
  return content;
}
