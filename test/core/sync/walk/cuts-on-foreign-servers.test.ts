import { afterEach, describe, expect, it } from 'vitest';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { readServerNote } from '#core/registry/server-note.ts';
import type { RunRow } from '#core/runs/run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createKeyStartFault, type KeyStartFault } from '../../../simulation/key-start-fault.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
let server: KeyStartFault;
afterEach(() => world.close());

const pageSize = 20;

/** 120 keys in `docs/` with 30 siblings before its slash, and 40 behind: at pages of 20 all the rest is lost by a start in
 *  `docs/`. */
function fill(): void {
  for (let index = 0; index < 120; index += 1) world.bucket.put(`docs/${String(index).padStart(3, '0')}`);
  for (let index = 0; index < 30; index += 1) world.bucket.put(`docs-${String(index).padStart(3, '0')}.zip`);
  for (let index = 0; index < 40; index += 1) world.bucket.put(`zz/${String(index).padStart(3, '0')}`);
}

const settings = { rangeObjects: 40, leafRecords: 8, streams: 4 };

async function minio() {
  world = await createRangeWorld(settings, {
    endpoint: 'minio.example.com',
    before(honest, { bucket, now }) {
      server = createKeyStartFault(honest, bucket, now);
      return server;
    },
  });
  fill();
  return world.addDatasource({ sync: { page_size: pageSize } });
}

async function honest(endpoint: string) {
  world = await createRangeWorld(settings, { endpoint });
  fill();
  return world.addDatasource({ sync: { page_size: pageSize } });
}

async function expectExact(id: string, run: RunRow): Promise<void> {
  expect([run.status, run.error?.message]).toEqual(['completed', undefined]);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, run.uid);
}

const startKeys = (): (string | undefined)[] => world.listings.map(({ startAfter }) => startAfter);

async function noteOf(id: string) {
  const row = await readDatasource(world.table, id);
  return readServerNote(world.table, row?.target ?? '', world.time.now);
}

describe('on an honest foreign server', () => {
  it('each cut costs one listing more at the most, and nothing is remembered', async () => {
    const { id } = await honest('s3.example.com');
    const first = await world.run(id);
    await expectExact(id, first);
    const cuts = (await world.ranges(first.uid)).length - 1;
    expect(cuts).toBeGreaterThanOrEqual(4);
    world.forget();
    const run = await world.run(id);
    await expectExact(id, run);
    expect(run.counters).toMatchObject({ unchanged: 190, added: 0, deleted: 0 });
    const { length: foreign } = world.listings;
    world.close();
    const aws = await honest('s3.us-east-1.amazonaws.com');
    await world.run(aws.id);
    world.forget();
    await world.run(aws.id);
    expect(foreign - world.listings.length).toBeLessThanOrEqual(cuts);
    expect(await noteOf(aws.id)).toBeUndefined();
  });

  it('an object that comes at a cut while the run is on costs a walk over the range beyond, and no way is changed', async () => {
    const { id } = await honest('s3.example.com');
    const { uid } = await world.run(id);
    const cut = (await world.ranges(uid))[1]?.lo ?? '';
    const seen = { cut: false, moved: false };
    world.beforeList = ({ startAfter }) => {
      if (seen.cut && !seen.moved) world.bucket.put(`${cut}+moved`);
      seen.moved ||= seen.cut;
      seen.cut ||= startAfter === cut;
    };
    const run = await world.run(id);
    world.beforeList = undefined;
    await expectExact(id, run);
    expect(run.way).toBeUndefined();
    expect(run.counters.added).toBe(1);
  });
});

describe('on a server that is wrong at some keys', () => {
  it('the run changes its way and is exact, and the next ones begin nowhere but at the beginning', async () => {
    const { id } = await minio();
    await expectExact(id, await world.run(id));
    const second = await world.run(id);
    expect(server.hits).toBeGreaterThan(0);
    await expectExact(id, second);
    expect(second.counters).toMatchObject({ unchanged: 190, added: 0, deleted: 0 });
    expect(second.warnings?.join()).toMatch(/one sequence.*docs/);
    expect(await noteOf(id)).toMatchObject({ way: 'sequence' });
    world.forget();
    await expectExact(id, await world.run(id));
    expect(startKeys().filter((key) => key !== undefined)).toEqual([]);
  });

  it('what comes and goes is found all the same', async () => {
    const { id } = await minio();
    await world.run(id);
    for (let index = 0; index < 5; index += 1) world.bucket.delete(`docs/${String(100 + index)}`);
    for (let index = 0; index < 300; index += 1) world.bucket.put(`docs-x${index}.zip`);
    const run = await world.run(id);
    await expectExact(id, run);
    expect(run.counters).toMatchObject({ added: 300, deleted: 5 });
  });

  it('after a week it is asked again', async () => {
    const { id } = await minio();
    await world.run(id);
    await world.run(id);
    world.time.now += 8 * 86_400_000;
    world.forget();
    await expectExact(id, await world.run(id));
    expect(startKeys().some((key) => key !== undefined)).toBe(true);
  });
});

describe('a first load', () => {
  const yieldAfter = (pages: number) => {
    let listed = 0;
    world.beforeList = () => {
      listed += 1;
      // The time of the invocation is over once so many pages came.
      if (listed === pages) world.time.now += 1000;
    };
    return { yieldAt: world.time.now + 1 };
  };

  it.each([1, 2, 3, 5, 7, 9])(
    'that was handed on after %i pages, with the server started anew meanwhile, is exact',
    async (pages) => {
      const { id } = await minio();
      const parked = await world.run(id, yieldAfter(pages));
      expect(parked.status).toBe('running');
      server.restart();
      world.time.now += 20 * 60_000;
      world.beforeList = undefined;
      await expectExact(id, await world.drain(parked));
    },
  );

  it.each([1, 2, 4, 6, 8, 9])('whose worker died before page %i is exact', async (pages) => {
    const { id } = await minio();
    let listed = 0;
    world.beforeList = () => {
      listed += 1;
      if (listed > pages) throw new ProcessDied();
    };
    const started = await world.start(id);
    await expect(perform(started)).rejects.toThrow(ProcessDied);
    server.restart();
    world.beforeList = undefined;
    world.time.now += 10 * 60_000;
    await expectExact(id, await world.run(id, { holder: 'next-boot', isAlive: (holder) => holder === 'next-boot' }));
  });

  it('that the store holds up for five minutes between two pages is exact', async () => {
    const { id } = await minio();
    let held = 0;
    world.table.beforeWrite = async (writes) => {
      if (writes.length < 10 || held >= 3) return;
      held += 1;
      world.time.now += 300_000;
    };
    const run = await world.run(id, { leaseMs: 10_000_000 });
    world.table.beforeWrite = undefined;
    expect(held).toBe(3);
    await expectExact(id, run);
  });
});

class ProcessDied extends Error {}

async function perform(started: Awaited<ReturnType<RangeWorld['start']>>): Promise<RunRow> {
  const { performRun } = await import('#core/sync/run/perform-run.ts');
  const { table } = world.worker();
  let died = false;
  const dead = async (): Promise<never> => {
    throw new ProcessDied();
  };
  // Whatever it does after it died comes to nothing.
  const deps = world.worker({
    buckets: {
      open(target) {
        const inner = world.worker().buckets.open(target);
        return {
          ...inner,
          list: (request) =>
            inner.list(request).catch((error) => {
              died ||= error instanceof ProcessDied;
              throw error;
            }),
        };
      },
    },
    table: {
      ...table,
      transact: (writes) => (died ? dead() : table.transact(writes)),
      batchWrite: (writes) => (died ? dead() : table.batchWrite(writes)),
    },
  });
  return performRun(deps, started);
}
