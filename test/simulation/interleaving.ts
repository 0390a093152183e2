import { handleTick } from '#core/dispatch/handle-tick.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { createRandomSource, type RandomSource } from './random-source.ts';
import { type Hosting, SimulatedSystem } from './simulated-system.ts';
import { conclude, type Simulation, watch } from './simulation.ts';
import { watchStaleWrites } from './stale-writes.ts';
import { calm } from './turbulence.ts';

/** One interleaving of workers that all want the same datasource, and what came of it. */
export type InterleavingResult = {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly hash: string;
  readonly steps: number;
  readonly ticks: number;
  readonly pauses: number;
  readonly crashes: number;
  /** Fenced writes of workers whose lease had passed to another: refused, each of them. */
  readonly staleRefused: number;
  /** Batches of records, which have no condition, from such workers. */
  readonly staleBatches: number;
  readonly remade: boolean;
  /** What happened right before the first problem. */
  readonly scene: readonly string[];
  readonly trace: (about?: string) => string[];
};

const start = Date.parse('2026-03-01T00:00:00Z');
const minute = 60_000;
const bucket = 'one';
const id = 'one';
/** Short, so that it runs out under a worker that stands still. */
const leaseMs = 60_000;
const lifeMs = 115_000;

function hosting(random: RandomSource): Hosting {
  return {
    kind: 'functions',
    start,
    bucketNames: [bucket],
    jitterMs: 0,
    // A worker may live almost twice as long as its lease, so that it can wake when that is another's. What is deleted is
    // purged once more two leases later, when none of these is alive.
    lifeMs,
    reserveMs: random.pick([20_000, lifeMs - 5000]),
    leaseMs,
    visibilityMs: lifeMs,
    // Small enough that some forty keys make several ranges and leaves, and that workers call each other.
    settings: {
      requestTimeoutMs: 5000,
      progressMs: random.pick([0, 2000]),
      checkpointMs: random.pick([0, 5000]),
      rangeObjects: random.pick([10, 1000]),
      leafRecords: random.pick([3, 128]),
      streams: random.pick([1, 3]),
      workers: random.pick([1, 3]),
      shareAfterPages: random.pick([1, 400]),
    },
  };
}

/**
 * Duplicate ticks and messages, leases that run out under workers which stand still and wake with a batch in hand,
 * crashes, and now and then the datasource deleted and made anew under the same id; then one more run in peace.
 */
export async function interleave(seed: number): Promise<InterleavingResult> {
  const random = createRandomSource(seed);
  const system = new SimulatedSystem(hosting(random), random.fork());
  const simulation = watch(system);
  const stale = watchStaleWrites(system);
  const change = (): void => changeBucket(system, random);
  for (let count = random.between(5, 40); count > 0; count -= 1) system.buckets.put(bucket, `k${100 + count}`);
  system.meddle = change;
  const drowsy = random.fork();
  create(system);
  await system.time.runUntil(start + minute);
  if (random.chance(0.8)) await syncInPeace(system);
  for (let count = random.between(1, 8); count > 0; count -= 1) change();

  // Right before a batch of records is sent is where it matters most that a worker stands still.
  system.lull = (_, what) =>
    what.startsWith('batch record#') && drowsy.chance(0.2) ? drowsy.between(leaseMs / 2, lifeMs) : 0;
  const ticks = await trouble(simulation, random, change);
  const remade = simulation.datasources.uids.size > 1;
  await conclude(simulation);
  const { problems, figures, trace } = system;
  return {
    seed,
    problems,
    hash: trace.hash(),
    steps: trace.steps,
    ticks,
    pauses: figures.pauses,
    crashes: figures.crashes,
    staleRefused: stale.refused,
    staleBatches: stale.batches,
    remade,
    scene: system.scene,
    trace: (about) => trace.last(2000, about),
  };
}

async function trouble(simulation: Simulation, random: RandomSource, change: () => void): Promise<number> {
  const { system } = simulation;
  const { time } = system;
  system.weather = {
    ...calm,
    latencyMs: random.pick([
      [1, 50],
      [1, 1500],
      [0, 1],
    ]),
    duplicate: random.pick([0.1, 0.6]),
    pause: random.pick([0.01, 0.03, 0]),
    pauseMs: random.pick([
      [leaseMs, lifeMs],
      [100, lifeMs],
    ]),
    crash: random.pick([0, 0.01, 0.03]),
    meddling: 0.2,
  };
  let ticks = 0;
  for (let slot = 1; slot <= random.between(2, 4); slot += 1) {
    const at = system.now() + random.pick([1000, leaseMs, leaseMs + random.between(0, 20_000)]);
    for (let copy = random.between(2, 8); copy > 0; copy -= 1) {
      ticks += 1;
      time.at(at + random.pick([0, 0, random.between(0, 3000)]), () => tick(simulation, at));
    }
    if (random.chance(0.3)) time.at(at + random.between(0, 2000), () => sleepSome(system, random));
    if (random.chance(0.3)) time.at(at + random.between(0, 2000), () => ask(system));
    if (random.chance(0.4)) time.at(at + random.between(0, 20_000), change);
    if (random.chance(0.3)) remake(simulation, random, at + random.between(0, 30_000));
    if (random.chance(0.3)) time.at(at + random.between(0, 2 * leaseMs), () => system.sweep());
    await time.runUntil(at + random.pick([2000, 30_000, 2 * leaseMs]));
  }
  // The weather clears; who stands still still wakes, with what it has in hand.
  system.weather = { ...calm, duplicate: 0, meddling: 0 };
  system.lull = () => 0;
  await time.runUntil(system.now() + 4 * leaseMs);
  return ticks;
}

/** A worker that is at work stands still for longer than its lease. */
function sleepSome({ running }: SimulatedSystem, random: RandomSource): void {
  const workers = [...running.keys()].filter(({ name }) => name.startsWith('tick') || name.startsWith('work'));
  if (workers.length > 0) random.pick(workers).pause(random.between(leaseMs, lifeMs));
}

function tick({ system, datasources }: Simulation, at: number): void {
  const row = datasources.rows.get(id);
  const scheduled_time = new Date(at).toISOString();
  system.invoke('tick', (deps) =>
    handleTick(deps, { datasource: id, config_version: row?.config_version ?? 1, scheduled_time }),
  );
}

function ask(system: SimulatedSystem): void {
  system.asUser((deps) => requestRun(deps, { datasource: id, trigger: 'api' }));
}

function remake({ system }: Simulation, random: RandomSource, at: number): void {
  const again = at + random.pick([100, 5000, 60_000]);
  system.time.at(at, () => system.asUser((deps) => deleteDatasource(deps, id)));
  system.time.at(again, () => create(system));
}

function create(system: SimulatedSystem): void {
  const config = { bucket, endpoint: 's3.us-east-1.amazonaws.com', access_key_id: 'AK', secret_access_key: 'SK' };
  const sync = { interval: '365d', page_size: 5, first_load_events: true };
  const body = { id, type: 'connector', name: 'one', connector: { id: 's3', config }, sync };
  system.asUser((deps) => createDatasource(deps, parseInput(datasourceInput, body, 'the datasource')));
}

async function syncInPeace(system: SimulatedSystem): Promise<void> {
  ask(system);
  await system.time.runUntil(system.now() + 2 * minute);
}

function changeBucket(system: SimulatedSystem, random: RandomSource): void {
  const present = system.buckets.model(bucket).objects();
  const kind = random.pick(['add', 'modify', 'remove'] as const);
  if (kind === 'add' || present.length === 0)
    system.buckets.put(bucket, `k${100 + random.between(1, 99)}-${random.below(100)}`);
  else if (kind === 'modify') system.buckets.put(bucket, random.pick(present).key);
  else system.buckets.remove(bucket, random.pick(present).key);
}
