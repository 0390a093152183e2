import { purgePartition } from '#core/registry/purge-item.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { timingKey } from '#core/timing/from-scheduler.ts';
import { type DatasourceWatch, scopeOf, watchDatasources } from './datasource-watch.ts';
import { type DeletionWatch, watchDeletions } from './deletion-watch.ts';
import { type EventWatch, watchEvents } from './event-watch.ts';
import { watchPolicies } from './policy-watch.ts';
import { catalogueFacts, differences, expectedFacts } from './reference-model.ts';
import { type RunWatch, startOf, type WatchedRun, watchRuns } from './run-watch.ts';
import type { SimulatedSystem } from './simulated-system.ts';
import { calm } from './turbulence.ts';

/** A system with everybody who watches over it. */
export type Simulation = {
  readonly system: SimulatedSystem;
  readonly datasources: DatasourceWatch;
  readonly runs: RunWatch;
  readonly deletions: DeletionWatch;
  readonly events: EventWatch;
};

const minute = 60_000;

export function watch(system: SimulatedSystem): Simulation {
  const datasources = watchDatasources(system);
  const runs = watchRuns(system);
  const deletions = watchDeletions(system, datasources, runs);
  if (system.hosting.kind === 'functions') watchPolicies(system);
  return { system, datasources, runs, deletions, events: watchEvents(system, runs) };
}

/**
 * The weather clears, nobody changes anything any more, what is under way ends, and each datasource is synced once
 * more. Then all has to be as it should. Adds what is not to the system's problems.
 */
export async function conclude(simulation: Simulation, options: { readonly runsNeeded?: number } = {}): Promise<void> {
  const { system, datasources, runs } = simulation;
  system.weather = { ...calm, duplicate: 0, meddling: 0 };
  system.buckets.heal();
  await comeToRest(system);
  const restSince = system.now();
  const runsNeeded = options.runsNeeded ?? 1;
  for (let round = 0; round < 10; round += 1) {
    const unclean = [...datasources.rows.values()].filter(({ uid }) => cleanRuns(runs, uid, restSince) < runsNeeded);
    if (unclean.length === 0) break;
    for (const { id, uid } of unclean) syncOrApprove(simulation, id, lastRun(runs, uid, restSince));
    await pass(system, 2);
  }
  await pass(system, 2);
  const problems: string[] = [];
  for (const { id, uid, connector } of datasources.rows.values()) {
    if (cleanRuns(runs, uid, restSince) < runsNeeded) problems.push(`${id} came to no clean run in calm weather`);
    const row = datasources.rows.get(id);
    const expected = expectedFacts(system.buckets.model(connector.config.bucket ?? ''), row && scopeOf(row));
    const wrong = differences(await catalogueFacts(system.table, uid), expected);
    problems.push(...wrong.map((each) => `${id}: ${each}`));
  }
  problems.push(...runs.overdue(0), ...leftovers(simulation), ...scheduleProblems(simulation));
  const gone = new Set(
    [...datasources.uids.values()].filter(({ goneAt }) => goneAt !== undefined).map(({ uid }) => uid),
  );
  problems.push(...simulation.events.conclude(gone));
  for (const problem of problems) system.complain(problem);
}

/** Sweeps until nothing is under way. */
async function comeToRest(system: SimulatedSystem): Promise<void> {
  const isBusy = (): boolean =>
    system.queue.waiting + system.feed.waiting + system.running.size > 0 ||
    system.table.slice({ pk: purgePartition, limit: 1 }).length > 0;
  for (let round = 0; round < 100 && (round < 4 || isBusy()); round += 1) await pass(system, 1);
  if (isBusy()) {
    const { queue, feed, running } = system;
    system.complain(
      `no rest: ${queue.waiting} messages, ${feed.waiting} changes, ${[...running.keys()].map(({ name }) => name)}`,
    );
  }
}

async function pass(system: SimulatedSystem, sweeps: number): Promise<void> {
  for (let done = 0; done < sweeps; done += 1) {
    system.sweep();
    await system.time.runUntil(system.now() + 5 * minute);
  }
}

/** Runs that began and completed in calm weather, and looked at all there is. */
function cleanRuns(runs: RunWatch, uid: string, since: number): number {
  return runsSince(runs, uid, since).filter(({ row }) => row.status === 'completed' && row.approves === undefined)
    .length;
}

function lastRun(runs: RunWatch, uid: string, since: number): WatchedRun | undefined {
  return runsSince(runs, uid, since).at(-1);
}

function runsSince(runs: RunWatch, uid: string, since: number): WatchedRun[] {
  return runs.of(uid).filter((run) => !run.row.dry_run && run.endedAt !== undefined && startOf(run) >= since);
}

function syncOrApprove({ system }: Simulation, id: string, last: WatchedRun | undefined): void {
  if (last?.row.status === 'held') {
    system.asUser((deps) => approveRun(deps, id, last.id));
  } else {
    system.asUser((deps) => requestRun(deps, { datasource: id, trigger: 'manual' }));
  }
}

/** Nothing of a uid that was given up may remain but its lease, whose fence turns away who wakes late. */
function leftovers({ system, datasources }: Simulation): string[] {
  const gone = [...datasources.uids.values()].filter(({ goneAt }) => goneAt !== undefined);
  const found: string[] = [];
  for (const item of system.table.all()) {
    const owner = gone.find(({ uid }) => item.pk.includes(uid) || (item.pk === purgePartition && item.sk === uid));
    if (owner === undefined || (item.pk === owner.uid && item.sk === 'lease')) continue;
    found.push(`of the deleted ${owner.datasource} there is still ${item.pk} ${item.sk}`);
  }
  return found.slice(0, 10);
}

function scheduleProblems({ system, datasources }: Simulation): string[] {
  const problems: string[] = [];
  const { live } = system.scheduler;
  for (const name of live.keys()) if (!datasources.rows.has(name)) problems.push(`the schedule ${name} is orphaned`);
  for (const row of datasources.rows.values()) {
    const wished = scheduleOf(row);
    const is = live.get(row.id);
    if (is === undefined) {
      if (wished?.state === 'enabled') problems.push(`the schedule of ${row.id} is missing`);
      continue;
    }
    const fields = ['state', 'startAt', 'input'] as const;
    const same = wished && timingKey(is) === timingKey(wished) && fields.every((field) => is[field] === wished[field]);
    if (!same) problems.push(`the schedule of ${row.id} is ${JSON.stringify(is)}, wished ${JSON.stringify(wished)}`);
  }
  return problems;
}
