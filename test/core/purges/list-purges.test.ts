import { beforeEach, expect, it } from 'vitest';
import { emptyRange, noteEmptied, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { listPurges, mostShown } from '#core/purges/list-purges.ts';
import { purgeItem } from '#core/registry/purge-item.ts';
import { createMemoryTable, type MemoryTable } from '../../simulation/memory-table.ts';

let table: MemoryTable;
beforeEach(() => {
  table = createMemoryTable();
});

async function ranges(uid: string, objects: readonly number[]): Promise<void> {
  for (const [index, count] of objects.entries()) {
    await table.put(rangeItem(uid, { ...emptyRange(`r${index}`, `k${index}`, undefined), objects: count }));
  }
}

const lease = (uid: string) => ({
  ...{ pk: uid, sk: 'lease', v: 1, version: 1, fence: 2, run: 'purge', purged: true },
  ...{ expires_at: 0, skipped_slots: 0 },
});

it('given none, then it is empty', async () => {
  expect(await listPurges(table)).toEqual({ total: 0, purges: [] });
});

it('given one whose run is being stopped, one that is on and one that is looked over once more, each says how far it is', async () => {
  await ranges('a', [100, 100]);
  await table.put(purgeItem('a', 'photos'));
  await ranges('b', [100, 200, 50]);
  await table.put(lease('b'));
  await table.put(purgeItem('b', 'photos'));
  await noteEmptied(table, 'b', (await readRanges(table, 'b'))[1]!, 1);
  await ranges('c', [10]);
  await noteEmptied(table, 'c', (await readRanges(table, 'c'))[0]!, 1);
  await table.put(lease('c'));
  await table.put(purgeItem('c', 'scans', Date.parse('2026-03-01T00:31:00Z')));
  expect(await listPurges(table)).toEqual({
    total: 3,
    purges: [
      { id: 'photos', status: 'waiting', percent: 0, records_left: 200, ranges: { done: 0, total: 2 } },
      { id: 'photos', status: 'purging', percent: 57, records_left: 150, ranges: { done: 1, total: 3 } },
      {
        ...{ id: 'scans', status: 'purged', percent: 100, records_left: 0, ranges: { done: 1, total: 1 } },
        again_at: '2026-03-01T00:31:00.000Z',
      },
    ],
  });
});

it('given all but the last range of nothing, then it is never told as done before its round ended', async () => {
  await ranges('a', [5, 0]);
  await table.put(lease('a'));
  await table.put(purgeItem('a', 'photos'));
  await noteEmptied(table, 'a', (await readRanges(table, 'a'))[0]!, 1);
  expect((await listPurges(table)).purges[0]).toMatchObject({ status: 'purging', percent: 99, records_left: 0 });
});

it('given more than are shown, then all are counted', async () => {
  for (let index = 0; index < mostShown + 7; index += 1) await table.put(purgeItem(`u${index}`, 'photos'));
  const { total, purges } = await listPurges(table);
  expect([total, purges.length]).toEqual([mostShown + 7, mostShown]);
});
