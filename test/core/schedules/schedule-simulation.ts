import { setImmediate as settle } from 'node:timers/promises';
import type { Schedule, Schedules } from '#core/model/ports/schedules.ts';
import type { Table, TransactWrite } from '#core/model/ports/table.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { datasourcePartition, readDatasource } from '#core/registry/datasource-store.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { mayBeOurRemoval } from '#core/schedules/schedule-ack.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { timingKey } from '#core/timing/from-scheduler.ts';
import { type SchedulerFault, SchedulerRefusal } from '#support/scheduler-model.ts';
import { isHonoured, ScheduleExpectation } from './schedule-expectation.ts';
import { createScheduleWorld, type ScheduleWorld } from './schedule-world.ts';

/** One step of a sequence. `pick` chooses among what there is, `steps` how many port calls are let through. */
export type Operation =
  | { readonly do: 'create'; readonly id: string; readonly sync: object; readonly enabled: boolean }
  | { readonly do: 'change'; readonly id: string; readonly patch: object }
  | { readonly do: 'remove'; readonly id: string }
  | { readonly do: 'edit'; readonly id: string; readonly change: Partial<Omit<Schedule, 'name'>> }
  | { readonly do: 'delete in console'; readonly id: string }
  | { readonly do: 'deliver'; readonly pick: number; readonly again: boolean; readonly steps: number }
  | { readonly do: 'sweep'; readonly steps: number }
  | { readonly do: 'step'; readonly pick: number; readonly steps: number }
  | { readonly do: 'kill'; readonly pick: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'faults'; readonly on: boolean };

/** A process dies when it has run for as long as a Lambda function may. */
const longestLife = 900_000;

type Process = {
  readonly started: number;
  readonly target: string | undefined;
  alive: boolean;
  /** How many console changes each schedule had seen when this process last read its row. */
  readonly sawEdits: Map<string, number>;
};

/** One sequence: users on both sides, deliveries, sweeps and failures, interleaved at every port call of ours. */
export class ScheduleSimulation {
  readonly world: ScheduleWorld;
  readonly expected = new Map<string, ScheduleExpectation>();
  /** Changes of rows that the feed has yet to deliver. */
  readonly #feed: string[] = [];
  readonly #waiting: { process: Process; proceed: () => void }[] = [];
  readonly #edits = new Map<string, number>();
  readonly #faults: readonly (SchedulerFault | undefined)[];
  #faultsOn = false;
  #faultsUsed = 0;
  #defect: unknown;

  constructor(faults: readonly (SchedulerFault | undefined)[]) {
    this.#faults = faults;
    this.world = createScheduleWorld((table) => this.#feeding(table));
    this.world.scheduler.fault = () =>
      this.#faultsOn ? this.#faults[this.#faultsUsed++ % this.#faults.length] : undefined;
  }

  async apply(operation: Operation): Promise<void> {
    this.world.wait(1000);
    for (const { process } of this.#waiting) {
      if (this.#now() - process.started > longestLife) process.alive = false;
    }
    await this.#perform(operation);
    if (this.#defect !== undefined) throw this.#defect;
  }

  /** Faults stop, what is under way ends, and two sweeps follow; returns what is wrong after that. */
  async conclude(): Promise<string[]> {
    this.#faultsOn = false;
    await this.#let(() => 0, Number.POSITIVE_INFINITY);
    for (let passes = 0; passes < 2; passes += 1) {
      this.world.wait(300_000);
      await reconcileAllSchedules(this.world.deps);
    }
    const problems = await this.#problems();
    const written = this.world.scheduler.calls.length + this.#feed.length;
    await reconcileAllSchedules(this.world.deps);
    if (this.world.scheduler.calls.length + this.#feed.length !== written) problems.push('a third pass wrote');
    if (this.#defect !== undefined) throw this.#defect;
    return problems;
  }

  async #perform(operation: Operation): Promise<void> {
    switch (operation.do) {
      case 'create':
      case 'change':
      case 'remove':
        return this.#useApi(operation);
      case 'edit':
      case 'delete in console':
        return this.#useConsole(operation);
      case 'deliver': {
        const at = operation.pick % Math.max(1, this.#feed.length);
        const [id] = operation.again ? this.#feed.slice(at, at + 1) : this.#feed.splice(at, 1);
        return id === undefined ? undefined : this.#start(id, operation.steps);
      }
      case 'sweep':
        return this.#start(undefined, operation.steps);
      case 'step':
        return this.#let((waiting) => operation.pick % waiting, operation.steps);
      case 'kill': {
        const victim = this.#waiting[operation.pick % Math.max(1, this.#waiting.length)];
        if (victim !== undefined) victim.process.alive = false;
        return;
      }
      case 'wait':
        return this.world.wait(operation.ms);
      case 'faults':
        this.#faultsOn = operation.on;
    }
  }

  async #useApi(operation: Extract<Operation, { do: 'create' | 'change' | 'remove' }>): Promise<void> {
    const { id } = operation;
    const before = await readDatasource(this.world.table, id);
    if (operation.do === 'create') {
      if (before !== undefined) return;
      const row = await this.world.create(id, operation.sync, { enabled: operation.enabled });
      this.expected.set(id, new ScheduleExpectation(row));
    } else if (before === undefined) return;
    else if (operation.do === 'remove') {
      await this.world.remove(id);
      this.expected.delete(id);
    } else {
      const after = await this.world.change(id, operation.patch);
      this.expected.get(id)?.changedByApi(before, after, this.world.scheduler.live.get(id));
    }
  }

  async #useConsole(operation: Extract<Operation, { do: 'edit' | 'delete in console' }>): Promise<void> {
    const { id } = operation;
    const { live } = this.world.scheduler;
    const before = live.get(id);
    if (before === undefined) return;
    const row = await readDatasource(this.world.table, id);
    const ack = await this.world.ack(id);
    this.#edits.set(id, this.#editsOf(id) + 1);
    if (operation.do === 'edit') {
      this.world.scheduler.edit(id, operation.change);
      const after = live.get(id);
      if (row && after) this.expected.get(id)?.edited(before, after, row, ack);
      return;
    }
    this.world.scheduler.delete(id);
    const removing = await mayBeOurRemoval(this.world.table, id, this.#now());
    if (row) this.expected.get(id)?.deletedInConsole(before, row, isHonoured(row, ack, removing));
  }

  /** Starts a process for one datasource, or a sweep, and lets its first port calls through. */
  async #start(target: string | undefined, steps: number): Promise<void> {
    const process: Process = { started: this.#now(), target, alive: true, sawEdits: new Map() };
    const deps = {
      ...this.world.deps,
      table: this.#gatedTable(process),
      schedules: this.#gatedSchedules(process),
    };
    const work = target === undefined ? reconcileAllSchedules(deps) : reconcileSchedule(deps, target);
    work.catch((error: unknown) => this.#failed(process, error));
    await settle();
    await this.#let(() => this.#waiting.findIndex((each) => each.process === process), steps);
  }

  /** What the feed delivered and was not handled, it delivers again. */
  #failed(process: Process, error: unknown): void {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const defect = errors.find((each) => !(each instanceof SchedulerRefusal));
    this.#defect ??= defect;
    if (process.target !== undefined) this.#feed.push(process.target);
  }

  async #let(choose: (waiting: number) => number, steps: number): Promise<void> {
    for (let step = 0; step < steps && this.#waiting.length > 0; step += 1) {
      const [next] = this.#waiting.splice(choose(this.#waiting.length), 1);
      if (next === undefined) return;
      if (!next.process.alive) continue;
      next.proceed();
      await settle();
    }
  }

  #gate(process: Process): Promise<void> {
    return new Promise((proceed) => {
      this.#waiting.push({ process, proceed });
    });
  }

  #gatedTable(process: Process): Table {
    const { table } = this.world;
    const gate = () => this.#gate(process);
    return {
      ...table,
      get: async (key) => {
        await gate();
        if (key.pk === datasourcePartition) process.sawEdits.set(key.sk, this.#editsOf(key.sk));
        return table.get(key);
      },
      put: async (...given) => gate().then(() => table.put(...given)),
      delete: async (...given) => gate().then(() => table.delete(...given)),
      transact: async (...given) => gate().then(() => table.transact(...given)),
      async *query(query) {
        await gate();
        yield* table.query(query);
      },
    };
  }

  #gatedSchedules(process: Process): Schedules {
    const { schedules } = this.world.deps;
    const gate = () => this.#gate(process);
    return {
      put: async (schedule) => {
        await gate();
        await this.#noteOverwrite(process, schedule.name);
        await schedules.put(schedule);
      },
      remove: async (name) => {
        await gate();
        await this.#noteOverwrite(process, name);
        await schedules.remove(name);
      },
      read: async (name) => gate().then(() => schedules.read(name)),
      async *list() {
        await gate();
        yield* schedules.list();
      },
    };
  }

  async #noteOverwrite(process: Process, id: string): Promise<void> {
    if (process.sawEdits.get(id) === this.#editsOf(id)) return;
    const row = await readDatasource(this.world.table, id);
    if (row) this.expected.get(id)?.overwritten(row);
  }

  async #problems(): Promise<string[]> {
    const problems: string[] = [];
    const ids = new Set<string>([...this.expected.keys(), ...this.world.scheduler.live.keys()]);
    for (const id of ids) {
      const row = await readDatasource(this.world.table, id);
      const found = [await this.#scheduleProblem(id, row), row && this.expected.get(id)?.objection(row)];
      problems.push(...found.filter((each) => each !== undefined).map((each) => `${id}: ${each}`));
    }
    return problems;
  }

  async #scheduleProblem(id: string, row: DatasourceRow | undefined): Promise<string | undefined> {
    const wished = row && scheduleOf(row);
    const live = this.world.scheduler.live.get(id);
    const ack = await this.world.ack(id);
    if ((ack !== undefined) !== (live !== undefined))
      return `acknowledged: ${ack !== undefined}, live: ${live !== undefined}`;
    if (live === undefined) return wished?.state === 'enabled' ? 'missing' : undefined;
    if (wished === undefined) return 'orphaned';
    if (ack?.config_version !== row?.config_version) return 'acknowledged for another version';
    const { modifiedAt: _, expression, timezone: _zone, ...rest } = live;
    const { expression: _wished, timezone: _wishedZone, ...wishedRest } = wished;
    const same = timingKey(live) === timingKey(wished) && JSON.stringify(rest) === JSON.stringify(wishedRest);
    return same ? undefined : `wrong: ${JSON.stringify({ expression, ...rest })} instead of ${JSON.stringify(wished)}`;
  }

  #feeding(table: Table): Table {
    const note = (writes: readonly TransactWrite[]): void => {
      for (const write of writes) {
        const key = 'put' in write ? write.put : 'delete' in write ? write.delete : undefined;
        if (key?.pk === datasourcePartition) this.#feed.push(key.sk);
      }
    };
    return {
      ...table,
      async transact(writes) {
        await table.transact(writes);
        note(writes);
      },
    };
  }

  #editsOf(id: string): number {
    return this.#edits.get(id) ?? 0;
  }

  #now(): number {
    return this.world.deps.clock.now();
  }
}
