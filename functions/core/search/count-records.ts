import type { RangeRow } from '../catalogue/range-map.ts';
import { readLease } from '../lease/lease.ts';
import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { readConnector } from '../registry/connector-store.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { configOf, fingerprintOf } from '../registry/effective-config.ts';
import { passIdOf, type RunRow } from '../runs/run.ts';
import { readRun } from '../runs/run-store.ts';
import { readState } from '../runs/sync-state.ts';
import type { RangeTally } from '../sync/progress/range-tally.ts';
import { readWork } from '../sync/progress/range-work.ts';
import type { SearchedSource } from './searched-sources.ts';

/** How many live records there are; without `exact` there may be more, for a run writes them. */
export type RecordCount = { readonly objects: number; readonly exact: boolean };

/** Datasources that are read at once. */
const atOnce = 16;

/**
 * Counts the live records of all these datasources from their range maps. The row of a range that a run writes to is
 * counted anew only at the range's end: what the run says of it after each page it wrote is added. That takes four reads
 * more for each such datasource, and none for others.
 */
export async function countRecords(table: Table, sources: readonly SearchedSource[]): Promise<RecordCount> {
  let total: RecordCount = { objects: 0, exact: true };
  for (let start = 0; start < sources.length; start += atOnce) {
    const counts = await Promise.all(sources.slice(start, start + atOnce).map((source) => countSource(table, source)));
    for (const { objects, exact } of counts) {
      // A document deleted before the running sync counted it leaves the map below zero for a moment.
      total = { objects: total.objects + Math.max(0, objects), exact: total.exact && exact };
    }
  }
  return total;
}

async function countSource(table: Table, { row, ranges }: SearchedSource): Promise<RecordCount> {
  // The map before the work: what moves from the work into the map meanwhile is left out then, not counted twice.
  const map = await ranges();
  const written = map.filter((range) => range.dirty !== undefined);
  if (written.length === 0) return { objects: sum(map, counted), exact: true };
  const settled = map.filter((range) => range.dirty === undefined);
  return { objects: sum(settled, counted) + (await countWritten(table, row, written)), exact: false };
}

/** At least so many live records are in these ranges. */
async function countWritten(table: Table, row: DatasourceRow, ranges: readonly RangeRow[]): Promise<number> {
  const run = await runThatWrites(table, row.uid);
  // A run that broke off noted on its way out what it had written.
  if (run === undefined) return sum(ranges, counted);
  const ids = ranges.map(({ id }) => id);
  const work = await readWork(table, row.uid, passIdOf(run), ids);
  const grows = await takesNothingOut(table, row, run);
  return sum(ranges, (range) => {
    const tally = work.get(range.id)?.tally;
    if (grows) return range.objects + (tally ? tally.change.objects - tally.noted.objects : 0);
    return tally ? walked(range, tally) : 0;
  });
}

/** A dry run tallies what it does not write. */
async function runThatWrites(table: Table, uid: string): Promise<RunRow | undefined> {
  const { run: id } = await readLease(table, uid);
  const run = id === undefined ? undefined : await readRun(table, uid, id);
  return run?.dry_run ? undefined : run;
}

/**
 * Whether the run leaves what was catalogued before: its scope is that of the runs before it, as far as they are known.
 * Where the scope became narrower, records leave long before the map, or the run, tells of it.
 */
async function takesNothingOut(table: Table, row: DatasourceRow, run: RunRow): Promise<boolean> {
  const [scope, { last_complete: complete, last_run: last }] = await Promise.all([
    scopeOf(table, row),
    readState(table, row.uid),
  ]);
  // A run that never listed a page wrote nothing. One that did, and whose scope is not told, was stopped by a change of it.
  const wrote = last !== undefined && (last.fingerprint !== undefined || last.counters.pages > 0);
  const scopes = [run.checkpoint?.fingerprint, run.pass?.fingerprint, complete?.fingerprint];
  const known = scopes.filter((fingerprint) => fingerprint !== undefined);
  return [...known, ...(wrote ? [last.fingerprint] : [])].every((fingerprint) => fingerprint === scope);
}

/** Never equal to that of a run where the settings are not whole. */
async function scopeOf(table: Table, row: DatasourceRow): Promise<string> {
  const connector = await readConnector(table, row.connector.id);
  try {
    return connector === undefined ? '' : fingerprintOf(configOf(connector, row));
  } catch (error) {
    if (error instanceof Failure) return '';
    throw error;
  }
}

/** What the run found and wrote up to its last checkpoint in the range, less what was removed by request since. */
function walked(range: RangeRow, { stored, change, edits }: RangeTally): number {
  return Math.max(0, stored.objects + change.objects - (range.edits - edits));
}

function counted(range: RangeRow): number {
  return range.objects;
}

function sum(ranges: readonly RangeRow[], of: (range: RangeRow) => number): number {
  return ranges.reduce((total, range) => total + of(range), 0);
}
