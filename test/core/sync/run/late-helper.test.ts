import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { amendLease, freed } from '#core/lease/lease.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { SyncDeps } from '#core/runs/sync-deps.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** A catalogue of 200 objects in four ranges, made by one worker. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 50, leafRecords: 8, streams: 2, workers: 3 });
  for (let index = 0; index < 200; index += 1) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id, { settings: { ...world.deps.settings, workers: 1 } });
  expect(await world.ranges(uid)).toHaveLength(4);
  world.time.now += 60_000;
  world.forget();
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const named = (holder: string): Partial<SyncDeps> => ({ holder, isAlive: () => true });

/** Fails what asks the store without end. */
function patientFor(table: Table, queries: number): Table {
  let left = queries;
  return {
    ...table,
    query(query) {
      left -= 1;
      if (left < 0) throw new Error('the store is asked without end');
      return table.query(query);
    },
  };
}

describe('a worker that was called too late', () => {
  it.each(['never begun', 'begun and let go'])(
    'stops at once when the run ended while it looked around: ranges %s',
    async (which) => {
      const { run, lease } = await world.start(id, {}, named('holder'));
      const helper = { ...world.worker(named('helper')), table: patientFor(world.worker().table, 100) };
      const opener: SyncDeps['opener'] = {
        async open(sealed, context) {
          if (which !== 'never begun') await leaveWork(run.id);
          // As whoever holds the run ends it.
          await amendLease(world.table, uid, (held) => ({ ...freed(held), fence: held.fence + 1 }));
          return world.deps.opener.open(sealed, context);
        },
      };
      const message: WorkMessage = { type: 'ranges', datasource: id, uid, run: run.id, fence: lease.fence };
      await handleWork({ ...helper, opener }, message);
      expect(world.listings).toEqual([]);
      expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );
});

/** Work on each range that another worker began and let go of. */
async function leaveWork(pass: string): Promise<void> {
  const counters = Object.fromEntries(
    ['pages', 'listed', 'matched', 'added', 'modified', 'deleted', 'unchanged', 'out_of_scope', 'failed', 'bytes'].map(
      (name) => [name, 0],
    ),
  );
  const zero = { objects: 0, bytes: 0 };
  const sums = { stored: zero, change: zero, noted: zero };
  const tally = {
    counters,
    ...sums,
    edits: 0,
    candidates: 0,
    candidate_sample: [],
    controls: [],
    unshared: { pages: 0 },
  };
  const { fence } = await amendLease(world.table, uid, () => undefined);
  for (const { id: sk } of await world.ranges(uid)) {
    const row = { v: 1, version: 1, fence, done: false, suspect: false, tally, ttl: 2_000_000_000 };
    await world.table.put({ pk: `work#${uid}#${pass}`, sk, ...row });
  }
}
