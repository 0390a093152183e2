import { afterEach, describe, expect, it } from 'vitest';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import type { RunRow } from '#core/runs/run.ts';
import { WayChange } from '#core/sync/worker/way-change.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { createMemorySpools } from '#support/memory-spools.ts';
import { recordFacts } from '#support/sync-world.ts';
import type { BucketModel } from '../../../simulation/bucket-model.ts';
import { createOrderFault, orders } from '../../../simulation/order-fault.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const settings = { rangeObjects: 40, leafRecords: 8, streams: 4 };

async function worldOf(
  before?: (honest: Buckets, world: { bucket: BucketModel }) => Buckets,
  endpoint = 's3.example.com',
) {
  world = await createRangeWorld(settings, { endpoint, ...(before ? { before } : {}) });
  const names = ['report', 'report/', 'report-', 'Zoo', 'zoo/', 'é', '\u{1f600}', '\uffee', 'a+b/'];
  for (let index = 0; index < 150; index += 1) {
    world.bucket.put(`${names[index % names.length]}${String(index).padStart(3, '0')}`);
    world.time.now += 1;
  }
  return world.addDatasource({ sync: { page_size: 20 } });
}

async function expectExact(id: string, run: RunRow): Promise<void> {
  expect([run.status, run.error?.message]).toEqual(['completed', undefined]);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, run.uid);
}

describe.each(Object.keys(orders))('a server that lists in the order "%s"', (name) => {
  const order = orders[name] as (typeof orders)[string];

  it('is catalogued exactly, found out by itself, and an unchanged run writes no record', async () => {
    const { id } = await worldOf((honest, { bucket }) => createOrderFault(honest, bucket, order));
    const first = await world.run(id);
    await expectExact(id, first);
    expect(first.warnings?.join()).toMatch(/sorted here.*no order/);
    world.forget();
    const second = await world.run(id);
    await expectExact(id, second);
    expect(second.counters).toMatchObject({ unchanged: 150, added: 0, modified: 0, deleted: 0 });
    expect(world.written.filter(({ kind }) => kind === 'record')).toEqual([]);
    // What was found out is remembered: there is no second try of another way.
    expect(world.listings).toHaveLength(8);
  });

  it('loses exactly what was deleted, each key asked for', async () => {
    const { id } = await worldOf((honest, { bucket }) => createOrderFault(honest, bucket, order));
    await world.run(id);
    const gone = world.bucket.objects().filter((_object, index) => index % 10 === 3);
    for (const { key } of gone) world.bucket.delete(key);
    world.bucket.put('zoo/new');
    world.forget();
    const run = await world.run(id);
    await expectExact(id, run);
    expect(run.counters).toMatchObject({ deleted: gone.length, added: 1 });
    expect(world.heads).toEqual(expect.arrayContaining(gone.map(({ key }) => key)));
  });
});

const byFolder = orders.folder as (typeof orders)[string];

describe('a listing without order', () => {
  it('that gives a key twice with other facts is decided by a HEAD', async () => {
    const twin = (rows: readonly ListedObject[]) => {
      const [first] = rows;
      return first === undefined ? rows : [...rows, { ...first, etag: 'older', size: first.size + 1 }];
    };
    const { id } = await worldOf((honest, { bucket }) =>
      createOrderFault(honest, bucket, byFolder, (rows) => twin(rows)),
    );
    await expectExact(id, await world.run(id));
  });

  it('that skips keys deletes nothing that exists: each missing key is asked for', async () => {
    let skipping = false;
    const { id } = await worldOf((honest, { bucket }) =>
      createOrderFault(honest, bucket, byFolder, (rows) => (skipping ? rows.filter((_row, index) => index % 5) : rows)),
    );
    await world.run(id);
    skipping = true;
    const before = recordFacts(await world.catalogue(id));
    await world.run(id);
    expect(recordFacts(await world.catalogue(id))).toEqual(before);
  });

  it('that goes round fails as not proved', async () => {
    let round = false;
    const { id } = await worldOf((honest, { bucket }) => {
      const inner = createOrderFault(honest, bucket, byFolder);
      return {
        open(target) {
          const opened = inner.open(target);
          return {
            ...opened,
            async list(request) {
              const page = await opened.list(request);
              return round && page.nextToken === undefined
                ? { ...page, truncated: true, nextToken: [...bucket.objects()].sort(byFolder)[19]?.key ?? '' }
                : page;
            },
          };
        },
      };
    });
    await world.run(id);
    round = true;
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'listing_not_proved' } });
    expect(run.error?.message).toMatch(/second time.*no end/);
  });

  it('that takes more room than there is fails with the number', async () => {
    const { id } = await worldOf((honest, { bucket }) => createOrderFault(honest, bucket, byFolder));
    const run = await world.run(id, { spools: createMemorySpools(100) });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'listing_too_large' } });
    expect(run.error?.message).toContain('100');
  });

  it('that does not fit into one invocation is too large', async () => {
    const { id } = await worldOf((honest, { bucket }) => createOrderFault(honest, bucket, byFolder));
    let pages = 0;
    world.beforeList = () => {
      pages += 1;
      if (pages === 5) world.time.now += 1000;
    };
    const run = await world.run(id, { yieldAt: world.time.now + 500 });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'listing_too_large' } });
    expect(run.error?.message).toMatch(/\d+ pages/);
  });
});

it.each(Array.from({ length: 16 }, (_, index) => index + 1))(
  'a pass that changes its way at listing %i is exact, and asks for what it lacks once more',
  async (at) => {
    let listings = 0;
    const { id } = await worldOf((honest) => ({
      open(target) {
        const inner = honest.open(target);
        return {
          ...inner,
          async list(request) {
            listings += 1;
            if (listings === at) throw new WayChange('sequence', 'the test says so', false);
            if (listings === at + 4) throw new WayChange('spool', 'the test says so again', false);
            return inner.list(request);
          },
        };
      },
    }));
    await expectExact(id, await world.run(id));
    for (let index = 0; index < 5; index += 1) world.bucket.delete(world.bucket.objects()[index * 20]?.key ?? '');
    world.bucket.put('zz-new');
    listings = 0;
    const run = await world.run(id);
    await expectExact(id, run);
    expect(run.counters).toMatchObject({ deleted: 5 });
  },
);
