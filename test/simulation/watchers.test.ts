import { describe, expect, it } from 'vitest';
import { recordPartitionPrefix } from '#core/catalogue/record.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Item } from '#core/model/ports/table.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { startRun } from '#core/runs/start-run.ts';
import { createRandomSource } from './random-source.ts';
import { SimulatedSystem } from './simulated-system.ts';
import { conclude, type Simulation, watch } from './simulation.ts';

const start = Date.parse('2026-03-01T00:00:00Z');
const minute = 60_000;

/** A datasource with five records, after a run in peace. */
async function syncedOnce(): Promise<{ simulation: Simulation; records: Item[] }> {
  const system = new SimulatedSystem(
    {
      ...{ kind: 'functions', start, bucketNames: ['one'], jitterMs: 0, settings: {} },
      ...{ lifeMs: 900_000, reserveMs: 60_000, leaseMs: 930_000, visibilityMs: 60_000 },
    },
    createRandomSource(7),
  );
  const simulation = watch(system);
  for (const key of ['a', 'b', 'c', 'd', 'e']) system.buckets.put('one', key);
  const config = {
    bucket: 'one',
    endpoint: 's3.us-east-1.amazonaws.com',
    access_key_id: 'AK',
    secret_access_key: 'SK',
  };
  const sync = { first_load_events: true };
  const body = { id: 'one', type: 'connector', name: 'one', connector: { id: 's3', config }, sync };
  system.asUser((deps) => createDatasource(deps, parseInput(datasourceInput, body, 'the datasource')));
  await system.time.runUntil(start + minute);
  await syncAgain(system);
  return { simulation, records: [...system.table.all()].filter(({ pk }) => pk.startsWith(recordPartitionPrefix)) };
}

async function syncAgain(system: SimulatedSystem): Promise<void> {
  system.asUser((deps) => requestRun(deps, { datasource: 'one', trigger: 'api' }));
  await system.time.runUntil(system.now() + 5 * minute);
}

function runItems({ system }: Simulation): Item[] {
  return [...system.table.all()].filter(({ pk }) => pk.startsWith('run#'));
}

describe('those who watch over a simulation', () => {
  it('have nothing to say about a sync in peace', async () => {
    const { simulation, records } = await syncedOnce();
    await conclude(simulation);
    expect(records).toHaveLength(5);
    expect(simulation.system.problems).toEqual([]);
  });

  it('see a deletion of what the bucket has', async () => {
    const { simulation, records } = await syncedOnce();
    const [record] = records;
    simulation.system.table.commit([{ put: { ...(record as Item), gone: { reason: 'deleted' } } }]);
    expect(simulation.system.problems).toEqual([expect.stringContaining('FALSE DELETE')]);
  });

  it('see a record that is taken out of a scope it is in', async () => {
    const { simulation, records } = await syncedOnce();
    simulation.system.table.commit([{ put: { ...(records[0] as Item), gone: { reason: 'out_of_scope' } } }]);
    expect(simulation.system.problems).toEqual([expect.stringContaining('taken out of a scope')]);
  });

  it('see a record that vanishes, and one that is wrong in the end', async () => {
    const { simulation, records } = await syncedOnce();
    const { system } = simulation;
    system.table.commit([{ delete: records[0] as Item }]);
    expect(system.problems).toEqual([expect.stringContaining('vanished without a tombstone')]);
    // Whoever believes its digests never finds out about this one.
    system.table.commit([{ put: { ...(records[1] as Item), etag: 'another' } }]);
    await conclude(simulation);
    expect(system.problems.join()).toContain('"b" is another');
  });

  it('see a second run, a second one for a slot, and one that ends twice', async () => {
    const { simulation } = await syncedOnce();
    const { system } = simulation;
    const [ended] = runItems(simulation);
    const run = { ...(ended as Item), status: 'running', scheduled_at: '2026-03-01T01:00:00.000Z' };
    system.table.commit([{ put: { ...run, sk: 'z1', id: 'z1' } }]);
    system.table.commit([{ put: { ...run, sk: 'z2', id: 'z2' } }]);
    system.table.commit([{ put: { ...(ended as Item), status: 'running' } }]);
    const told = system.problems.join('\n');
    expect(told).toContain('run z2 of one began while z1 was on');
    expect(told).toContain('had two runs');
    expect(told).toContain('had ended as completed and became running');
    expect(simulation.runs.overdue(-1)).not.toEqual([]);
  });

  it('see a schedule that nobody wished for', async () => {
    const { simulation } = await syncedOnce();
    const { system } = simulation;
    // Scheduler, unlike our own table, can be written to by anybody; what the sweep would mend is put there after it.
    const put = system.scheduler.schedules.put;
    await put({
      ...{ name: 'nobody', expression: 'rate(9 days)', timezone: 'UTC', state: 'disabled' },
      ...{ startAt: start, input: '{}' },
    } as const);
    system.scheduler.schedules.read = async () => undefined;
    await conclude(simulation);
    expect(system.problems).toEqual([expect.stringContaining('the schedule nobody is orphaned')]);
  });

  it('see a change that nobody was told of', async () => {
    const { simulation } = await syncedOnce();
    const { system } = simulation;
    system.feed.append = () => undefined;
    system.buckets.put('one', 'f');
    await syncAgain(system);
    await conclude(simulation);
    expect(system.problems.join()).toMatch(/nobody was told of Objects Added f \(6, etag-6, .*\) by/);
  });

  it('see two workers that both believe they hold the lease', async () => {
    const { simulation } = await syncedOnce();
    const { system } = simulation;
    const commit = system.table.commit;
    system.table.commit = (writes) =>
      commit(writes.map((write) => ('check' in write || 'delete' in write ? write : { put: write.put })));
    for (let worker = 0; worker < 6; worker += 1) {
      system.invoke('tick', (deps) => startRun(deps, { datasource: 'one', trigger: 'schedule', inProcess: true }));
    }
    await system.time.runUntil(system.now() + minute);
    expect(system.problems.join()).toContain('was on');
  });
});
