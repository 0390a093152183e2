import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { WayChange } from '#core/sync/worker/way-change.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

/** A server of which the first listing says that it must be listed in one sequence. */
async function sequenceOf(keys: readonly string[], alter?: (request: ListRequest, page: ListingPage) => ListingPage) {
  let told = false;
  const before = (honest: Buckets): Buckets => ({
    open(target) {
      const inner = honest.open(target);
      return {
        ...inner,
        async list(request) {
          if (!told) {
            told = true;
            throw new WayChange('sequence', 'the test says so', true);
          }
          const page = await inner.list(request);
          return alter?.(request, page) ?? page;
        },
      };
    },
  });
  world = await createRangeWorld({ rangeObjects: 20, leafRecords: 4 }, { endpoint: 's3.example.com', before });
  for (const key of keys) world.bucket.put(key);
}

async function expectExact(id: string, run: RunRow, prefix = ''): Promise<void> {
  expect([run.status, run.error?.message]).toEqual(['completed', undefined]);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts().filter(({ key }) => key.startsWith(prefix)));
  await assertLeavesTrue(world.table, run.uid);
}

const tree = ['a/1', 'a/2', 'a//3', 'a-', 'a0', '/lead', '//two', 'b/', 'b/x/y/z', 'loose', 'c+d/1', 'é/ü/1', 'z'];

describe('a scope that is listed without keys', () => {
  it('is listed folder by folder, each from its own beginning, and nothing begins after a key', async () => {
    await sequenceOf(tree);
    const { id } = await world.addDatasource({ sync: { page_size: 2 } });
    await expectExact(id, await world.run(id));
    const { listings } = world;
    expect(listings.slice(1).every(({ startAfter }) => startAfter === undefined)).toBe(true);
    expect(new Set(listings.filter(({ delimiter }) => !delimiter).map(({ prefix }) => prefix))).toEqual(
      new Set(['', 'a/', '/', 'b/', 'c+d/', 'é/']),
    );
  });

  it.each(['a', 'a/', 'b/x/', 'nothing', 'c+d/1'])('and has the prefix %j is exact', async (prefix) => {
    await sequenceOf(tree);
    const { id } = await world.addDatasource({ config: { prefix }, sync: { page_size: 2 } });
    await expectExact(id, await world.run(id), prefix);
  });

  it('of any keys is catalogued exactly, also when keys come and go', async () => {
    const part = fc.constantFrom('a', 'b', '/', '-', '0', '\u{1f600}', '\uffee', '+', ' ');
    const key = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    const keys = fc.uniqueArray(key, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(keys, keys, fc.integer({ min: 1, max: 7 }), async (before, added, page_size) => {
        // An empty listing over a catalogue would hold.
        await sequenceOf([...before, 'kept']);
        try {
          const { id } = await world.addDatasource({ sync: { page_size } });
          await expectExact(id, await world.run(id));
          for (const one of before.filter((_key, index) => index % 9 === 0)) world.bucket.delete(one);
          for (const one of added) world.bucket.put(one);
          await expectExact(id, await world.run(id));
        } finally {
          world.close();
        }
      }),
      { numRuns: 40 },
    );
    await sequenceOf([]);
  });
});

describe('where a server', () => {
  it('does not list a folder that it showed, the scope is listed as a whole', async () => {
    await sequenceOf(tree, ({ prefix }, page) =>
      prefix === 'c+d/' ? { ...page, objects: [], keyCount: 0, truncated: false } : page,
    );
    const { id } = await world.addDatasource();
    await expectExact(id, await world.run(id));
  });

  it('does not know a delimiter, its keys are listed all the same', async () => {
    await sequenceOf(tree);
    const inner = world.bucket.list;
    world.bucket.list = ({ delimiter: _delimiter, ...request }, version) => inner(request, version);
    const { id } = await world.addDatasource({ sync: { page_size: 2 } });
    await expectExact(id, await world.run(id));
  });
});

it('an invocation goes on where the last one stopped, and passes over what was compared', async () => {
  await sequenceOf(Array.from({ length: 90 }, (_, index) => `f${index % 9}/${String(index).padStart(3, '0')}`));
  const { id } = await world.addDatasource({ sync: { page_size: 4 } });
  let written = 0;
  world.table.beforeWrite = (writes) => {
    if (!writes.some((write) => 'put' in write && write.put.pk.startsWith('record#'))) return;
    written += 1;
    // An invocation has time for eight pages.
    if (written % 8 === 0) world.time.now += 1000;
  };
  const slice = () => world.worker({ yieldAt: world.time.now + 500 });
  const parked = await world.run(id, slice());
  expect(parked.status).toBe('running');
  let invocations = 1;
  for (let sent = world.messages.shift(); sent !== undefined && invocations < 20; sent = world.messages.shift()) {
    invocations += 1;
    await handleWork(slice(), sent.message);
  }
  const run = (await readRun(world.table, parked.uid, parked.id)) ?? parked;
  expect(invocations).toBeGreaterThan(1);
  await expectExact(id, run);
});
