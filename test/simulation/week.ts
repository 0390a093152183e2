import { timeBudget } from '#core/timing/time-budget.ts';
import { createBusyUsers } from './busy-users.ts';
import { type ListingFaultKind, listingFaultKinds } from './listing-faults.ts';
import { createRandomSource, type RandomSource } from './random-source.ts';
import { type Hosting, SimulatedSystem } from './simulated-system.ts';
import { conclude, type Simulation, watch } from './simulation.ts';
import { watchSteadySlots } from './steady-slots.ts';
import { calm, storms } from './turbulence.ts';
import { watchUsers } from './user-watch.ts';

export type WeekOptions = { readonly seed: number; readonly days: number; readonly datasources: number };

export type WeekResult = {
  readonly seed: number;
  readonly problems: readonly string[];
  /** Of all that happened: equal whenever the seed is played again. */
  readonly hash: string;
  readonly host: string;
  readonly figures: Readonly<Record<string, number>>;
  /** What happened right before the first problem. */
  readonly scene: readonly string[];
  /** The last facts that mention something, or any, oldest first. */
  readonly trace: (lines: number, about?: string) => string[];
};

const start = Date.parse('2026-03-02T00:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steadyBucket = 'steady';

/**
 * Some days of a whole Stocktake with many datasources: users, schedules, workers, faults. Most of the time is quiet,
 * for what a week costs is the number of its runs; three storms a day last 20–40 minutes each, and it is in them that
 * users are busiest. The sweep comes every five minutes during a storm and a quarter of an hour after it, every three
 * hours otherwise: there is little for it to find then, and at five minutes it would be most of the work.
 */
export async function simulateWeek(options: WeekOptions): Promise<WeekResult> {
  const random = createRandomSource(options.seed);
  const buckets = Array.from({ length: Math.max(2, Math.ceil(options.datasources * 0.6)) }, (_, n) => `bucket-${n}`);
  const ids = Array.from({ length: options.datasources - 1 }, (_, n) => `d${n + 1}`);
  const hosting = hostingOf(random, [...buckets, steadyBucket]);
  const system = new SimulatedSystem(hosting, random.fork());
  const simulation = watch(system);
  const userWatch = watchUsers(system, simulation.datasources);
  const end = start + options.days * day;
  const users = createBusyUsers(simulation, userWatch, buckets, random.fork(), end);
  system.meddle = (bucket) => bucket !== steadyBucket && users.touch(bucket);
  const week: Week = { ...options, simulation, users, buckets, ids, random, end, stormUntil: 0 };

  fill(week);
  const steady = watchSteadySlots(simulation, steadyBucket);
  for (let from = start; from < end; from += day) planDay(week, from, steady.planDay);
  keepSweeping(week);
  await system.time.runUntil(end);
  slowDown(week);
  // A sample decides where there are more deletions than this, and then it takes two runs that agree.
  const runsNeeded = (hosting.settings.confirmLimit ?? 1000) < 1000 ? 2 : 1;
  await conclude(simulation, { runsNeeded });
  for (const problem of userWatch.conclude()) system.complain(problem);
  return resultOf(week, userWatch.figures, steady.slots());
}

type Week = WeekOptions & {
  readonly simulation: Simulation;
  readonly users: ReturnType<typeof createBusyUsers>;
  readonly buckets: readonly string[];
  readonly ids: readonly string[];
  readonly random: RandomSource;
  readonly end: number;
  stormUntil: number;
};

/** Lets something happen, unless the days are over by then. */
function at({ simulation: { system }, end }: Week, time: number, happen: () => void): void {
  if (time < end) system.time.at(time, happen);
}

function hostingOf(random: RandomSource, bucketNames: readonly string[]): Hosting {
  const settings = {
    runTimeLimitSeconds: 4 * 3600,
    holdAboveObjects: random.pick([3, 10]),
    confirmLimit: random.pick([1000, 1000, 1000, 6]),
    progressMs: random.pick([0, 2000]),
    checkpointMs: random.pick([0, 5000]),
    rangeObjects: random.pick([10, 1000]),
    leafRecords: random.pick([3, 128]),
    streams: random.pick([1, 4]),
    workers: random.pick([1, 3]),
    shareAfterPages: random.pick([2, 400]),
  };
  const common = { start, bucketNames, jitterMs: random.pick([0, 59_000]), settings };
  const lives = [
    {
      kind: 'functions',
      lifeMs: timeBudget.invocationMs,
      reserveMs: timeBudget.reserveMs,
      leaseMs: timeBudget.leaseMs,
      visibilityMs: 5_400_000,
    },
    // So short that most runs are handed on, again and again.
    { kind: 'functions', lifeMs: 90_000, reserveMs: 80_000, leaseMs: 120_000, visibilityMs: 540_000 },
    { kind: 'machine', lifeMs: 0, reserveMs: 0, leaseMs: 120_000, visibilityMs: 5000 },
  ] as const;
  return { ...common, ...random.pick(lives) };
}

function fill(week: Week): void {
  const { users, buckets, ids, random } = week;
  for (const bucket of buckets) {
    for (let count = random.between(0, 30); count > 0; count -= 1) users.touch(bucket);
  }
  for (const id of ids) at(week, start + random.between(0, 20) * minute, () => users.create(id));
}

function planDay(week: Week, from: number, planSteady: (from: number) => void): void {
  const { users, random, buckets, ids, end } = week;
  for (const hours of [2, 7, 12]) storm(week, from + hours * hour + random.between(0, 3 * hour));
  // From 17 to 22 o'clock no storm is left: that is when a steady rhythm can be asked for.
  if (from + 20 * hour < end) planSteady(from + 19 * hour);
  for (let count = ids.length; count > 0; count -= 1) {
    at(week, from + random.between(0, day), () => users.act(random.pick(ids)));
  }
  for (let count = buckets.length * 5; count > 0; count -= 1) {
    const bucket = random.pick(buckets);
    at(week, from + random.between(0, day), () => {
      for (let changes = random.between(1, 4); changes > 0; changes -= 1) users.touch(bucket);
    });
  }
  at(week, from + random.between(0, day), () => users.empty(random.pick(buckets)));
}

function storm(week: Week, from: number): void {
  const { simulation, users, random, buckets, ids } = week;
  const { system } = simulation;
  const until = from + random.between(20, 40) * minute;
  const weather = storms[random.pick(Object.keys(storms))] ?? calm;
  at(week, from, () => {
    // One machine stands still as a whole, which is nothing but a clock that jumps.
    system.weather = system.hosting.kind === 'machine' ? { ...weather, pause: 0 } : weather;
    week.stormUntil = until;
    spoilSome(week);
    sweepOften(week);
  });
  at(week, from + minute, () => users.hurry(random.pick(ids)));
  for (let count = Math.ceil(ids.length / 2); count > 0; count -= 1) {
    at(week, random.between(from, until), () => users.act(random.pick(ids)));
  }
  if (random.chance(0.3)) at(week, random.between(from, until), () => users.empty(random.pick(buckets)));
  at(week, until, () => {
    system.weather = calm;
    system.buckets.heal();
  });
}

/** A server that lies may get through with it where only a sample is asked for: then it tells no consistent lies. */
const consistentLies: readonly ListingFaultKind[] = ['partial-listing', 'empty-listing'];

function spoilSome({ simulation: { system }, random, buckets }: Week): void {
  const trusting = (system.hosting.settings.confirmLimit ?? 1000) < 1000;
  const kinds = listingFaultKinds.filter((kind) => !(trusting && consistentLies.includes(kind)));
  for (const bucket of buckets) {
    if (random.chance(0.4)) system.buckets.spoil(bucket, random.pick(kinds), random.pick([0.05, 0.3, 1]));
  }
}

function keepSweeping(week: Week): void {
  const { system } = week.simulation;
  system.sweep();
  const next = system.now() + 3 * hour;
  at(week, next, () => keepSweeping(week));
}

function sweepOften(week: Week): void {
  const { system } = week.simulation;
  system.sweep();
  if (system.now() < week.stormUntil + 15 * minute) at(week, system.now() + 5 * minute, () => sweepOften(week));
}

/** Users who are in a hurry at the end would make the conclusion long, not better. */
function slowDown({ simulation: { datasources }, users }: Week): void {
  for (const { id, sync } of datasources.rows.values()) {
    if (/^\d+s$|^1m$/.test(sync.interval ?? '')) users.change(id, { sync: { interval: '6h' } });
  }
}

function resultOf(
  { simulation, seed }: Week,
  userFigures: Readonly<Record<string, number>>,
  steadySlots: number,
): WeekResult {
  const { system, runs, deletions, events } = simulation;
  const { kind, jitterMs, lifeMs } = system.hosting;
  return {
    seed,
    problems: system.problems,
    hash: system.trace.hash(),
    host: `${kind}${kind === 'functions' ? ` of ${lifeMs / 1000} s` : ''}, jitter ${jitterMs / 1000} s`,
    figures: {
      steps: system.trace.steps,
      runs: runs.runs.size,
      ...runs.ended,
      ...system.figures,
      ...deletions.figures,
      ...events.figures,
      ...userFigures,
      steadySlots,
      messagesLost: system.queue.dead.length,
    },
    scene: system.scene,
    trace: (lines, about) => system.trace.last(lines, about),
  };
}
