import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import type { Table } from '#core/model/ports/table.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import type { SyncSettings } from '#core/runs/sync-deps.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import type { SearchParameters } from '#core/search/search-query.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { createRangeWorld, type RangeWorld } from '../sync/run/range-world.ts';

const pageSize = 10;
const settings = { leafRecords: 4 };

let world: RangeWorld;
beforeEach(async () => {
  world = await createRangeWorld(settings);
});
afterEach(() => world.close());

/** Another world for the test at hand, which is closed as the first one is. */
async function rebuild(more: Partial<SyncSettings>): Promise<void> {
  await world.close();
  world = await createRangeWorld({ ...settings, ...more });
}

function fill(from: number, to: number, prefix = 'key'): void {
  for (let index = from; index < to; index += 1) world.bucket.put(`${prefix}-${String(index).padStart(4, '0')}`);
}

const add = (config: object = {}) => world.addDatasource({ config, sync: { page_size: pageSize } });
const search = (parameters: SearchParameters = {}) =>
  searchDocuments({ table: world.table, ids: createRandomIds() }, parameters);
const live = async (id: string) => (await world.catalogue(id)).map(({ sk }) => sk);
const keysOf = ({ hits }: SearchPage) => hits.map(({ source }) => (source.metadata as { key: string }).key);

/** A run whose process dies when it asks for a page (from 1): what it would still have written is lost, and its lease runs
 *  out. */
async function dieAtPage(id: string, page: number): Promise<void> {
  let dead = false;
  const alive = () => {
    if (dead) throw new Error('killed');
  };
  world.beforeList = () => {
    dead = world.listings.length >= page;
    alive();
  };
  const { table } = world.worker();
  const dying: Table = {
    ...table,
    async transact(writes) {
      alive();
      await table.transact(writes);
    },
  };
  await expect(world.run(id, { table: dying })).rejects.toThrow('killed');
  world.beforeList = undefined;
  world.time.now += 200_000;
}

/** A run that breaks off when it asks for a page (from 1), and ends as failed. */
async function failAtPage(id: string, page: number): Promise<void> {
  world.beforeList = () => {
    if (world.listings.length >= page) throw new Error('broken off');
  };
  expect((await world.run(id)).status).toBe('failed');
  world.beforeList = undefined;
}

/** A run during which `look` is called after each write, so in the middle of pages too. */
async function runWatched(id: string, look: () => Promise<void>): Promise<RunRow> {
  const { table } = world.worker();
  const guarded = guard(look);
  const watched: Table = {
    ...table,
    async transact(writes) {
      await table.transact(writes);
      await guarded.look();
    },
    async batchWrite(writes) {
      const left = await table.batchWrite(writes);
      await guarded.look();
      return left;
    },
  };
  const run = await world.run(id, { table: watched });
  guarded.rethrow();
  return run;
}

/** Calls back whenever a page of the listing is asked for, the run being stopped there. */
async function atEachPage<Seen>(run: () => Promise<unknown>, look: (page: number) => Promise<Seen>): Promise<Seen[]> {
  const seen: Seen[] = [];
  const guarded = guard(async () => void seen.push(await look(seen.length)));
  world.beforeList = guarded.look;
  await run();
  world.beforeList = undefined;
  guarded.rethrow();
  return seen;
}

/** What is thrown within a run ends that run, not the test: it is kept until the run is over. */
function guard(look: () => Promise<void>): { look(): Promise<void>; rethrow(): void } {
  const thrown: unknown[] = [];
  return {
    look: () => look().catch((error: unknown) => void thrown.push(error)),
    rethrow() {
      if (thrown.length > 0) throw thrown[0];
    },
  };
}

/** All pages of a search, by cursor and, as far as it goes, by `from`, each total held against what was shown so far. */
async function pageThrough(size: number): Promise<string[]> {
  const byCursor: string[] = [];
  let page = await search({ size: String(size) });
  for (;;) {
    byCursor.push(...keysOf(page));
    expect(page.total.value).toBeGreaterThanOrEqual(byCursor.length);
    if (page.nextCursor === undefined) break;
    page = await search({ size: String(size), cursor: page.nextCursor });
  }
  const byFrom: string[] = [];
  for (let from = 0; ; from += size) {
    const each = await search({ size: String(size), from: String(from) });
    byFrom.push(...keysOf(each));
    expect(each.total.value).toBeGreaterThanOrEqual(byFrom.length);
    // Whoever counts pages by the total turns each that has something.
    if (each.hits.length < size || each.total.value <= byFrom.length) break;
  }
  expect(byFrom).toEqual(byCursor);
  return byCursor;
}

describe('during a first load', () => {
  it('the total is what was written up to the last page, said to be no more than that', async () => {
    fill(0, 100);
    const { id } = await add();
    const seen = await atEachPage(
      () => world.run(id),
      async () => {
        const { total, hits, nextCursor } = await search({ size: '3' });
        return [total.value, total.relation, hits.length, nextCursor !== undefined];
      },
    );
    expect(seen).toHaveLength(10);
    expect(seen[0]).toEqual([0, 'eq', 0, false]);
    expect(seen.slice(1)).toEqual(seen.slice(1).map((_, page) => [(page + 1) * pageSize, 'gte', 3, true]));
    expect(await search({ size: '3' })).toMatchObject({ total: { value: 100, relation: 'eq' } });
  });

  it('what fits on a page is counted by reading it', async () => {
    fill(0, 30);
    const { id } = await add();
    const seen = await atEachPage(
      () => world.run(id),
      async () => (await search({ size: '1000' })).total,
    );
    expect(seen).toEqual([0, 10, 20].map((value) => ({ value, relation: 'eq' })));
  });

  it('pages leave nothing out, and no total is below what they show', async () => {
    fill(0, 60);
    const { id } = await add();
    let looks = 0;
    await runWatched(id, async () => {
      looks += 1;
      const catalogued = await live(id);
      expect(await pageThrough([3, 7, pageSize, 25][looks % 4] ?? 1)).toEqual(catalogued);
    });
    expect(looks).toBeGreaterThan(12);
  });

  it('the total holds for several ranges and streams, and beside other datasources', async () => {
    await rebuild({ rangeObjects: 25, streams: 3, shareAfterPages: 2 });
    fill(0, 20, 'early');
    const settled = await add({ prefix: 'early' });
    await world.run(settled.id);
    fill(0, 300);
    const { id, uid } = await add({ prefix: 'key' });
    const seen = await atEachPage(
      () => world.run(id),
      async () => {
        const [alone, both] = [await search({ datasource: id, size: '5' }), await search({ size: '5' })];
        const catalogued = (await live(id)).length;
        // A page of each stream may be on its way.
        expect(catalogued - alone.total.value).toBeLessThanOrEqual(3 * pageSize);
        expect(alone.total.value).toBeLessThanOrEqual(catalogued);
        expect(both.total.value).toBeGreaterThanOrEqual(alone.total.value + 20);
        return alone.total.value;
      },
    );
    expect((await world.ranges(uid)).length).toBeGreaterThan(5);
    expect(Math.max(...seen)).toBeGreaterThan(200);
    expect((await search({ size: '5' })).total).toEqual({ value: 320, relation: 'eq' });
  });

  it('a process that dies leaves a total that is true, and so does the run after it', async () => {
    fill(0, 100);
    const { id } = await add();
    await dieAtPage(id, 6);
    expect(await live(id)).toHaveLength(50);
    expect((await search({ size: '5' })).total).toEqual({ value: 50, relation: 'gte' });
    expect((await search({ size: '50' })).total).toEqual({ value: 50, relation: 'eq' });

    const seen = await atEachPage(
      () => world.run(id),
      async () => (await search({ size: '5' })).total,
    );
    expect(seen.map(({ value }) => value)).toEqual([50, 60, 70, 80, 90]);
    expect((await search({ size: '5' })).total).toEqual({ value: 100, relation: 'eq' });
  });

  it('a run that is handed on after each page is counted once', async () => {
    fill(0, 50);
    const { id } = await add();
    const hurried = { yieldAt: 0 };
    let run = await performRun(world.worker(hurried), await world.start(id));
    const seen: number[] = [];
    while (run.status === 'running') {
      const { total } = await search({ size: '2' });
      expect(total).toEqual({ value: (await live(id)).length, relation: 'gte' });
      seen.push(total.value);
      const [sent] = world.messages.splice(0, 1);
      await handleWork(world.worker(hurried), sent?.message);
      run = (await readRun(world.table, run.uid, run.id)) ?? run;
    }
    expect(run.status).toBe('completed');
    expect(seen.slice(0, 4)).toEqual([10, 20, 30, 40]);
  });

  it('a run that is canceled half-way leaves a total that is true', async () => {
    fill(0, 100);
    const { id } = await add();
    const started = await world.start(id);
    world.beforeList = async () => {
      if (world.listings.length === 4) await cancelRun(world.worker(), id, started.run.id);
    };
    expect((await performRun(world.worker(), started)).status).toBe('canceled');
    world.beforeList = undefined;
    const catalogued = await live(id);
    expect(catalogued.length).toBeGreaterThanOrEqual(30);
    expect((await search({ size: '5' })).total).toEqual({ value: catalogued.length, relation: 'gte' });
    for (const size of [7, 100]) expect(await pageThrough(size)).toEqual(catalogued);
  });

  it('documents that are removed by request meanwhile are not counted', async () => {
    fill(0, 60);
    const { id } = await add();
    await atEachPage(
      () => world.run(id),
      async (page) => {
        if (page === 3)
          for (const key of ['key-0003', 'key-0020']) await deleteDocument(world.deps, documentId(id, key));
        expect((await search({ size: '2' })).total.value).toBeLessThanOrEqual((await live(id)).length);
      },
    );
    expect((await search({ size: '2' })).total.value).toBe(58);
  });
});

describe('the percent of a run', () => {
  it('is not told of a first load, however much an earlier try of it left', async () => {
    fill(0, 100);
    const { id, uid } = await add();
    await failAtPage(id, 7);
    const percents = async () => {
      const started = await world.start(id);
      return atEachPage(
        () => performRun(world.worker(), started),
        async () => (await readRun(world.table, uid, started.run.id))?.percent,
      );
    };
    expect(await percents()).toEqual(Array(10).fill(undefined));
    world.bucket.put('key-0000');
    expect((await percents()).at(-1)).toBeGreaterThanOrEqual(10);
  });
});

describe('during a later run', () => {
  it('the total does not fall back to what the run has come to', async () => {
    fill(0, 100);
    const { id } = await add();
    await world.run(id);
    world.bucket.put('key-0001');
    fill(100, 130);
    const seen = await atEachPage(
      () => world.run(id),
      async () => (await search({ size: '2' })).total,
    );
    expect(seen[0]).toEqual({ value: 100, relation: 'eq' });
    expect(seen.slice(1, 10)).toEqual(seen.slice(1, 10).map(() => ({ value: 100, relation: 'gte' })));
    expect(seen.at(-1)).toEqual({ value: 120, relation: 'gte' });
    expect((await search({ size: '2' })).total).toEqual({ value: 130, relation: 'eq' });
  });

  it('an unchanged one costs searches nothing and leaves the total exact', async () => {
    fill(0, 40);
    const { id } = await add();
    await world.run(id);
    const seen = await atEachPage(
      () => world.run(id),
      async () => (await search({ size: '2' })).total,
    );
    expect(seen).toEqual(seen.map(() => ({ value: 40, relation: 'eq' })));
  });

  it('one that empties the bucket is counted down', async () => {
    fill(0, 40);
    const { id } = await add();
    await world.run(id);
    for (const { key } of world.bucket.objects().slice(8)) world.bucket.delete(key);
    await world.run(id);
    expect((await search({ size: '2' })).total).toEqual({ value: 8, relation: 'eq' });
  });

  test.each([
    ['a prefix', { prefix: 'key-003' }],
    ['an extension', { extensions: ['txt'] }],
  ])('given %s that narrows the scope, then no total says more than there is', async (_, config) => {
    fill(0, 90);
    for (const key of ['key-0500.txt', 'key-0030.txt']) world.bucket.put(key);
    const { id } = await add();
    await world.run(id);
    await world.change(id, { connector: { config } });
    const seen: boolean[] = [];
    // Records are taken out in the middle of a page, long before the run tells of it.
    const look = async () => {
      const { total } = await search({ size: '2' });
      const catalogued = (await live(id)).length;
      expect(total.value).toBeLessThanOrEqual(catalogued);
      if (total.relation === 'eq') expect(total.value).toBe(catalogued);
      seen.push(total.relation === 'gte');
    };
    const run = await runWatched(id, look);
    expect(run).toMatchObject({ status: 'completed', counters: { deleted: 0 } });
    expect(run.counters.out_of_scope).toBeGreaterThan(60);
    expect(seen).toContain(true);
    await look();
  });

  it('a narrower scope before the first load was over is no different', async () => {
    fill(0, 100);
    for (const key of ['key-0001.txt', 'key-0002.txt', 'key-0003.txt']) world.bucket.put(key);
    const { id } = await add();
    await failAtPage(id, 7);
    await world.change(id, { connector: { config: { extensions: ['txt'] } } });
    const run = await runWatched(id, async () => {
      expect((await search({ size: '2' })).total.value).toBeLessThanOrEqual((await live(id)).length);
    });
    expect(run.counters.out_of_scope).toBe(57);
    expect((await search({ size: '2' })).total).toEqual({ value: 3, relation: 'eq' });
  });

  it('a narrower scope whose first run broke off is no different in the next', async () => {
    fill(0, 90);
    const { id } = await add();
    await world.run(id);
    await world.change(id, { connector: { config: { include: ['*0', 'key-002*'] } } });
    world.forget();
    await failAtPage(id, 4);
    const left = (await live(id)).length;
    expect(left).toBeLessThan(90);
    await runWatched(id, async () => {
      expect((await search({ size: '2' })).total.value).toBeLessThanOrEqual((await live(id)).length);
    });
    expect((await live(id)).length).toBeLessThan(left);
  });

  it('what is removed by request behind a run that takes records out is not counted', async () => {
    fill(0, 30);
    const { id } = await add();
    await world.run(id);
    await world.change(id, { connector: { config: { include: ['key-00[01]?'] } } });
    // So the run writes on its first two pages, and stores how far it is.
    for (const key of ['key-0001', 'key-0011']) world.bucket.put(key);
    world.forget();
    world.beforeList = async () => {
      if (world.listings.length === 3) await deleteDocument(world.deps, documentId(id, 'key-0005'));
    };
    await runWatched(id, async () => {
      expect((await search({ size: '2' })).total.value).toBeLessThanOrEqual((await live(id)).length);
    });
    expect((await search({ size: '2' })).total.value).toBe(19);
  });

  it('a dry run over what broke off is not taken for one that writes', async () => {
    fill(0, 100);
    const { id } = await add();
    await failAtPage(id, 7);
    const seen = await atEachPage(
      () => world.run(id, {}, { dryRun: true }),
      async () => {
        // So long that even a run that writes nothing stores how far it is.
        world.time.now += 6000;
        return (await search({ size: '2' })).total;
      },
    );
    expect(seen).toEqual(seen.map(() => ({ value: 60, relation: 'gte' })));
  });
});
