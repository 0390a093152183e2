import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdLease } from '#core/lease/held-lease.ts';
import { readLease } from '#core/lease/lease.ts';
import type { Query, Table } from '#core/model/ports/table.ts';
import { openBoard } from '#core/sync/progress/range-board.ts';
import { markSaved, type RangeWork, saveWork } from '#core/sync/progress/range-work.ts';
import { closeAt } from '#core/sync/walk/cut-range.ts';
import { markDirty } from '#core/sync/walk/mark-dirty.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
let uid: string;
let id: string;

beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 20 });
  for (let index = 0; index < 60; index += 1) world.bucket.put(`key-${String(index).padStart(4, '0')}`);
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id);
});
afterEach(() => world.close());

/** What a worker of the run stands on, with a table of its own. */
async function workerOf(run: RunContext['run'], table: Table): Promise<RunContext> {
  const deps: RunContext['deps'] = world.worker({ table });
  const held = holdLease(deps, uid, await readLease(world.table, uid), deps.settings.requestTimeoutMs);
  const context = { deps, uid, held, run, pass: { id: run.id, beganAt: world.time.now } };
  return { ...context, board: await openBoard(context, true) } as RunContext;
}

/** The store as it looks to a worker in whose way `between` comes after the first of the queries that a board is read by. */
function interrupted(between: () => Promise<unknown>): Table {
  let reads = 0;
  return {
    ...world.table,
    async *query(query: Query) {
      reads += 1;
      if (reads === 2) await between();
      yield* world.table.query(query);
    },
  };
}

async function claimAll(context: RunContext): Promise<RangeWork[]> {
  const works: RangeWork[] = [];
  for (;;) {
    const work = await context.board.claim();
    if (work === undefined) return works;
    works.push(work);
  }
}

it('a range that another worker writes to and lets go of while the board is read is not believed', async () => {
  const { run } = await world.start(id);
  const other = await workerOf(run, world.table);
  const [work] = await claimAll(other);
  if (work === undefined) throw new Error('nothing to claim');
  const table = interrupted(async () => {
    await markDirty(other, work);
    await saveWork(other, work, 'released');
  });
  const taken = await claimAll(await workerOf(run, table));
  expect(taken.filter(({ suspect }) => !suspect)).toEqual([]);
});

it('a run is not done while another worker begins the next range where it closed the last', async () => {
  const { run } = await world.start(id);
  const other = await workerOf(run, world.table);
  const works = await claimAll(other);
  const last = works.pop();
  if (last === undefined) throw new Error('nothing to claim');
  for (const work of works) {
    work.done = true;
    markSaved(work);
    await saveWork(other, work, 'released');
  }
  const { board } = await workerOf(
    run,
    interrupted(() => closeAt(other, last, 'key-0059')),
  );
  expect(board.done).toBeLessThan(board.total);
});
