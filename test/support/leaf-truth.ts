import { addRecord, type Content, nothing, sameContent } from '#core/catalogue/leaf.ts';
import { type LeafPack, leafPartition, readPacks } from '#core/catalogue/leaf-pack.ts';
import { firstKey, type RangeRow, readRanges } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordPartition } from '#core/catalogue/record.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import type { Table } from '#core/model/ports/table.ts';

/**
 * Walks all that is stored of a datasource and throws an Error that names the first thing that is not true: ranges that
 * do not follow one another, records outside their range, counts, and digests that do not tell what is stored. Counts
 * and digests of ranges that say themselves that they may not be true are left out. With `all`, each record must be in
 * a leaf; after a run of several invocations some may be in none, and are read once more. Returns how many leaves it
 * compared.
 */
export async function assertLeavesTrue(table: Table, uid: string, cover: 'all' | 'some' = 'all'): Promise<number> {
  const ranges = await readRanges(table, uid);
  assertTiled(ranges);
  let compared = 0;
  for (const range of ranges) {
    const records = await recordsOf(table, uid, range);
    for (const { sk } of records) {
      const within = compareKeys(range.lo, sk) < 0 && (range.hi === undefined || compareKeys(sk, range.hi) <= 0);
      demand(within, `record ${quote(sk)} is outside its range ${name(range)}`);
    }
    const live = records.filter((record) => record.gone === undefined);
    if (range.dirty !== undefined || range.doubted === true) continue;
    assertCounts(range, live);
    compared += await assertPacks(table, uid, range, live, cover);
  }
  return compared;
}

/** The live and the dead records of a range. */
async function recordsOf(table: Table, uid: string, range: RangeRow): Promise<RecordRow[]> {
  const records: RecordRow[] = [];
  for await (const item of table.query({ pk: recordPartition(uid, range.id) })) records.push(readRecord(item));
  return records;
}

function assertTiled(ranges: readonly RangeRow[]): void {
  for (const [index, range] of ranges.entries()) {
    const lo = index === 0 ? firstKey : ranges[index - 1]?.hi;
    demand(range.lo === lo, `range ${name(range)} begins elsewhere than the one before ends`);
    if (range.hi !== undefined) demand(compareKeys(range.lo, range.hi) < 0, `range ${name(range)} is empty`);
  }
  demand(ranges.length === 0 || ranges.at(-1)?.hi === undefined, 'the last range does not go to the end');
  demand(new Set(ranges.map(({ id }) => id)).size === ranges.length, 'two ranges have one id');
}

function assertCounts(range: RangeRow, live: readonly RecordRow[]): void {
  const bytes = live.reduce((sum, { size }) => sum + size, 0);
  const counted = `range ${name(range)} counts ${range.objects} objects of ${range.bytes} bytes`;
  demand(
    range.objects === live.length && range.bytes === bytes,
    `${counted} and holds ${live.length} of ${bytes} bytes`,
  );
}

async function assertPacks(
  table: Table,
  uid: string,
  range: RangeRow,
  live: readonly RecordRow[],
  cover: 'all' | 'some',
): Promise<number> {
  const packs: LeafPack[] = [];
  for await (const pack of readPacks(table, leafPartition(uid, range.id), { lo: range.lo }, range.lo)) packs.push(pack);
  let end = range.lo;
  let covered = 0;
  let leaves = 0;
  for (const pack of packs) {
    demand(compareKeys(end, pack.from) <= 0, `the pack at ${quote(pack.from)} begins before the one before it ends`);
    demand(pack.leaves.length > 0, `the pack at ${quote(pack.from)} has no leaf`);
    end = pack.from;
    for (const leaf of pack.leaves) {
      demand(compareKeys(end, leaf.to) < 0, `the leaf up to ${quote(leaf.to)} ends before it begins`);
      const there = contentOf(live, end, leaf.to);
      const told = `the leaf up to ${quote(leaf.to)} of range ${name(range)} tells ${text(leaf)}`;
      demand(sameContent(leaf, there), `${told}, stored is ${text(there)}`);
      covered += there.objects;
      leaves += 1;
      end = leaf.to;
    }
  }
  demand(range.hi === undefined || compareKeys(end, range.hi) <= 0, `leaves of range ${name(range)} go beyond its end`);
  demand(
    cover === 'some' || covered === live.length,
    `${live.length - covered} records of range ${name(range)} are in no leaf`,
  );
  return leaves;
}

function contentOf(live: readonly RecordRow[], after: string, through: string): Content {
  const content = nothing();
  for (const record of live) {
    if (compareKeys(record.sk, after) > 0 && compareKeys(record.sk, through) <= 0) addRecord(content, record);
  }
  return content;
}

function demand(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem);
}

function name({ lo, hi }: RangeRow): string {
  return `(${quote(lo)}, ${hi === undefined ? 'end' : quote(hi)}]`;
}

function text({ objects, bytes, sum }: Content): string {
  return `${objects} objects, ${bytes} bytes, sum ${sum.toString(16)}`;
}

function quote(key: string): string {
  return JSON.stringify(key);
}
