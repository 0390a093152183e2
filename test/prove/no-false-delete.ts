import type { RunRow } from '#core/runs/run.ts';
import type { BucketModel } from '../simulation/bucket-model.ts';
import { atPageHolding, type ListingFaultKind, listingFaultKinds } from '../simulation/listing-faults.ts';
import { createModelWorld, type ModelWorld, type PublishedChange } from '../simulation/model-world.ts';
import { catalogueFacts, differences, expectedFacts } from '../simulation/reference-model.ts';
import { runFaultPlan } from './fault-plan.ts';
import { runWireCase, type WireOutcome } from './faults-over-http.ts';
import { runForeignPlan } from './foreign-plan.ts';
import type { ProofResult } from './proof-result.ts';

/** Where a listing is struck. */
export const faultPlaces = ['first', 'middle', 'last'] as const;
export const listingSizes = [1, 3, 50] as const;

export type FaultCase = {
  readonly kind: ListingFaultKind;
  readonly place: (typeof faultPlaces)[number];
  /** Pages of the listing. */
  readonly pages: number;
};

/** What was seen of one case. `problems` says in words what should not have been; empty when all is well. */
export type FaultOutcome = {
  readonly problems: readonly string[];
  readonly run: Pick<RunRow, 'status' | 'error'>;
  /** Objects that were new on the pages answered before the fault, and how many of those the catalogue has after it. */
  readonly additions: { readonly answered: number; readonly applied: number };
};

const pageSize = 8;
const bucketName = 'sample-bucket';

/** Every kind at every place of every size. */
export function faultCases(sizes: readonly number[] = listingSizes): FaultCase[] {
  return sizes.flatMap((pages) =>
    faultPlaces.flatMap((place) => listingFaultKinds.map((kind) => ({ kind, place, pages }))),
  );
}

/**
 * A catalogued bucket; then on each page one object is added, one modified and one deleted; then a run that meets the
 * fault each time it asks for that page, and a clean one.
 */
export async function runFaultCase(test: FaultCase, endpoint?: string): Promise<FaultOutcome> {
  const world = createModelWorld(endpoint === undefined ? {} : { endpoint });
  try {
    const bucket = world.bucket(bucketName);
    const numbers = Array.from({ length: test.pages * pageSize }, (_, index) => index);
    for (const number of numbers) bucket.put(keyAt(number));
    const { id, uid } = await world.addDatasource({ prefix: 'data/' }, { page_size: pageSize });
    const first = await world.sync(id);
    await world.publish();
    const before = await catalogueFacts(world.table, uid);
    const problems = [...differences(before, expectedFacts(bucket)).map((seen) => `before the fault: ${seen}`)];
    if (first.status !== 'completed') problems.push(`the first run ended ${first.status}`);

    // An object written just before a run may as well have been written after its page was listed: these are older.
    world.advance(60_000);
    const { added, deleted } = changeEachPage(world, test.pages);
    world.advance(60_000);
    world.server.inject({ kind: test.kind, strikes: atPageHolding(keyAt(struckPage(test) * pageSize)) });
    world.changeConfig = () => world.change(id, { connector: { config: { extensions: ['txt'] } } });
    const run = await world.sync(id);
    const hits = world.server.hits;
    const answered = added.filter((key) => world.server.answeredBefore.has(key));
    const after = await catalogueFacts(world.table, uid);
    const applied = answered.filter((key) => after.has(key)).length;
    // What a foreign server is forgiven, the run completes with, and deletes what is gone.
    const forgiven = endpoint !== undefined && run.status === 'completed';
    const events = await world.publish();
    // Of a few keys that the listing lacks the server itself says that they are there: they stay, and are told of.
    const named = run.status === 'completed' && (run.contradicted ?? 0) > 0;
    const removed = [...before.keys()].filter((key) => !after.has(key));
    if (named) problems.push(...removalProblems(removed, bucket, events));
    else if (forgiven) problems.push(...differences(after, expectedFacts(bucket)));
    else problems.push(...faultyRunProblems({ removed, run, hits, events }));
    if (applied < answered.length) problems.push(`${answered.length - applied} additions were not applied`);

    world.server.clear();
    const scope = test.kind === 'config-changed' ? { extensions: ['txt'] } : {};
    const due = forgiven ? [] : deleted.filter((key) => !removed.includes(key));
    problems.push(...(await cleanRunProblems(world, id, uid, scope, due)));
    return { problems, run, additions: { answered: answered.length, applied } };
  } finally {
    world.close();
  }
}

function struckPage({ place, pages }: FaultCase): number {
  if (place === 'first') return 0;
  return place === 'last' ? pages - 1 : Math.floor(pages / 2);
}

/** One object of each page is a .csv, so that a narrower filter has something to take out: few enough that the pending
 *  deletions stay below the share that holds. */
function keyAt(number: number): string {
  return `data/${String(number).padStart(5, '0')}.${number % pageSize === 3 ? 'csv' : 'txt'}`;
}

/** The number of objects on each page stays as it was, and the first object of each page stays untouched. */
function changeEachPage(world: ModelWorld, pages: number): { added: string[]; deleted: string[] } {
  const bucket = world.bucket(bucketName);
  const added: string[] = [];
  const deleted: string[] = [];
  for (let page = 0; page < pages; page += 1) {
    const start = page * pageSize;
    added.push(`${keyAt(start + 2)}.new.txt`);
    deleted.push(keyAt(start + 4));
    bucket.put(keyAt(start + 6));
  }
  for (const key of added) bucket.put(key);
  for (const key of deleted) bucket.delete(key);
  return { added, deleted };
}

/** Whatever was removed is gone from the bucket, and was told of. */
function removalProblems(
  removed: readonly string[],
  bucket: BucketModel,
  events: readonly PublishedChange[],
): string[] {
  const existing = removed.filter((key) => bucket.get(key) !== undefined);
  const told = events.filter(({ kind }) => kind === 'Objects Deleted').map(({ key }) => key);
  const problems = existing.length > 0 ? [`${existing.length} records of objects removed, ${existing[0]} for one`] : [];
  if (told.sort().join() !== [...removed].sort().join()) problems.push(`${told.length} delete events`);
  return problems;
}

function faultyRunProblems(seen: {
  readonly removed: readonly string[];
  readonly run: RunRow;
  readonly hits: number;
  readonly events: readonly PublishedChange[];
}): string[] {
  const problems: string[] = [];
  const deletions = seen.events.filter((event) => event.kind === 'Objects Deleted');
  const { removed } = seen;
  if (seen.hits === 0) problems.push('the fault never struck');
  if (seen.run.status !== 'failed' && seen.run.status !== 'held') problems.push(`the faulty run ${seen.run.status}`);
  if (deletions.length > 0) problems.push(`${deletions.length} delete events, of ${deletions[0]?.key} for one`);
  if (removed.length > 0) problems.push(`${removed.length} records removed, ${removed[0]} for one`);
  return problems;
}

async function cleanRunProblems(
  world: ModelWorld,
  id: string,
  uid: string,
  scope: { extensions?: string[] },
  deleted: readonly string[],
): Promise<string[]> {
  const run = await world.sync(id);
  const problems = run.status === 'completed' ? [] : [`the clean run ended ${run.status} (${run.message ?? ''})`];
  const expected = expectedFacts(world.bucket(bucketName), scope);
  problems.push(...differences(await catalogueFacts(world.table, uid), expected));
  const gone = (await world.publish()).filter((event) => event.kind === 'Objects Deleted').map((event) => event.key);
  const due = deleted.filter((key) => scope.extensions === undefined || key.endsWith('.txt'));
  if (gone.sort().join() !== [...due].sort().join()) {
    problems.push(`${gone.length} delete events in the clean run, due were ${due.length}`);
  }
  return problems;
}

/** What a proof takes: which part of its full size, from 0 to 1, and where its random cases begin. */
export type ProofSize = { readonly share: number; readonly seed: number };

const fullPlans = 10_000;

/** No fault of a listing makes a record disappear: all 216 cases, random plans, and each fault once more on the wire. */
export async function proveNoFalseDelete({ share, seed }: ProofSize): Promise<ProofResult[]> {
  return [
    await proveFaultCases(share),
    await proveFaultPlans(Math.ceil(fullPlans * share), seed),
    await proveForeignPlans(Math.ceil(fullPlans * share), seed),
    await proveOnTheWire(),
  ];
}

/** Below full size the listings of 50 pages are left out: they are most of the work. */
export async function proveFaultCases(share: number): Promise<ProofResult> {
  const began = performance.now();
  const failures: string[] = [];
  const additions = { answered: 0, applied: 0 };
  const cases = faultCases(share < 1 ? [1, 3] : listingSizes);
  for (const test of cases) {
    const outcome = await runFaultCase(test);
    additions.answered += outcome.additions.answered;
    additions.applied += outcome.additions.applied;
    const name = `${test.kind} at the ${test.place} of ${test.pages}`;
    failures.push(...outcome.problems.map((problem) => `${name}: ${problem}`));
  }
  return {
    proof: 'no-false-delete',
    claim:
      '24 faults × first, middle, last page × 1, 3, 50 pages: no delete event, no record removed, additions kept, next run exact; a run that completes names each key that its listing lacked, and removes what is gone alone',
    measured: `${cases.length} cases, ${additions.applied} of ${additions.answered} additions listed before the fault applied, ${failures.length} problems${shown(failures)}`,
    passed: failures.length === 0,
    seconds: (performance.now() - began) / 1000,
  };
}

export async function proveFaultPlans(plans: number, seed: number): Promise<ProofResult> {
  const began = performance.now();
  const failures: string[] = [];
  const sum = { runs: 0, faulty: 0, faultyCompleted: 0, held: 0, deleteEvents: 0 };
  for (let plan = seed; plan < seed + plans; plan += 1) {
    const outcome = await runFaultPlan(plan);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += outcome[name];
    for (const problem of outcome.problems) {
      failures.push(`${problem} (replay: node test/prove/replay.ts no-false-delete ${plan})`);
    }
  }
  const { runs, faulty, faultyCompleted, held, deleteEvents } = sum;
  return {
    proof: 'no-false-delete',
    claim:
      'random fault plans: a run that fails or holds removes nothing, no existing object is ever said to be deleted, the next clean run is exact',
    measured: `${plans} plans from seed ${seed}, ${runs} runs, ${faulty} met a fault (${faultyCompleted} of them complete all the same), ${held} held, ${deleteEvents} delete events, all true; ${failures.length} problems${shown(failures)}`,
    passed: failures.length === 0,
    seconds: (performance.now() - began) / 1000,
  };
}

/** The quirks of servers that are not AWS's, each with the disturbances that it cannot bear. */
export async function proveForeignPlans(plans: number, seed: number): Promise<ProofResult> {
  const began = performance.now();
  const failures: string[] = [];
  const sum = { runs: 0, completed: 0, deletions: 0 };
  const quirks = new Set<string>();
  for (let plan = seed; plan < seed + plans; plan += 1) {
    const outcome = await runForeignPlan(plan);
    quirks.add(outcome.quirk);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += outcome[name];
    for (const problem of outcome.problems) {
      failures.push(`${problem} (replay: node test/prove/replay.ts foreign-servers ${plan})`);
    }
  }
  const { runs, completed, deletions } = sum;
  return {
    proof: 'no-false-delete',
    claim:
      'random histories on servers with quirks: no record of an object that exists is removed, no completed run lacks an object that was there throughout',
    measured: `${plans} histories from seed ${seed}, ${quirks.size} quirks, ${runs} runs, ${completed} completed, ${deletions} deletions; ${failures.length} problems${shown(failures)}`,
    passed: failures.length === 0,
    seconds: (performance.now() - began) / 1000,
  };
}

/** The server of the wire cases is not AWS's. */
export const foreignEndpoint = 's3.example.com';

async function proveOnTheWire(): Promise<ProofResult> {
  const began = performance.now();
  const failures: string[] = [];
  for (const kind of listingFaultKinds) {
    const wire = await runWireCase(kind);
    const { run } = await runFaultCase({ kind, place: 'middle', pages: 3 }, foreignEndpoint);
    failures.push(...wire.problems.map((problem) => `${kind}: ${problem}`));
    if (!endsAlike(kind, wire, run))
      failures.push(`${kind}: ${wire.code} on the wire, ${run.error?.code} in the model`);
  }
  return {
    proof: 'no-false-delete',
    claim:
      'the 24 faults through the real S3 client and an HTTP server: nothing removed, and the same end as on the bucket model',
    measured: `${listingFaultKinds.length} faults, ${failures.length} problems${shown(failures)}`,
    passed: failures.length === 0,
    seconds: (performance.now() - began) / 1000,
  };
}

/** The S3 client tells the error of an `<Error>` in a 200; the model leaves it to the page proof to see that it is none. */
export function endsAlike(kind: ListingFaultKind, wire: WireOutcome, model: FaultOutcome['run']): boolean {
  if (wire.status !== model.status) return false;
  return kind === 'error-in-200' ? wire.code === 'access_denied' : wire.code === model.error?.code;
}

function shown(failures: readonly string[]): string {
  return failures.length === 0 ? '' : `: ${failures.slice(0, 5).join('; ')}`;
}
