import { beforeEach, describe, expect, it } from 'vitest';
import { emptyRange, rangeItem } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { helpPurge } from '#core/dispatch/help-purge.ts';
import { type PurgeDeps, purgeData } from '#core/dispatch/purge-data.ts';
import { amendLease, readLease } from '#core/lease/lease.ts';
import { purgeItem, readPurgeMark } from '#core/registry/purge-item.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createMemoryTable, type MemoryTable } from '../../simulation/memory-table.ts';

type Purge = Extract<WorkMessage, { type: 'purge' }>;

const leaseMs = 930_000;
let table: MemoryTable;
let now: number;
let sent: Purge[];
let deps: PurgeDeps;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  table = createMemoryTable();
  sent = [];
  deps = {
    table,
    clock: { now: () => now },
    log: createRecordingLog(),
    queue: { send: async (message) => void sent.push(message as Purge) },
    holder: 'one',
    isAlive: () => true,
    leaseMs,
    settings: { workers: 4 },
  };
  await table.put(purgeItem('u', 'photos'));
});

async function fill(ranges: number, records = 3): Promise<void> {
  for (let index = 0; index < ranges; index += 1) {
    await table.put(rangeItem('u', emptyRange(`r${index}`, `k${String(index).padStart(4, '0')}`, undefined)));
    for (let key = 0; key < records; key += 1) {
      await table.put({ pk: recordPartition('u', `r${index}`), sk: `k${index}-${key}`, v: 1 });
    }
  }
}

const records = () => [...table.all()].filter(({ pk }) => pk.startsWith('record#')).length;
const yields = () => ({ ...deps, yieldAt: now });

describe('helpers of a purge', () => {
  it.each([
    [0, 4, 0],
    [15, 4, 0],
    [16, 4, 1],
    [31, 4, 2],
    [400, 4, 3],
    [400, 1, 0],
  ])('given %i ranges and %i workers at most, %i are called', async (ranges, workers, called) => {
    await fill(ranges);
    await purgeData({ ...yields(), settings: { workers } }, 'u');
    const { fence } = await readLease(table, 'u');
    const helpers = sent.filter(({ share }) => share !== undefined);
    expect(helpers.map(({ share }) => share)).toEqual(
      Array.from({ length: called }, (_, index) => ({ worker: index + 1, workers: called + 1, fence })),
    );
  });

  it('given one is called, then it empties ranges from its own part on, and the rest stays with who holds the purge', async () => {
    await fill(32);
    await purgeData(yields(), 'u');
    const helper = sent.find(({ share }) => share?.worker === 2);
    await helpPurge(yields(), 'u', helper!.share!);
    const left = Array.from(
      { length: 32 },
      (_, index) => table.slice({ pk: recordPartition('u', `r${index}`) }).length,
    );
    const empty = left.flatMap((count, index) => (count === 0 ? [index] : []));
    expect(empty).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(sent.filter(({ share }) => share === undefined)).toHaveLength(1);
    expect(await readPurgeMark(table, 'u')).not.toHaveProperty('again_at');
  });

  it('given the purge went on in another invocation or ended, then a late one does nothing', async () => {
    await fill(32);
    await purgeData(yields(), 'u');
    const { share } = sent.find((message) => message.share !== undefined)!;
    const before = records();
    now += 1000;
    await helpPurge(deps, 'u', { ...share!, fence: share!.fence - 1 });
    expect(records()).toBe(before);
    await helpPurge(deps, 'another', share!);
    expect(records()).toBe(before);
  });

  it('given the second round, in which next to nothing is left, none are called', async () => {
    await fill(32);
    await purgeData(deps, 'u');
    expect(records()).toBe(0);
    sent = [];
    now += 2 * leaseMs;
    await purgeData(deps, 'u');
    expect(sent).toEqual([]);
    expect([...table.all()].map(({ pk, sk }) => [pk, sk])).toEqual([['u', 'lease']]);
  });
});

describe('a purge over several invocations', () => {
  it('goes on where it was: what is emptied is not looked into again in its round', async () => {
    await fill(40, 600);
    const asked: string[] = [];
    const watching: MemoryTable = {
      ...table,
      query: (query) => {
        asked.push(query.pk);
        return table.query(query);
      },
    };
    let invocations = 0;
    do {
      asked.splice(0);
      await purgeData({ ...yields(), settings: { workers: 1 }, table: watching }, 'u');
      invocations += 1;
    } while (sent.pop()?.uid === 'u' && (await readPurgeMark(table, 'u'))?.again_at === undefined);
    expect(invocations).toBeGreaterThan(5);
    expect(asked.filter((pk) => pk.startsWith('record#')).length).toBeLessThan(12);
    expect(records()).toBe(0);
  });

  it('given its lease was taken by another while it was slow, it stops and leaves all to that one', async () => {
    await fill(64, 600);
    let batches = 0;
    const slow: MemoryTable = {
      ...table,
      batchWrite: async (writes) => {
        batches += 1;
        const left = await table.batchWrite(writes);
        if (batches !== 3) return left;
        now += leaseMs;
        await amendLease(table, 'u', (lease) => ({ ...lease, fence: lease.fence + 1, holder: 'another' }));
        return left;
      },
    };
    await purgeData({ ...deps, table: slow, settings: { workers: 1 } }, 'u');
    expect(records()).toBeGreaterThan(0);
    expect(batches).toBeLessThan(20);
    expect(await readLease(table, 'u')).toMatchObject({ holder: 'another' });
    expect(await readPurgeMark(table, 'u')).not.toHaveProperty('again_at');
  });

  it('given the table fails, then the lease is let go of, and the message that is given again goes on at once', async () => {
    await fill(3);
    const failing: MemoryTable = {
      ...table,
      batchWrite: async () => {
        throw new Error('throttled');
      },
    };
    await expect(purgeData({ ...deps, table: failing }, 'u')).rejects.toThrow('throttled');
    await purgeData({ ...deps, holder: 'two' }, 'u');
    expect(records()).toBe(0);
  });

  it('given it lasts longer than a lease, then it renews it, and a second one leaves it alone', async () => {
    await fill(64, 600);
    const slow: MemoryTable = {
      ...table,
      batchWrite: async (writes) => {
        const left = await table.batchWrite(writes);
        now += leaseMs / 8;
        return left;
      },
    };
    const purging = purgeData({ ...deps, table: slow, settings: { workers: 1 } }, 'u');
    const before = records();
    while (records() > before / 2) await new Promise((resolve) => setImmediate(resolve));
    await purgeData({ ...deps, holder: 'two' }, 'u');
    expect((await readLease(table, 'u')).holder).toBe('one');
    await purging;
    expect(records()).toBe(0);
    expect((await readLease(table, 'u')).fence).toBe(1);
  });
});
