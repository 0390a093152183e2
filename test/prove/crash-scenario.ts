import { readRanges } from '#core/catalogue/range-map.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { listRuns } from '#core/runs/run-store.ts';
import type { SyncDeps, SyncSettings } from '#core/runs/sync-deps.ts';
import { type CrashingProcess, type CrashPoint, type Outside, startProcess } from '../simulation/crashing-process.ts';
import { type ListingWatch, watchListings } from '../simulation/listing-watch.ts';
import { changesOf, createModelWorld, type ModelWorld, type PublishedChange } from '../simulation/model-world.ts';
import { catalogueFacts, differences, expectedFacts } from '../simulation/reference-model.ts';

/** How it is known that a process is dead: on one machine the next boot knows; in AWS its lease must run out. */
export type Host = 'one-machine' | 'aws';

/** What the first process is at when it is killed: following changes of a catalogued bucket, one range after the other or
 *  all of them at once, or loading it. */
export type Task = 'changes' | 'changes-at-once' | 'first-load';

/** How many pages may be under way at once, and so be listed again for one crash. */
export const pagesAtOnce: Readonly<Record<Task, number>> = { changes: 1, 'changes-at-once': 3, 'first-load': 1 };

/** What happened, and what should not have. */
export type CrashOutcome = {
  readonly problems: readonly string[];
  /** External calls of each process, in the order in which they lived. */
  readonly calls: readonly (readonly string[])[];
  /** Processes that were killed. */
  readonly crashes: number;
  /** Pages asked for until a run had ended complete, and those of them that had been asked for before. */
  readonly pages: number;
  readonly repeatedPages: number;
  /** Runs beyond that one and the last tick's: made by messages that came twice, and of no use. */
  readonly uselessRuns: number;
  readonly ranges: number;
};

const objects = 100;
const pageSize = 20;

/** Five pages in three ranges, two of them two pages wide and one of one; several leaves to a page, and how far the run
 *  is stored after each page. */
const settings = { rangeObjects: 40, leafRecords: 8, checkpointMs: 0, progressMs: 0 } satisfies Partial<SyncSettings>;

const intervalMs = 300_000;

/** A first load, and a run that finds nothing new. */
const preparingRuns = 2;

/** Longer than any lease, and than a message waits to be delivered again. */
const longSilenceMs = 1_800_000;

type Stage = {
  readonly world: ModelWorld;
  readonly host: Host;
  /** Complete runs from before the first process. */
  readonly earlierRuns: number;
  readonly row: DatasourceRow;
  readonly outside: Outside;
  readonly messages: { message: unknown; dueAt: number }[];
  readonly published: PublishedChange[];
  readonly problems: string[];
  readonly processes: CrashingProcess[];
  readonly watch: ListingWatch;
  /** What the watch had seen when a run had first ended complete. */
  madeGood?: { readonly pages: number; readonly repeated: number };
};

/**
 * A bucket that is to be loaded, or in which objects were added, modified and deleted since, meets a tick; each process is killed at its
 * point, in turn, and the next one boots, sweeps and goes on; the last one lives until all is quiet, and takes one
 * more tick. Without points nothing is killed.
 */
export async function runCrashScenario(task: Task, host: Host, crashes: readonly CrashPoint[]): Promise<CrashOutcome> {
  const world = createModelWorld({ settings: { ...settings, streams: pagesAtOnce[task] } });
  const watch = watchListings(world.deps.buckets);
  try {
    const stage = await prepare(world, task, host, watch);
    const expected = task === 'first-load' ? new Set<string>() : changeBucket(world);
    watch.reset();
    let killed = await live(stage, crashes[0], (deps) => tick(stage, deps));
    for (let next = 1; killed; next += 1) {
      world.advance(host === 'aws' ? longSilenceMs : 1000);
      killed = await live(stage, crashes[next], (deps) => sweep(deps));
    }
    if (stage.madeGood === undefined) await live(stage, undefined, (deps) => tick(stage, deps));
    await live(stage, undefined, (deps) => tick(stage, deps));
    stage.problems.push(...(await endProblems(stage)), ...deliveryProblems(stage.published, expected));
    const { pages = 0, repeated = 0 } = stage.madeGood ?? {};
    return {
      problems: stage.problems,
      calls: stage.processes.map((process) => process.calls),
      crashes: crashes.length,
      ...{ pages, repeatedPages: repeated, uselessRuns: (await completedRuns(stage)) - stage.earlierRuns - 2 },
      ranges: (await readRanges(world.table, stage.row.uid)).length,
    };
  } finally {
    world.close();
  }
}

/** A bucket, and for changes to come its catalogue, complete, in ranges, and of which everything was told. */
async function prepare(world: ModelWorld, task: Task, host: Host, watch: ListingWatch): Promise<Stage> {
  const { deps } = world;
  for (let number = 0; number < objects; number += 1) world.bucket('sample-bucket').put(keyAt(number));
  world.advance(60_000);
  const row = await world.addDatasource({}, { enabled: true, interval: '5m', page_size: pageSize });
  const messages: Stage['messages'] = [];
  const published: PublishedChange[] = [];
  const outside: Outside = {
    ...{ table: world.table, feed: world.table.feed, buckets: watch.buckets, opener: deps.opener },
    queue: {
      send: async (message, options) => {
        messages.push({ message, dueAt: deps.clock.now() + (options?.delaySeconds ?? 0) * 1000 });
      },
    },
    bus: { publish: async (events: readonly BusEvent[]) => void published.push(...events.flatMap(changesOf)) },
  };
  const earlierRuns = task === 'first-load' ? 0 : preparingRuns;
  const stage: Stage = {
    world,
    host,
    earlierRuns,
    row,
    outside,
    messages,
    published,
    problems: [],
    processes: [],
    watch,
  };
  // The ranges are then what later runs go by.
  for (let run = 0; run < earlierRuns; run += 1) await live(stage, undefined, (own) => tick(stage, own));
  published.splice(0);
  stage.processes.splice(0);
  return stage;
}

function keyAt(number: number): string {
  return `key-${String(number).padStart(4, '0')}`;
}

/** On each page two objects are added, two modified and two deleted. Returns the changes that must be told. */
function changeBucket(world: ModelWorld): ReadonlySet<string> {
  const bucket = world.bucket('sample-bucket');
  const expected = new Set<string>();
  world.advance(60_000);
  for (let start = 0; start < objects; start += pageSize) {
    for (const number of [start + 3, start + 13]) {
      bucket.put(`${keyAt(number)}-new`);
      expected.add(`Objects Added ${keyAt(number)}-new`);
      bucket.put(keyAt(number + 1));
      expected.add(`Objects Modified ${keyAt(number + 1)}`);
      bucket.delete(keyAt(number + 2));
      expected.add(`Objects Deleted ${keyAt(number + 2)}`);
    }
  }
  world.advance(60_000);
  return expected;
}

/** One process: boots, does its work, handles messages and publishes until all is quiet. True if it was killed. */
async function live(stage: Stage, crash: CrashPoint | undefined, work: (deps: SyncDeps) => Promise<void>) {
  const process = startProcess(stage.outside, crash);
  stage.processes.push(process);
  const holder = `boot-${stage.processes.length}-${stage.published.length}`;
  const { table, buckets, queue, opener } = process.outside;
  const isAlive = (other: string) => stage.host === 'aws' || other === holder;
  const deps: SyncDeps = { ...stage.world.deps, table, buckets, queue, opener, holder, isAlive };
  const ended = await process.live(async () => {
    await work(deps);
    await noteMadeGood(stage);
    await publish(stage, process);
    while (stage.messages.length > 0) {
      await deliver(stage, deps);
      await noteMadeGood(stage);
      await publish(stage, process);
    }
  });
  return ended === 'killed';
}

/** A message is taken away only after it was handled: a killed process leaves it to the next. */
async function deliver({ messages, world, problems }: Stage, deps: SyncDeps): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  world.advance(Math.max(0, first.dueAt - deps.clock.now()));
  try {
    await handleWork(deps, first.message);
  } catch (error) {
    problems.push(`a message was not handled: ${error instanceof Error ? error.message : String(error)}`);
  }
  messages.splice(messages.indexOf(first), 1);
}

async function publish(stage: Stage, { outside }: CrashingProcess): Promise<void> {
  const { table, bus, feed } = outside;
  for (;;) {
    const fed = await feed.read(25);
    const last = fed.at(-1);
    if (last === undefined) return;
    const changes = fed.map(({ change }) => change);
    await publishChanges({ table, bus, log: stage.world.deps.log }, changes);
    await feed.acknowledge(last.sequence);
  }
}

async function tick({ world, row }: Stage, deps: SyncDeps): Promise<void> {
  world.advance(intervalMs);
  const scheduled_time = new Date(world.deps.clock.now()).toISOString();
  await handleTick(deps, { datasource: row.id, config_version: row.config_version, scheduled_time });
}

async function noteMadeGood(stage: Stage): Promise<void> {
  const { pages, repeated } = stage.watch;
  if (stage.madeGood !== undefined || (await completedRuns(stage)) <= stage.earlierRuns) return;
  stage.madeGood = { pages, repeated };
}

async function completedRuns({ world, row }: Stage): Promise<number> {
  const runs = await listRuns(world.table, row.uid, world.deps.clock.now(), { limit: 100 });
  return runs.filter((run) => run.status === 'completed').length;
}

async function endProblems({ world, row }: Stage): Promise<string[]> {
  const runs = await listRuns(world.table, row.uid, world.deps.clock.now(), { limit: 100 });
  const open = runs.filter((run) => run.status === 'running' || run.status === 'queued');
  return [
    ...differences(await catalogueFacts(world.table, row.uid), expectedFacts(world.bucket('sample-bucket'))),
    ...(runs[0]?.status === 'completed' ? [] : [`the last run ended ${runs[0]?.status}: ${runs[0]?.message}`]),
    ...open.map((run) => `run ${run.id} is still ${run.status}`),
  ];
}

/** Each change at least once, under one id, and nothing that did not happen. */
function deliveryProblems(published: readonly PublishedChange[], expected: ReadonlySet<string>): string[] {
  const ids = new Map<string, Set<string>>();
  for (const { kind, key, id } of published) {
    const change = `${kind} ${key}`;
    ids.set(change, (ids.get(change) ?? new Set()).add(id));
  }
  return [
    ...[...expected].filter((change) => !ids.has(change)).map((change) => `never told: ${change}`),
    ...[...ids.keys()].filter((change) => !expected.has(change)).map((change) => `told, yet not so: ${change}`),
    ...[...ids].filter(([, own]) => own.size > 1).map(([change, own]) => `${own.size} ids for one change: ${change}`),
  ];
}
