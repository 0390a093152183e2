import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '#core/model/ports/table.ts';
import { fingerprintOf } from '#core/registry/effective-config.ts';
import { readScope } from '#core/registry/read-scope.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { type RunRow, zeroCounters } from '#core/runs/run.ts';
import { readRun, runItem } from '#core/runs/run-store.ts';
import { type SyncState, stateItem } from '#core/runs/sync-state.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

const day = 86_400_000;
const heldAt = Date.parse('2026-03-01T00:00:00Z');

let world: SyncWorld;
let now: number;
let uid: string;
let id: string;
let fingerprint: string;
beforeEach(async () => {
  now = heldAt + 1000;
  world = await createSyncWorld({ clock: { now: () => now } });
  ({ id, uid } = await world.addDatasource());
  fingerprint = fingerprintOf((await readScope(world.table, id)).config);
  await holding({ first: 'held', last: 'last', runs: 3 });
});
afterEach(() => world.close());

const holding = (hold: SyncState['hold']): Promise<void> =>
  world.table.put(stateItem(uid, { v: 1, failures: 0, ...(hold ? { hold } : {}) }));

/** Stores a run that held; `change` says how it is otherwise. */
async function store(name: string, change: Partial<RunRow> = {}): Promise<void> {
  const run: RunRow = {
    ...{ v: 1, version: 5, fence: 1, id: name, datasource: id, uid, status: 'held', trigger: 'schedule' },
    ...{ dry_run: false, first_load: false, queued_at: new Date(heldAt - 2 * day).toISOString(), fingerprint },
    ...{ completed_at: new Date(heldAt).toISOString(), counters: zeroCounters, ranges: { done: 1, total: 1 } },
    ...change,
  };
  await world.table.put(runItem(run));
}

const conflict = (words: string) => ({ code: 'conflict', message: expect.stringContaining(words) });
const approve = (name = 'held', table: Table = world.table) => approveRun({ ...world.deps, table }, id, name);

/** Refused, and no run was asked for. */
async function expectRefused(words: string, name = 'held'): Promise<void> {
  await expect(approve(name)).rejects.toMatchObject(conflict(words));
  expect(world.messages).toEqual([]);
}

describe('a run that holds', () => {
  it.each(['held', 'last'])('is approved where it is the first or the last of those in a row: %s', async (name) => {
    await store(name);
    const approving = await approve(name);
    expect(approving).toMatchObject({ approves: name, trigger: 'api', status: 'queued' });
    expect(world.messages).toMatchObject([{ message: { type: 'run', run: approving.id } }]);
    expect(await readRun(world.table, uid, name)).toMatchObject({ approved_by: approving.id, version: 6 });
  });

  it('is approved once, as long as that approval stands', async () => {
    await store('held', { approved_by: 'earlier' });
    for (const status of ['queued', 'running', 'completed', 'held'] as const) {
      await store('earlier', { status });
      await expectRefused('run held was approved already; run earlier applies it');
    }
  });

  it.each([
    ['failed', 'failed'],
    ['was canceled', 'canceled'],
    ['is not known any more', undefined],
  ] as const)('is approved anew where the run that applied it %s', async (_what, status) => {
    await store('held', { approved_by: 'earlier' });
    if (status !== undefined) await store('earlier', { status });
    expect(await approve()).toMatchObject({ approves: 'held' });
  });

  it('is noted as approved though somebody changed its record meanwhile', async () => {
    await store('held');
    let between = 0;
    const put: Table['put'] = async (item, condition) => {
      if (item.sk.endsWith('held') && between === 0) {
        between += 1;
        await store('held', { version: 9, waiting: 1 });
      }
      await world.table.put(item, condition);
    };
    const approving = await approve('held', { ...world.table, put });
    expect(await readRun(world.table, uid, 'held')).toMatchObject({
      approved_by: approving.id,
      version: 10,
      waiting: 1,
    });
    expect(between).toBe(1);
  });

  it('is applied though its record is gone meanwhile', async () => {
    await store('held');
    const put: Table['put'] = async (item, condition) => {
      await world.table.delete({ pk: item.pk, sk: item.sk });
      await world.table.put(item, condition);
    };
    expect(await approve('held', { ...world.table, put })).toMatchObject({ approves: 'held' });
    expect(await readRun(world.table, uid, 'held')).toBeUndefined();
  });

  it('is applied though that could not be noted, which is told', async () => {
    await store('held');
    const broken = new TypeError('the store broke');
    const put: Table['put'] = () => Promise.reject(broken);
    await expect(approve('held', { ...world.table, put })).rejects.toBe(broken);
    expect(world.messages).toHaveLength(1);
  });
});

describe('what cannot be approved', () => {
  it('is a run that does not hold', async () => {
    await store('held', { status: 'completed' });
    await expectRefused('run held is completed, not held: there is nothing to approve');
  });

  it('is one between the first and the last, or of before', async () => {
    await store('between');
    await expectRefused(
      'a later run took the place of between; of the runs that hold now, held was the first',
      'between',
    );
    await holding(undefined);
    await expect(approve('between')).rejects.toMatchObject({ message: 'a later run took the place of between' });
  });

  it('is one of another scope', async () => {
    await store('held', { fingerprint: 'another' });
    await expectRefused('the settings were changed since run held was held; sync again to see what goes now');
  });

  it('is one of more than 29 days, from its end or from when it was asked for', async () => {
    now = heldAt + 29 * day + 1;
    await store('held');
    await expectRefused('run held was held too long ago to be approved; start a new sync');
    now = heldAt + 27 * day + 1;
    await store('held', { completed_at: undefined });
    await expectRefused('held too long ago');
    now -= 1;
    expect(await approve()).toMatchObject({ approves: 'held' });
  });

  it('is still one at the last moment of 29 days', async () => {
    now = heldAt + 29 * day;
    await store('held');
    expect(await approve()).toMatchObject({ approves: 'held' });
  });

  it('is one while another run is on', async () => {
    const { run } = await requestRun(world.deps, { datasource: id, trigger: 'manual' });
    world.messages.splice(0);
    await store('held');
    await expectRefused(`run ${run.id} is on; wait for it to end, then approve what it shows`);
    expect(await readRun(world.table, uid, 'held')).not.toHaveProperty('approved_by');
  });
});
