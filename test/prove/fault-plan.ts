import { approveRun } from '#core/runs/approve-run.ts';
import type { RunRow } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import type { BucketModel } from '../simulation/bucket-model.ts';
import { atCall, atPageHolding, listingFaultKinds } from '../simulation/listing-faults.ts';
import { createModelWorld, type ModelWorld, type PublishedChange } from '../simulation/model-world.ts';
import { createRandomSource, type RandomSource } from '../simulation/random-source.ts';
import {
  catalogueFacts,
  differences,
  expectedFacts,
  type Facts,
  isInScope,
  type ModelScope,
} from '../simulation/reference-model.ts';

/** What one plan did and found. */
export type PlanOutcome = {
  readonly problems: readonly string[];
  runs: number;
  /** Runs in which a fault struck; how many of them ended complete nevertheless, and how many held. */
  faulty: number;
  faultyCompleted: number;
  held: number;
  deleteEvents: number;
};

type Catalogued = { readonly id: string; readonly uid: string; readonly bucket: BucketModel; scope: ModelScope };

type Plan = {
  readonly world: ModelWorld;
  readonly random: RandomSource;
  readonly sources: readonly Catalogued[];
  readonly outcome: PlanOutcome & { readonly problems: string[] };
};

/**
 * One random history: one or two datasources, several runs each, changes of the bucket between and during runs, faults
 * of any kind at any page, holds that are approved, settings that are changed; at its end one clean run for each. All of
 * it follows from the seed.
 */
export async function runFaultPlan(seed: number): Promise<PlanOutcome> {
  const random = createRandomSource(seed);
  // Beyond the limit a sample is trusted. Here it is as large as the rest, so that a plan proves the way and not its luck.
  const confirm = random.chance(0.2) ? { confirmLimit: 4, confirmSample: 1000 } : {};
  const world = createModelWorld({ settings: confirm });
  const outcome = { problems: [], runs: 0, faulty: 0, faultyCompleted: 0, held: 0, deleteEvents: 0 };
  try {
    const plan: Plan = { world, random, sources: await makeSources(world, random), outcome };
    for (const { bucket } of plan.sources) edit(random, bucket, random.between(0, 60), 0);
    for (let round = random.between(2, 5); round > 0; round -= 1) await playRound(plan);
    for (const source of plan.sources) await settle(plan, source);
    return outcome;
  } catch (error) {
    outcome.problems.push(`broke off: ${error instanceof Error ? error.stack : String(error)}` as never);
    return outcome;
  } finally {
    world.close();
  }
}

async function makeSources(world: ModelWorld, random: RandomSource): Promise<Catalogued[]> {
  const sources: Catalogued[] = [];
  for (let count = random.chance(0.3) ? 2 : 1; count > 0; count -= 1) {
    const name = random.chance(0.7) ? 'sample-bucket' : 'other-bucket';
    const scope = { prefix: random.pick(['', 'data/', 'data/1']) };
    const config = { ...scope, bucket: name, list_version: random.pick([1, 2]) };
    const { id, uid } = await world.addDatasource(config, { page_size: random.pick([2, 3, 5, 8, 20]) });
    sources.push({ id, uid, bucket: world.bucket(name), scope });
  }
  return sources;
}

async function playRound(plan: Plan): Promise<void> {
  const { random, world } = plan;
  for (const source of plan.sources) {
    edit(random, source.bucket, random.between(0, 12), random.chance(0.08) ? 0.9 : 0.3);
    world.advance(random.pick([0, 1000, 60_000]));
    world.server.clear();
    injectFaults(plan, source);
    const run = await judged(plan, source, () => world.sync(source.id));
    if (run?.status === 'held' && random.chance(0.5)) {
      await judged(plan, source, () => approved(world, source, run));
    }
  }
}

function injectFaults({ world, random }: Plan, source: Catalogued): void {
  for (let count = random.pick([0, 1, 1, 2, 3]); count > 0; count -= 1) {
    const keys = source.bucket.objects();
    const strikes =
      keys.length === 0 || random.chance(0.5) ? atCall(random.between(1, 9)) : atPageHolding(random.pick(keys).key);
    world.server.inject({ kind: random.pick(listingFaultKinds), strikes });
  }
  world.changeConfig = async () => {
    const scope = random.pick([{ prefix: 'data/1' }, { prefix: 'data/' }, { extensions: ['txt'] }, { extensions: [] }]);
    source.scope = { ...source.scope, ...scope };
    await world.change(source.id, { connector: { config: scope } });
  };
}

/** Lets a run happen, with changes of the bucket while it does, and compares what it did with what it may do. */
async function judged(plan: Plan, source: Catalogued, act: () => Promise<RunRow>): Promise<RunRow | undefined> {
  const { world, outcome } = plan;
  const scope = source.scope;
  const before = await catalogueFacts(world.table, source.uid);
  const throughout = editMeanwhile(plan, source.bucket);
  const run = await act();
  world.beforePage = undefined;
  const after = await catalogueFacts(world.table, source.uid);
  const events = (await world.publish()).filter((event) => event.kind === 'Objects Deleted');
  const struck = world.server.hits > 0;
  outcome.runs += 1;
  outcome.deleteEvents += events.length;
  if (struck) outcome.faulty += 1;
  if (struck && run.status === 'completed') outcome.faultyCompleted += 1;
  if (run.status === 'held') outcome.held += 1;
  outcome.problems.push(...falseDeletes(events, throughout()));
  if (run.status !== 'completed') outcome.problems.push(...lossesOf(run, { before, after, events, scope }));
  const missing = [...world.server.answeredBefore].filter((key) => isInScope(key, scope) && !after.has(key));
  // What is deleted while the run is on may be told to it by a later page, or by the bucket itself.
  const lost = missing.filter((key) => source.bucket.get(key) !== undefined);
  if (lost.length > 0) outcome.problems.push(`run ${run.id} was shown ${lost[0]} before the fault and did not keep it`);
  return run;
}

/** Now and then edits the bucket before some page. Returns the keys that were there all the time, when asked. */
function editMeanwhile({ world, random }: Plan, bucket: BucketModel): () => ReadonlySet<string> {
  const throughout = new Set(bucket.objects().map((object) => object.key));
  let pagesToGo = random.chance(0.3) ? random.between(1, 6) : 0;
  world.beforePage = () => {
    pagesToGo -= 1;
    if (pagesToGo !== 0) return;
    edit(random, bucket, random.between(1, 4), 0.5);
    for (const key of throughout) if (bucket.get(key) === undefined) throughout.delete(key);
  };
  return () => throughout;
}

function falseDeletes(events: readonly PublishedChange[], present: ReadonlySet<string>): string[] {
  return events
    .filter((event) => present.has(event.key))
    .map((event) => `FALSE DELETE of ${JSON.stringify(event.key)} in run ${event.run}`);
}

function lossesOf(
  run: RunRow,
  seen: { before: Facts; after: Facts; events: readonly PublishedChange[]; scope: ModelScope },
): string[] {
  const removed = [...seen.before.keys()].filter((key) => !seen.after.has(key) && isInScope(key, seen.scope));
  const problems: string[] = [];
  if (seen.events.length > 0) problems.push(`run ${run.id} ${run.status}, yet told of ${seen.events.length} deletions`);
  if (removed.length > 0) problems.push(`run ${run.id} ${run.status}, yet removed ${removed.length} records`);
  return problems;
}

async function approved(world: ModelWorld, source: Catalogued, held: RunRow): Promise<RunRow> {
  const { id } = await approveRun(world.deps, source.id, held.id);
  await world.work();
  const run = await readRun(world.table, source.uid, id);
  if (run === undefined) throw new Error(`the approving run ${id} is gone`);
  return run;
}

/** One clean run, and a second where so many keys are gone that one is not enough; holds are approved. */
async function settle(plan: Plan, source: Catalogued): Promise<void> {
  const { world, outcome } = plan;
  world.server.clear();
  world.beforePage = undefined;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const run = await judgedQuietly(plan, source, () => world.sync(source.id));
    if (run.status === 'held') await judgedQuietly(plan, source, () => approved(world, source, run));
    else if (run.status !== 'completed') outcome.problems.push(`a clean run ended ${run.status}: ${run.message}`);
    const left = differences(await catalogueFacts(world.table, source.uid), expectedFacts(source.bucket, source.scope));
    if (left.length === 0) return;
    const waits = world.deps.settings.confirmLimit < 1000 && attempt < 3;
    if (!waits) {
      outcome.problems.push(...left.map((difference) => `after a clean run: ${difference}`));
      return;
    }
  }
}

async function judgedQuietly(plan: Plan, source: Catalogued, act: () => Promise<RunRow>): Promise<RunRow> {
  const present = new Set(source.bucket.objects().map((object) => object.key));
  const run = await act();
  const events = (await plan.world.publish()).filter((event) => event.kind === 'Objects Deleted');
  plan.outcome.runs += 1;
  plan.outcome.deleteEvents += events.length;
  plan.outcome.problems.push(...falseDeletes(events, present));
  return run;
}

const folders = ['data/', 'data/1', 'data/12/', 'other/', ''];
const names = ['a', 'b', '\u{1f600}', '\uffee', 'é', '+ %', '__proto__', '\r', 'z'];

/** So many changes: deletions with that probability, otherwise new objects, or new states of old ones. */
function edit(random: RandomSource, bucket: BucketModel, changes: number, deletions: number): void {
  for (let change = 0; change < changes; change += 1) {
    const objects = bucket.objects();
    if (objects.length > 0 && random.chance(deletions)) {
      const most = deletions > 0.5 ? objects.length / 3 : 1;
      for (let count = 0; count < most; count += 1) bucket.delete(random.pick(objects).key);
    } else if (objects.length > 0 && random.chance(0.4)) bucket.put(random.pick(objects).key);
    else {
      const number = random.chance(0.7) ? random.below(100) : '';
      bucket.put(`${random.pick(folders)}${random.pick(names)}${number}${random.pick(['.txt', '.csv', ''])}`);
    }
  }
}
