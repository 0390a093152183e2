import { type RecordRow, readRecord, recordPartition } from '../documents/record.ts';
import type { ListedObject, Table } from '../ports.ts';
import { dropCandidatesAfter } from './candidates.ts';
import { mergeListing, type Pair } from './merge-listing.ts';
import { type ProvenPage, type ProvenStep, provePage } from './page-proof.ts';
import { createRangeWriter, type RangeWriter } from './range-writer.ts';
import { checkpoint, type RunContext } from './run-context.ts';
import { noteProgress } from './run-progress.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/**
 * Syncs one range: lists it page by page beside the stored records, writes what was added and modified, takes out what
 * left the scope, and notes what the listing lacks as candidates for deletion. Deletes nothing. Goes on from the run's
 * checkpoint if it has one. When it returns, the listing was proved complete. Throws Failure, RunCanceled, RunYielded.
 */
export async function syncRange(context: RunContext): Promise<void> {
  const { deps, uid, range, tally, run } = context;
  // What an invocation that died noted beyond its checkpoint is noted again, if it is still so.
  if (run.checkpoint !== undefined) await dropCandidatesAfter(deps.table, uid, run.id, tally.position);
  const merge = mergeListing(storedRecords(deps.table, recordPartition(uid, range.id), tally.position));
  const writer = createRangeWriter(context);
  try {
    for await (const page of provenPages(context)) {
      for await (const pair of merge.page(page.objects)) await absorb(context, writer, pair);
      await writer.flush();
      if (page.objects.length > 0) tally.position = page.lastKey;
      await noteProgress(context);
    }
    for await (const pair of merge.rest()) await absorb(context, writer, pair);
    await writer.flush();
    tally.settling = true;
  } finally {
    await merge.close();
  }
}

async function* storedRecords(table: Table, pk: string, after: string | undefined): AsyncIterable<RecordRow> {
  for await (const item of table.query({ pk, after })) yield readRecord(item);
}

/** The pages of the listing, each proved to continue the one before; ends only where the listing proved to end. */
async function* provenPages(context: RunContext): AsyncIterable<ProvenPage> {
  const { bucket, config, datasource, tally, deps } = context;
  const maxKeys = datasource.sync.page_size ?? largestPage;
  const startAfter = tally.position;
  let previous: ProvenStep | undefined;
  do {
    await checkpoint(context, previous !== undefined);
    const request = { prefix: config.prefix, maxKeys, startAfter, continuation: previous?.continuation };
    const page = await bucket.list(request);
    if (tally.counters.pages === 0 && page.serverTime !== undefined) {
      tally.clockSkew = page.serverTime - deps.clock.now();
    }
    const proven = provePage(page, { bucket: config.bucket, prefix: config.prefix, maxKeys, startAfter, previous });
    tally.counters.pages += 1;
    tally.counters.listed += proven.objects.length;
    keepControls(tally.controls, proven.objects);
    yield proven;
    previous = proven.next;
  } while (previous !== undefined);
}

/** Remembers the first and the last listed key: objects far apart are not removed together while the run goes on. */
function keepControls(controls: string[], objects: readonly ListedObject[]): void {
  const [first] = objects;
  const last = objects.at(-1);
  if (first === undefined || last === undefined) return;
  if (controls.length === 0) controls.push(first.key);
  controls[1] = last.key;
}

async function absorb(context: RunContext, writer: RangeWriter, pair: Pair<RecordRow>): Promise<void> {
  const { tally, config, matches } = context;
  const stored = pair.at === 'listing' || pair.stored.gone !== undefined ? undefined : pair.stored;
  if (stored !== undefined) {
    tally.stored.objects += 1;
    tally.stored.bytes += stored.size;
  }
  if (pair.at !== 'listing' && pair.stored.gone?.reason === 'out_of_scope' && pair.stored.run === context.run.id) {
    // Taken out by an earlier invocation of this run, beyond its checkpoint.
    tally.counters.out_of_scope += 1;
    return;
  }
  if (pair.at === 'store') {
    if (stored === undefined) return;
    if (stored.sk.startsWith(config.prefix) && matches(stored.sk)) await writer.missing(stored);
    else await writer.outOfScope(stored);
    return;
  }
  if (!matches(pair.object.key)) {
    if (stored !== undefined) await writer.outOfScope(stored);
    return;
  }
  tally.counters.matched += 1;
  tally.counters.bytes += pair.object.size;
  await writer.present(pair.object, stored);
}
