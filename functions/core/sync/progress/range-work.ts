import * as z from 'zod';
import type { RangeRow } from '../../catalogue/range-map.ts';
import type { HeldLease } from '../../lease/held-lease.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { wasAhead } from '../../model/ahead.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { Item, Table, TransactWrite } from '../../model/ports/table.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { fromItem, toItem } from '../../table/stored-item.ts';
import { type PageEvidence, pageEvidence } from './page-evidence.ts';
import { newTally, type RangeTally, rangeTally } from './range-tally.ts';

/** How far a run is in one range, and which worker is at it. Kept for a week, for the run that goes on from here. */
const workRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  fence: z.number().int(),
  /** Every key up to here was merged and written. */
  position: z.string().optional(),
  done: z.boolean(),
  /** Whoever was here before may have written something that no digest knows of. */
  suspect: z.boolean(),
  /** The page that ends at the position, to go on from where a key alone is not believed. */
  page: pageEvidence.optional(),
  /** The first page, where the listing of this range began at its `lo`. */
  opening: pageEvidence.optional(),
  /** What is known of the cut at the range's end: `carried` where the same listing went on beyond it, or the digest of the
   *  opening beyond it that this range's listing confirmed. */
  bridge: z.string().optional(),
  claim: z.object({ holder: z.string(), expires_at: z.number().int() }).optional(),
  tally: rangeTally,
  ttl: z.number().int(),
});
export type WorkRow = z.output<typeof workRow> & { readonly range: string };

/** A range in the hands of this worker. `version` 0: nothing is stored of it yet. */
export type RangeWork = {
  range: RangeRow;
  position: string | undefined;
  /** The last key listed, where that lies beyond the position: not all up to it may have been decided about. */
  listed: string | undefined;
  done: boolean;
  suspect: boolean;
  /** See the row. */
  page: PageEvidence | undefined;
  opening: PageEvidence | undefined;
  bridge: string | undefined;
  /** Somebody was at it before, in this run or one that it goes on from. */
  begun: boolean;
  tally: RangeTally;
  version: number;
  expiresAt: number;
  /** When it was stored last, or begun. */
  savedAt: number;
  /** What was stored last: as far as it can be gone on from. */
  saved: Pick<WorkRow, 'position' | 'done' | 'tally' | 'page'>;
};

const keepSeconds = 7 * 86_400;

/** What it takes to store work. */
export type WorkContext = {
  readonly deps: SyncDeps;
  readonly held: HeldLease;
  readonly uid: string;
  readonly pass: { readonly id: string; readonly beganAt: number };
  /** The pass began anew in another way: digests that were written before are not believed. */
  readonly distrust?: boolean;
};

/** Work rows hang on the pass over the bucket that they belong to: one run, or several that went on from each other. */
export function workPartition(uid: string, pass: string): string {
  return `work#${uid}#${pass}`;
}

export async function listWork(table: Table, uid: string, pass: string): Promise<Map<string, WorkRow>> {
  const rows = new Map<string, WorkRow>();
  for await (const item of table.query({ pk: workPartition(uid, pass) })) {
    rows.set(item.sk, { ...fromItem(workRow, item), range: item.sk });
  }
  return rows;
}

/** What is stored of the work on these ranges, by the id of the range. */
export async function readWork(
  table: Table,
  uid: string,
  pass: string,
  ranges: readonly string[],
): Promise<Map<string, WorkRow>> {
  const items = await table.batchGet(ranges.map((sk) => ({ pk: workPartition(uid, pass), sk })));
  return new Map(items.map((item) => [item.sk, { ...fromItem(workRow, item), range: item.sk }]));
}

/** Work on a range, from its beginning or from where `row` left it. */
export function workOn(range: RangeRow, row: WorkRow | undefined, now: number): RangeWork {
  const tally = row?.tally ?? newTally(range.edits);
  return {
    range,
    position: row?.position,
    listed: undefined,
    done: row?.done ?? false,
    page: row?.page,
    opening: row?.opening,
    bridge: row?.bridge,
    begun: row !== undefined,
    suspect: (row?.suspect ?? false) || range.dirty !== undefined,
    tally,
    version: row?.version ?? 0,
    expiresAt: 0,
    savedAt: now,
    saved: { position: row?.position, done: row?.done ?? false, tally: structuredClone(tally), page: row?.page },
  };
}

/** True if nobody is at it, or whoever was is gone or was displaced. */
export function isClaimable(context: WorkContext, row: WorkRow | undefined): boolean {
  if (row === undefined) return true;
  if (row.done) return false;
  if (row.claim === undefined || row.fence < context.held.fence) return true;
  const { clock, isAlive } = context.deps;
  const { expires_at: until, holder } = row.claim;
  // One that lies further ahead than any claim can reach was noted by a clock that was wrong.
  return until <= clock.now() || wasAhead(clock, until, context.deps.leaseMs) || !isAlive(holder);
}

/** Takes what was done so far as what can be gone on from. To be called only between two pages, with nothing in hand. */
export function markSaved(work: RangeWork): void {
  const { position, done, page } = work;
  work.saved = { position, done, tally: structuredClone(work.tally), page };
}

/** The write that stores what can be gone on from, conditional on nobody else having claimed the range since. */
export function workWrite(context: WorkContext, work: RangeWork, keep: 'claimed' | 'released'): TransactWrite {
  const { deps, held, uid, pass } = context;
  const now = deps.clock.now();
  const claim = keep === 'claimed' ? { holder: deps.holder, expires_at: now + deps.leaseMs } : undefined;
  const ttl = Math.floor(now / 1000) + keepSeconds;
  const { suspect, opening, bridge, saved } = work;
  const row = { v: 1, version: work.version + 1, fence: held.fence, suspect, opening, bridge, ...saved, claim, ttl };
  const put: Item = toItem({ pk: workPartition(uid, pass.id), sk: work.range.id }, row);
  return { put, condition: work.version === 0 ? { type: 'absent' } : { type: 'version', equals: work.version } };
}

/** To be called when a write of workWrite stands. */
export function noteWritten(context: WorkContext, work: RangeWork): void {
  work.version += 1;
  work.savedAt = context.deps.clock.now();
  work.expiresAt = work.savedAt + context.deps.leaseMs;
}

/** Stores it on its own. Throws Failure `lease_lost` if somebody else claimed the range, or, of a first row, if another
 *  run took over. */
export async function saveWork(context: WorkContext, work: RangeWork, keep: 'claimed' | 'released'): Promise<void> {
  const write = workWrite(context, work, keep);
  try {
    // A first row must not come to stand behind a purge; later ones are conditional on it, and all streams checking the
    // one lease at each page would be in each other's way. A transaction even so: sent again because its answer was lost,
    // it does not fail on itself, as a conditional put would.
    const first = work.version === 0 ? [fenceCheck(context.uid, context.held.fence)] : [];
    await context.deps.table.transact([write, ...first]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  noteWritten(context, work);
}

/** Throws Failure `lease_lost` unless writes sent now will have arrived before run or range can pass to another. */
export async function assertWritable(context: WorkContext, work: RangeWork): Promise<void> {
  await context.held.assertWritable();
  if (work.version === 0) return;
  const { clock, settings, leaseMs } = context.deps;
  const tooLong = wasAhead(clock, work.expiresAt, leaseMs);
  if (tooLong || clock.now() >= work.expiresAt - settings.requestTimeoutMs) await saveWork(context, work, 'claimed');
}
