import type { Acting } from '#core/audit/audit-write.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleTick, tickPayload } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { ConditionFailed, Failure } from '#core/model/errors.ts';
import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';
import type { Log } from '#core/model/ports/host.ts';
import type { ItemChange, Key, PlainWrite, TransactWrite } from '#core/model/ports/table.ts';
import type { Opener, Sealer } from '#core/model/ports/vault.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { firstSlot } from '#core/runs/first-slot.ts';
import { defaultSyncSettings, type SyncDeps, type SyncSettings } from '#core/runs/sync-deps.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { datasourcesToReconcile } from '#core/schedules/reconcile-request.ts';
import { type ReconcileDeps, reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import type { MergeDeps } from '#core/source/merge-config.ts';
import { noRoles } from '#support/fake-roles.ts';
import { createMemorySpools } from '#support/memory-spools.ts';
import { somebody } from '#support/somebody.ts';
import { gatedBuckets, gatedBus, gatedQueue, gatedSchedules, gatedTable, gatedVault } from './gated-ports.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import type { RandomSource } from './random-source.ts';
import { createSimulatedBuckets, type SimulatedBuckets } from './simulated-buckets.ts';
import { createSimulatedFeed, type SimulatedFeed } from './simulated-feed.ts';
import { InjectedFault, type ProcessSurroundings, SimulatedProcess } from './simulated-process.ts';
import { createSimulatedQueue, type Outcome, type SimulatedQueue } from './simulated-queue.ts';
import { createSimulatedScheduler, type SimulatedScheduler } from './simulated-scheduler.ts';
import { createSimulatedTime, type SimulatedTime } from './simulated-time.ts';
import { createTrace, type Trace } from './trace.ts';
import { calm, type Turbulence } from './turbulence.ts';

/** How a simulated Stocktake is hosted. */
export type Hosting = {
  /** On AWS each invocation is a process of its own; on one machine all of them live and die together. */
  readonly kind: 'functions' | 'machine';
  /** Where the clock starts, epoch milliseconds. */
  readonly start: number;
  readonly bucketNames: readonly string[];
  /** Ticks come up to this much late. */
  readonly jitterMs: number;
  /** An invocation is killed after this long; hands its run on this long before. Functions only. */
  readonly lifeMs: number;
  readonly reserveMs: number;
  readonly leaseMs: number;
  readonly visibilityMs: number;
  readonly settings: Partial<SyncSettings>;
};

/** What goes on, as it goes on, for those who check that nothing ever goes wrong. */
export type Watcher = {
  onCommit?(changes: readonly ItemChange[], by: SimulatedProcess | undefined): void;
  onRead?(by: SimulatedProcess, key: Key): void;
  onWrite?(by: SimulatedProcess, writes: readonly (TransactWrite | PlainWrite)[], conditional: boolean): void;
  onScheduleWrite?(by: SimulatedProcess, name: string): void;
  onEvents?(events: readonly BusEvent[]): void;
};

export type ProcessDeps = SyncDeps &
  Acting &
  MergeDeps &
  Omit<ReconcileDeps, 'log'> & {
    readonly bus: EventBus;
    readonly minimumIntervalSeconds: number;
  };

const plainVault: Sealer & Opener = {
  seal: async (plaintext, context) => JSON.stringify([context, plaintext]),
  async open(ciphertext, context) {
    const [sealedFor, plaintext] = JSON.parse(ciphertext);
    if (JSON.stringify(sealedFor) !== JSON.stringify(context)) throw new Error('sealed for another owner');
    return plaintext;
  },
};

/** The real use cases on simulated ports: what infra hosts, under one virtual clock. */
export class SimulatedSystem {
  readonly hosting: Hosting;
  readonly time: SimulatedTime;
  readonly trace: Trace = createTrace();
  readonly table: MemoryTable;
  readonly buckets: SimulatedBuckets;
  readonly queue: SimulatedQueue;
  readonly scheduler: SimulatedScheduler;
  readonly feed: SimulatedFeed;
  readonly figures = { invocations: 0, crashes: 0, pauses: 0, faults: 0, conditionsRefused: 0 };
  /** What went wrong so far. Nothing should. */
  readonly problems: string[] = [];
  /** What happened right before the first of it. */
  scene: readonly string[] = [];
  readonly watchers: Watcher[] = [];
  /** Processes that are alive, with what is to be done when one dies. */
  readonly running = new Map<SimulatedProcess, () => void>();
  weather: Turbulence = calm;
  meddle: (bucket: string) => void = () => undefined;
  lull: ProcessSurroundings['lull'] = () => 0;
  readonly #random: RandomSource;
  readonly #around: ProcessSurroundings;
  #writing: SimulatedProcess | undefined;
  #idle: string[] = [];
  #boot = '';

  constructor(hosting: Hosting, random: RandomSource) {
    this.hosting = hosting;
    this.#random = random.fork();
    this.time = createSimulatedTime(hosting.start, random.fork());
    const weather = (): Turbulence => this.weather;
    const { time, trace } = this;
    this.#around = {
      time,
      trace,
      weather,
      random: random.fork(),
      figures: this.figures,
      lull: (process, what) => this.lull(process, what),
      onCrash: (process) => this.#crashed(process),
    };
    this.#boot = this.#unique();
    this.table = createMemoryTable((changes) => this.#committed(changes));
    const meddling = random.fork();
    this.buckets = createSimulatedBuckets(hosting.bucketNames, time.clock.now, random.fork(), (bucket) => {
      if (meddling.chance(this.weather.meddling)) this.meddle(bucket);
    });
    const shared = { time, trace, weather };
    this.queue = createSimulatedQueue({
      ...shared,
      random: random.fork(),
      visibilityMs: hosting.visibilityMs,
      handle: (message, done) => this.invoke('work', (deps) => handleWork(deps, message), done),
    });
    this.scheduler = createSimulatedScheduler({
      ...shared,
      random: random.fork(),
      jitterMs: hosting.jitterMs,
      invoke: (input, done) => this.invoke('tick', (deps) => tick(deps, input), done),
    });
    this.feed = createSimulatedFeed({
      ...shared,
      random: random.fork(),
      readers: [
        (changes, done) => this.invoke('schedules', (deps) => follow(deps, changes), done),
        (changes, done) => this.invoke('publisher', (deps) => publishChanges(deps, changes), done),
      ],
    });
  }

  now(): number {
    return this.time.clock.now();
  }

  complain(problem: string): void {
    if (this.problems.length === 0) this.scene = this.trace.last(60);
    this.problems.push(problem);
  }

  /** Runs a piece of work as an invocation of its own. `done` is told once how it ended. */
  invoke(
    kind: string,
    work: (deps: ProcessDeps) => Promise<unknown>,
    done: (outcome: Outcome) => void = () => undefined,
  ): SimulatedProcess {
    this.figures.invocations += 1;
    const process = new SimulatedProcess(`${kind}-${this.figures.invocations}`, this.#around, kind === 'user');
    const holder = this.#takeHolder();
    const finish = (outcome: Outcome): void => {
      if (!this.running.delete(process)) return;
      if (deadline !== undefined) deadline.called_off = true;
      if (outcome !== 'died') this.#idle.push(holder);
      if (outcome !== 'done') this.trace.note(this.now(), process.name, outcome);
      done(outcome);
    };
    const die = (): void => {
      process.end();
      finish('died');
    };
    const { kind: host, lifeMs } = this.hosting;
    const deadline = host === 'functions' ? this.time.after(lifeMs, die) : undefined;
    this.running.set(process, die);
    work(this.#depsOf(process, holder)).then(
      () => process.alive && finish('done'),
      (error: unknown) => {
        if (!process.alive) return;
        this.#judge(process, error);
        finish('failed');
      },
    );
    return process;
  }

  /** What a user asks for over the API. Failures are answers, told to `refused`. */
  asUser(work: (deps: ProcessDeps) => Promise<unknown>, refused: (failure: Failure) => void = () => undefined): void {
    this.invoke('user', async (deps) => {
      try {
        await work(deps);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.trace.note(this.now(), 'user', 'is told', `${error.code}: ${error.message}`);
        refused(error);
      }
    });
  }

  /** The rule that fires every few minutes. Neither half waits for the other to be well. */
  sweep(): void {
    this.invoke('sweep', async (deps) => {
      const outcomes = await Promise.allSettled([sweep(deps), reconcileAllSchedules(deps)]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      if (reasons.length > 0) throw new AggregateError(reasons);
    });
  }

  #crashed(process: SimulatedProcess): void {
    if (this.hosting.kind === 'functions') {
      this.running.get(process)?.();
      return;
    }
    // On one machine all go down together, and the next boot mends what they left.
    this.#boot = this.#unique();
    for (const die of [...this.running.values()]) die();
    this.time.after(3000, () => this.sweep());
  }

  #takeHolder(): string {
    if (this.hosting.kind === 'machine') return this.#boot;
    // A container serves one invocation after another, and is replaced now and then.
    return (this.#random.chance(0.7) ? this.#idle.pop() : undefined) ?? this.#unique();
  }

  #unique(): string {
    let text = '';
    while (text.length < 25)
      text += this.#random
        .below(36 ** 5)
        .toString(36)
        .padStart(5, '0');
    return text;
  }

  #depsOf(process: SimulatedProcess, holder: string): ProcessDeps {
    const { hosting, time } = this;
    const functions = hosting.kind === 'functions';
    const boot = this.#boot;
    const queue = gatedQueue(process, this.queue);
    const vault = gatedVault(process, plainVault);
    return {
      table: gatedTable(process, this.table, {
        onRead: (by, key) => this.#tell((watcher) => watcher.onRead?.(by, key)),
        onWrite: (by, writes, conditional) => {
          this.#writing = by;
          this.#tell((watcher) => watcher.onWrite?.(by, writes, conditional));
        },
      }),
      buckets: gatedBuckets(process, this.buckets.ports, () => this.buckets.takeDelay()),
      queue,
      bus: gatedBus(process, (events) => this.#tell((watcher) => watcher.onEvents?.(events))),
      schedules: gatedSchedules(process, this.scheduler.schedules, (by, name) =>
        this.#tell((watcher) => watcher.onScheduleWrite?.(by, name)),
      ),
      ...somebody,
      ...noRoles,
      spools: createMemorySpools(),
      sealer: vault,
      opener: vault,
      clock: time.clock,
      ids: { unique: () => this.#unique() },
      log: this.#logOf(process),
      holder,
      isAlive: (other) => functions || other === boot,
      leaseMs: hosting.leaseMs,
      settings: { ...defaultSyncSettings, ...hosting.settings },
      minimumIntervalSeconds: 10,
      ...(functions
        ? {
            yieldAt: this.now() + hosting.lifeMs - hosting.reserveMs,
            fireFirst: (row: DatasourceRow) => queue.send(firstSlot(row)),
          }
        : {}),
    };
  }

  #logOf(process: SimulatedProcess): Log {
    const note = (fact: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const { datasource = '', run = '', code = '', reason = '' } = fields;
      this.trace.note(this.now(), process.name, `says: ${fact}`, `${datasource} ${run} ${code} ${reason}`.trimEnd());
    };
    return {
      info: note,
      warn: note,
      error: (fact, fields) => {
        note(fact, fields);
        const defect = String(fields?.defect ?? fact);
        if (!defect.includes('InjectedFault')) this.complain(`${process.name} ran into a defect: ${defect}`);
      },
    };
  }

  /** Only what a simulation throws at our code may come out of it. */
  #judge(process: SimulatedProcess, error: unknown): void {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors) {
      if (each instanceof AggregateError) this.#judge(process, each);
      else if (!isExpected(each)) {
        this.complain(`${process.name} threw: ${each instanceof Error ? each.stack : String(each)}`);
      }
    }
  }

  #committed(changes: readonly ItemChange[]): void {
    this.feed.append(changes);
    this.#tell((watcher) => watcher.onCommit?.(changes, this.#writing));
    this.#writing = undefined;
  }

  #tell(what: (watcher: Watcher) => void): void {
    for (const watcher of this.watchers) what(watcher);
  }
}

function isExpected(error: unknown): boolean {
  if (error instanceof InjectedFault || error instanceof ConditionFailed || error instanceof Failure) return true;
  return error instanceof Error && error.message.includes('was changed by others');
}

/**
 * What a console user made of the input may be no tick at all: that fails like any invocation, until a sweep mends it.
 */
async function tick(deps: ProcessDeps, input: string): Promise<void> {
  const payload = tickPayload.safeParse(JSON.parse(input));
  if (!payload.success) throw new Failure('invalid_request', 'the input of the schedule is not ours');
  await handleTick(deps, payload.data);
}

async function follow(deps: ProcessDeps, changes: readonly ItemChange[]): Promise<void> {
  for (const id of datasourcesToReconcile(changes)) await reconcileSchedule(deps, id);
}
