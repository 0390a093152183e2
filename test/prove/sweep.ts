import { sweep } from '#core/dispatch/sweep.ts';
import type { ListedSchedule, LiveSchedule, Schedules } from '#core/model/ports/schedules.ts';
import type { Item, Query, Table } from '#core/model/ports/table.ts';
import { type DatasourceRow, datasourceRow } from '#core/registry/datasource.ts';
import { type ComparedCounts, reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { acknowledge } from '#core/schedules/schedule-ack.ts';
import { markOf } from '#core/schedules/schedule-mark.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { sightOf } from '#core/schedules/schedule-sight.ts';
import { createVirtualTime, type VirtualTime } from '#support/virtual-time.ts';
import { createMemoryTable } from '../simulation/memory-table.ts';
import type { ProofResult } from './proof-result.ts';

const sizes = [1000, 10_000, 100_000];
/** Of the sweep's rule. */
const withinSeconds = 300;

/** Round trips that are assumed, milliseconds: an item or a hundred of them; a page of 1 MB; a call of Scheduler. */
const itemMs = 5;
const pageMs = 25;
const schedulerMs = 25;
/** Of a processor, as Lambda gives 512 MB of memory: a whole one at 1,769 MB. */
const processor = 512 / 1769;
const keysAsked = 100;
const askedAtOnce = 4;
const firstForm = 'first';
const itemsOfPage = 1000;
const schedulesOfPage = 100;

type Calls = { get: number; batchGet: number; query: number; write: number; list: number; read: number; put: number };
type Bed = Awaited<ReturnType<typeof createBed>>;

/**
 * Proves that a sweep over many datasources ends within its five minutes: on virtual time, where each call of the table and
 * of Scheduler takes as long as is assumed of AWS. The time that the code itself takes is measured and told beside it.
 */
export async function proveSweep({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const results: ProofResult[] = [];
  for (const size of sizes) {
    const datasources = Math.round(size * share);
    const bed = await createBed(datasources);
    results.push(await judged(bed, `${datasources} datasources: nobody touched anything`, 0));
    for (let index = 0; index < 100; index += 1) bed.edit(Math.floor((index * datasources) / 100));
    results.push(
      await judged(bed, `${datasources} datasources: 100 edited in the console`, Math.min(100, datasources)),
    );
    bed.deploy();
    results.push(
      await judged(bed, `${datasources} datasources: first sweep after a deployment`, Math.min(20_000, datasources)),
    );
  }
  return results;
}

async function judged(bed: Bed, name: string, leastRead: number): Promise<ProofResult> {
  const { seconds, cpuSeconds, calls, compared } = await bed.sweep();
  const told = Object.entries(calls).map(([call, count]) => `${count} ${call}`);
  const passed =
    seconds + cpuSeconds / processor < withinSeconds && compared !== undefined && compared.read >= leastRead;
  return {
    proof: 'sweep',
    claim: `${name}: within ${withinSeconds} s`,
    measured: `${seconds.toFixed(1)} s of calls and ${(cpuSeconds / processor).toFixed(1)} s of code on ${processor.toFixed(2)} processors: ${told.join(', ')}`,
    passed,
    seconds: cpuSeconds,
  };
}

async function createBed(datasources: number) {
  const time = createVirtualTime(Date.parse('2026-11-30T00:00:00Z'));
  const calls: Calls = { get: 0, batchGet: 0, query: 0, write: 0, list: 0, read: 0, put: 0 };
  const memory = createMemoryTable();
  const live = new Map<string, LiveSchedule>();
  for (let index = 0; index < datasources; index += 1) {
    const row = rowOf(index, time.clock.now());
    await memory.put({ ...row, pk: 'registry#datasource', sk: row.id } as Item);
    await memory.put({ pk: row.uid, sk: 'state', v: 1, failures: 0 });
    live.set(row.id, await settle(memory, row, time.clock.now()));
  }
  const deps = {
    table: slowTable(memory, time, calls),
    schedules: slowSchedules(live, time, calls),
    clock: time.clock,
    ids: { unique: () => 'unused' },
    queue: { send: async () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...{ holder: 'one', isAlive: () => true, leaseMs: 930_000 },
  };
  let form = firstForm;
  const told: ComparedCounts[] = [];
  const sweepOnce = async () => {
    await time.advance(300_000);
    for (const call of Object.keys(calls) as (keyof Calls)[]) calls[call] = 0;
    told.splice(0);
    const began = time.clock.now();
    const cpu = process.cpuUsage();
    const compared = (counts: ComparedCounts) => void told.push(counts);
    let done = false;
    const work = Promise.all([sweep(deps), reconcileAllSchedules({ ...deps, form, compared })]).finally(() => {
      done = true;
    });
    while (!done) await time.advance(schedulerMs);
    await work;
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = (user + system) / 1e6;
    return { seconds: (time.clock.now() - began) / 1000, cpuSeconds, calls: { ...calls }, compared: told.at(-1) };
  };
  return {
    sweep: sweepOnce,
    edit(index: number): void {
      const before = live.get(idOf(index));
      if (before !== undefined) live.set(before.name, { ...before, state: 'disabled', modifiedAt: time.clock.now() });
    },
    deploy(): void {
      form = `${form}+`;
    },
  };
}

/** A schedule that stands as its datasource wishes, and was read in full since: what a sweep finds as a rule. */
async function settle(memory: Table, row: DatasourceRow, now: number): Promise<LiveSchedule> {
  const wished = scheduleOf(row);
  if (wished === undefined) throw new Error('the row wishes for no schedule');
  const live = { ...wished, modifiedAt: now - 3_600_000 };
  const seen = sightOf(live, wished, firstForm, now);
  const { config_version } = row;
  await acknowledge(memory, row.id, undefined, { config_version, written: markOf(row, wished), ...(seen && { seen }) });
  return live;
}

function slowTable(memory: Table, time: VirtualTime, calls: Calls): Table {
  const after = async <T>(call: keyof Calls, ms: number, work: () => Promise<T>): Promise<T> => {
    calls[call] += 1;
    await time.sleep(ms);
    return work();
  };
  return {
    get: (key) => after('get', itemMs, () => memory.get(key)),
    async batchGet(keys) {
      const requests = Math.ceil(keys.length / keysAsked);
      calls.batchGet += requests;
      await time.sleep(Math.ceil(requests / askedAtOnce) * itemMs);
      return memory.batchGet(keys);
    },
    put: (item, condition) => after('write', itemMs, () => memory.put(item, condition)),
    delete: (key, condition) => after('write', itemMs, () => memory.delete(key, condition)),
    batchWrite: (writes) => after('write', itemMs, () => memory.batchWrite(writes)),
    transact: (writes) => after('write', itemMs, () => memory.transact(writes)),
    async *query(query: Query) {
      let given = 0;
      for await (const item of memory.query(query)) {
        if (given % itemsOfPage === 0) await after('query', pageMs, async () => undefined);
        given += 1;
        yield item;
      }
      if (given === 0) await after('query', pageMs, async () => undefined);
    },
  };
}

function slowSchedules(live: Map<string, LiveSchedule>, time: VirtualTime, calls: Calls): Schedules {
  const take = async (call: keyof Calls): Promise<void> => {
    calls[call] += 1;
    await time.sleep(schedulerMs);
  };
  return {
    async put(schedule) {
      await take('put');
      live.set(schedule.name, { ...schedule, modifiedAt: time.clock.now() });
    },
    async remove(name) {
      await take('put');
      live.delete(name);
    },
    async read(name) {
      await take('read');
      return live.get(name);
    },
    async *list(): AsyncIterable<ListedSchedule> {
      let given = 0;
      for (const { name, state, modifiedAt } of live.values()) {
        if (given % schedulesOfPage === 0) await take('list');
        given += 1;
        yield { name, state, modifiedAt };
      }
      if (given === 0) await take('list');
    },
  };
}

function idOf(index: number): string {
  return `datasource-${String(index).padStart(6, '0')}`;
}

function rowOf(index: number, now: number): DatasourceRow {
  const id = idOf(index);
  const row = {
    ...{ v: 1, version: now, id, number: index + 1, uid: `uid-${index}`, owner: `owner-${index}`, target: 'target' },
    ...{ config_version: 1, type: 'connector', name: id, connector: { id: 's3', config: { bucket: id } }, secrets: {} },
    sync: {
      ...{ enabled: true, strategy: 'interval', interval: '1h', expression: 'rate(1 hour)', changed_by: 'api' },
      ...{ anchor: now, changed_at: { timing: now, state: now } },
    },
    ...{ enabled: true, created: new Date(now).toISOString(), updated: new Date(now).toISOString() },
  };
  return datasourceRow.parse(row);
}
