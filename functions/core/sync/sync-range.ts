import { type RecordRow, readRecord, recordPartition } from '../documents/record.ts';
import type { ListedObject, Table } from '../ports.ts';
import { mergeListing, type Pair } from './merge-listing.ts';
import { type ProvenStep, provePage } from './page-proof.ts';
import { createRangeWriter, type RangeWriter } from './range-writer.ts';
import { checkpoint, type RunContext } from './run-context.ts';
import { noteProgress } from './run-progress.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/**
 * Syncs one range: lists it page by page beside the stored records, writes what was added and modified, takes out what
 * left the scope, and notes what the listing lacks as candidates for deletion. Deletes nothing. When it returns, the
 * listing was proved complete. Throws Failure, or RunCanceled.
 */
export async function syncRange(context: RunContext): Promise<void> {
  const { deps, uid, range } = context;
  const merge = mergeListing(storedRecords(deps.table, recordPartition(uid, range.id)));
  const writer = createRangeWriter(context);
  try {
    for await (const objects of provenPages(context)) {
      for await (const pair of merge.page(objects)) await absorb(context, writer, pair);
      await writer.flush();
      await noteProgress(context);
    }
    for await (const pair of merge.rest()) await absorb(context, writer, pair);
    await writer.flush();
  } finally {
    await merge.close();
  }
}

async function* storedRecords(table: Table, pk: string): AsyncIterable<RecordRow> {
  for await (const item of table.query({ pk })) yield readRecord(item);
}

/** The pages of the listing, each proved to continue the one before; ends only where the listing proved to end. */
async function* provenPages(context: RunContext): AsyncIterable<readonly ListedObject[]> {
  const { bucket, config, datasource, tally, deps } = context;
  const maxKeys = datasource.sync.page_size ?? largestPage;
  let previous: ProvenStep | undefined;
  do {
    await checkpoint(context);
    const page = await bucket.list({ prefix: config.prefix, maxKeys, continuation: previous?.continuation });
    if (tally.counters.pages === 0 && page.serverTime !== undefined) {
      tally.clockSkew = page.serverTime - deps.clock.now();
    }
    const proven = provePage(page, { bucket: config.bucket, prefix: config.prefix, maxKeys, previous });
    tally.counters.pages += 1;
    tally.counters.listed += proven.objects.length;
    keepControls(tally.controls, proven.objects);
    yield proven.objects;
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
