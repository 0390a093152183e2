import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { amendLease, freed, readLease, takeLease } from '#core/lease/lease.ts';
import { PushedBack } from '#core/model/errors.ts';
import type { PlainWrite, Table } from '#core/model/ports/table.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import type { SyncDeps } from '#core/runs/sync-deps.ts';
import { readState } from '#core/runs/sync-state.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { listWork } from '#core/sync/progress/range-work.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { createRangeWorld, type RangeWorld, recordFacts } from '../run/range-world.ts';

/** What a table does that cannot take all that is written to it. */
type PushBack = {
  /** Of each batch, so many writes are taken; all where it says so. */
  taking: () => number | 'all';
  /** Called when a batch was pushed back, with how many were so far. */
  then?: (times: number) => Promise<void> | void;
};

let world: RangeWorld;
let id: string;
let uid: string;
/** Writes of records sent, and how much longer lease and claim were to last at that moment. */
let sent: { readonly records: number; readonly leaseLeftMs: number; readonly claimLeftMs: number }[];

const objects = 600;
const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

beforeEach(async () => {
  world = await createRangeWorld({ leafRecords: 8, rangeObjects: 200, streams: 2 });
  for (let index = 0; index < objects; index += 1) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 100 } }));
  sent = [];
});
afterEach(() => world.close());

const isRecord = (write: PlainWrite): boolean => 'put' in write && write.put.pk.startsWith('record#');

/** The table of a worker, which tries for ten seconds each time that it pushes back. */
function pushingBack({ taking, then }: PushBack, table: Table = world.worker().table): Table {
  let times = 0;
  return {
    ...table,
    async batchWrite(writes) {
      await noteSent(writes);
      const count = taking();
      if (count === 'all') return table.batchWrite(writes);
      await table.batchWrite(writes.slice(0, count));
      world.time.now += timeBudget.tableTryMs;
      times += 1;
      await then?.(times);
      return writes.slice(count);
    },
  };
}

async function noteSent(writes: readonly PlainWrite[]): Promise<void> {
  if (!writes.some(isRecord)) return;
  const lease = await readLease(world.table, uid);
  const rows = [...(await listWork(world.table, uid, lease.run ?? '')).values()];
  const claims = rows.flatMap(({ claim }) => (claim === undefined ? [] : [claim.expires_at]));
  sent.push({
    records: writes.length,
    leaseLeftMs: lease.expires_at - world.time.now,
    claimLeftMs: Math.min(...claims) - world.time.now,
  });
}

async function drained(run: RunRow, overrides: Partial<SyncDeps>): Promise<RunRow> {
  return (await world.drain(run, overrides)) ?? run;
}

const stored = async (): Promise<number> => (await world.catalogue(id)).length;

describe('a table that takes little of each batch', () => {
  it('is waited for: the run completes, and lease and claim outlast each write', async () => {
    let beats = 0;
    const beat = (): void => {
      beats += 1;
    };
    const table = pushingBack({ taking: () => 7 });
    const run = await world.run(id, { table, alive: beat });
    expect(run).toMatchObject({ status: 'completed', counters: { added: objects } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    // More than an hour of waiting, on leases of two minutes.
    expect(world.time.now - Date.parse(run.started_at ?? '')).toBeGreaterThan(800_000);
    expect(Math.min(...sent.map(({ leaseLeftMs }) => leaseLeftMs))).toBeGreaterThanOrEqual(timeBudget.tableWriteMs);
    expect(Math.min(...sent.map(({ claimLeftMs }) => claimLeftMs))).toBeGreaterThanOrEqual(timeBudget.tableWriteMs);
    expect(beats).toBeGreaterThanOrEqual(sent.length);
  });

  it('pushes back reads and conditional writes, which are made again', async () => {
    const inner = world.worker().table;
    let calls = 0;
    const sometimes = <T>(call: () => Promise<T>): Promise<T> => {
      calls += 1;
      return calls % 3 === 0 ? Promise.reject(new PushedBack('ThrottlingException')) : call();
    };
    const table: Table = {
      ...inner,
      get: (each) => sometimes(() => inner.get(each)),
      transact: (writes) => sometimes(() => inner.transact(writes)),
      async *query(query) {
        let read = 0;
        for await (const item of inner.query(query)) {
          yield item;
          read += 1;
          if (read % 50 === 0) await sometimes(async () => undefined);
        }
      },
    };
    await world.run(id);
    world.time.now += 60_000;
    for (let index = 0; index < objects; index += 3) world.bucket.put(key(index), { size: 7 });
    const run = await performRun(world.worker({ table }), await world.start(id));
    expect(run).toMatchObject({ status: 'completed', counters: { modified: 200, unchanged: 400 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    expect(calls).toBeGreaterThan(30);
  });
});

describe('while a batch is pushed back', () => {
  /** What happens meanwhile, and what becomes of the run. */
  const meanwhile: Record<string, { readonly happens: (run: RunRow) => Promise<unknown>; readonly status: string }> = {
    'another run takes over': {
      async happens() {
        const lease = await readLease(world.table, uid);
        await world.table.transact([
          takeLease(world.worker({ holder: 'other' }), uid, lease, { run: 'another', holder: 'other' }).write,
        ]);
      },
      status: 'running',
    },
    'the run is canceled': { happens: (run) => cancelRun(world.worker(), id, run.id), status: 'canceled' },
    'the datasource is deleted and its purge begins': {
      async happens() {
        await deleteDatasource(world.worker(), id);
        await handleWork(world.worker(), world.take('purge')[0]);
      },
      status: 'canceled',
    },
    'the run ends without its worker': {
      happens: () => amendLease(world.table, uid, (lease) => ({ ...freed(lease), fence: lease.fence + 1 })),
      status: 'running',
    },
    'another worker breaks the run off': {
      happens: () =>
        amendLease(world.table, uid, (lease) => ({ ...lease, failure: { code: 'access_denied', message: 'no' } })),
      status: 'failed',
    },
  };

  it.each(Object.entries(meanwhile))('%s: nothing of it is sent again', async (_name, { happens, status }) => {
    const started = await world.start(id);
    let after: number | undefined;
    const then = async (times: number): Promise<void> => {
      if (times !== 3) return;
      await happens(started.run);
      after = sent.length;
    };
    const run = await performRun(world.worker({ table: pushingBack({ taking: () => 1, then }) }), started);
    expect([run.status, after]).toEqual([status, 3]);
    expect(sent).toHaveLength(3);
    // No more is counted than is there: of an unfinished page, less.
    const counted = (await world.ranges(uid)).reduce((sum, row) => sum + row.objects, 0);
    expect(counted).toBeLessThanOrEqual(await stored());
  });

  it('of a helper, the run ends: nothing of it is sent again', async () => {
    const { run, lease } = await world.start(id, {}, { holder: 'holder', isAlive: () => true });
    const then = async (): Promise<void> =>
      void (await amendLease(world.table, uid, (held) => ({ ...freed(held), fence: held.fence + 1 })));
    const helper = { holder: 'helper', isAlive: () => true, table: pushingBack({ taking: () => 1, then }) };
    const message: WorkMessage = { type: 'ranges', datasource: id, uid, run: run.id, fence: lease.fence };
    await handleWork(world.worker(helper), message);
    expect(sent).toHaveLength(1);
    expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('the datasource is deleted: after its purge nothing is left', async () => {
    const then = async (times: number): Promise<void> => {
      if (times === 2) await deleteDatasource(world.worker(), id);
    };
    const run = await world.run(id, { table: pushingBack({ taking: () => 5, then }) });
    // The run does not know yet: it goes on until the purge asks it to stop, or it finds the datasource gone.
    expect(['canceled', 'completed']).toContain(run.status);
    await world.drain(run);
    world.time.now += 2 * world.deps.leaseMs;
    await handleWork(world.worker(), { type: 'purge', uid });
    const left: string[] = [];
    for (const range of await world.ranges(uid)) {
      for await (const item of world.table.query({ pk: `record#${uid}#${range.id}` })) left.push(item.sk);
    }
    expect(left).toEqual([]);
  });
});

describe('when the time of the invocation is over while a batch is pushed back', () => {
  /** Invocations of 60 s, one after the other, each of a container of its own. */
  const slices = (taking: PushBack['taking']): Partial<SyncDeps> => ({
    table: pushingBack({ taking }),
    isAlive: () => true,
    get yieldAt() {
      return world.time.now + 60_000;
    },
  });

  it('the run is handed on with its ranges free, and goes on until it completes', async () => {
    const run = await world.run(
      id,
      slices(() => 20),
    );
    expect(run.status).toBe('running');
    const claims = [...(await listWork(world.table, uid, run.id)).values()].filter(({ claim }) => claim !== undefined);
    expect([claims, world.messages.length]).toEqual([[], 1]);
    const ended = await drained(
      run,
      slices(() => 20),
    );
    expect(ended).toMatchObject({ status: 'completed', counters: { added: objects } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    const rows = await world.ranges(uid);
    expect(rows.reduce((sum, row) => sum + row.objects, 0)).toBe(objects);
  });

  it.each([
    ['closed', (maps: number) => maps === 2],
    ['ended', (maps: number, works: number) => maps === 1 && works === 1],
  ])(
    'as a range is to be %s, it is not taken to be: what is left of it is listed by the next one',
    async (_what, isIt) => {
      const inner = world.worker().table;
      let refused = 0;
      const transact: Table['transact'] = async (writes) => {
        const puts = writes.flatMap((write) => ('put' in write ? [write.put.pk] : []));
        const maps = puts.filter((pk) => pk.startsWith('map#')).length;
        if (refused >= 12 || !isIt(maps, puts.filter((pk) => pk.startsWith('work#')).length))
          return inner.transact(writes);
        refused += 1;
        world.time.now += timeBudget.tableTryMs;
        throw new PushedBack('TransactionConflict');
      };
      const hurried = { ...slices(() => 'all'), table: { ...inner, transact } };
      const run = await performRun(
        world.worker({ ...hurried, yieldAt: world.time.now + 60_000 }),
        await world.start(id),
      );
      expect([run.status, refused > 0]).toEqual(['running', true]);
      const ended = await drained(run, hurried);
      expect(ended).toMatchObject({ status: 'completed', counters: { added: objects } });
      expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
      expect((await world.ranges(uid)).reduce((sum, row) => sum + row.objects, 0)).toBe(objects);
    },
  );

  it('and it got nowhere, that is no interruption: it goes on when the table takes something again', async () => {
    let invocations = 0;
    const begin = world.time.now;
    const taking = (): number | 'all' => (world.time.now - begin < 1_800_000 ? 0 : 'all');
    const run = await world.run(id, slices(taking));
    let ended: RunRow | undefined = run;
    while (world.messages.length > 0) {
      invocations += 1;
      await handleWork(world.worker(slices(taking)), world.messages.shift()?.message);
      ended = await readRun(world.table, uid, run.id);
    }
    expect(invocations).toBeGreaterThan(20);
    expect(ended).toMatchObject({ status: 'completed', counters: { added: objects } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });

  it('and nothing was taken for an hour, the run fails as table_throttled, and the next one goes on from it', async () => {
    const begin = world.time.now;
    const run = await world.run(
      id,
      slices(() => (world.time.now - begin < 100_000 ? 20 : 0)),
    );
    const before = await stored();
    const ended = await drained(
      run,
      slices(() => (world.time.now - begin < 100_000 ? 20 : 0)),
    );
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'table_throttled' } });
    expect(ended.error?.message).toContain('tableWarmWrites');
    expect(world.time.now - begin).toBeGreaterThan(3_600_000 + 100_000);
    expect(world.time.now - begin).toBeLessThan(3_600_000 + 300_000);
    expect(await stored()).toBeGreaterThanOrEqual(before);
    expect((await readState(world.table, uid)).unfinished?.pass).toBe(run.id);
    const next = await world.run(id);
    expect(next).toMatchObject({ status: 'completed', pass: { id: run.id } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });
});

it('a run that the table lets read nothing before its time is over is handed on as it was', async () => {
  const started = await world.start(id);
  const inner = world.worker().table;
  let refused = 0;
  const query: Table['query'] = () => {
    refused += 1;
    world.time.now += timeBudget.tableTryMs;
    throw new PushedBack('ThrottlingException');
  };
  const yieldAt = world.time.now + 60_000;
  const run = await performRun(world.worker({ table: { ...inner, query }, yieldAt }), started);
  expect([run.status, refused]).toEqual(['running', 6]);
  expect((await world.drain(run)).status).toBe('completed');
});
