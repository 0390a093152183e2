import { documentId, parseDocumentId } from '#core/catalogue/document-id.ts';
import type { RunRow } from '#core/runs/run.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';
import type { BucketModel } from '../simulation/bucket-model.ts';
import { createModelWorld, type ModelWorld } from '../simulation/model-world.ts';
import { longestKey, randomKeySet } from '../simulation/random-keys.ts';
import { createRandomSource, type RandomSource } from '../simulation/random-source.ts';
import { catalogueFacts, differences, expectedFacts } from '../simulation/reference-model.ts';
import type { ProofResult } from './proof-result.ts';

/** What a key set is to make of the one before it. */
type Step = { readonly added: Set<string>; readonly modified: Set<string>; readonly deleted: Set<string> };

/** What was tried, and what should not have been. */
export type KeyOutcome = { readonly problems: readonly string[]; readonly sets: number; readonly keys: number };

/** States that follow one another in one datasource: each is what the bucket holds next. */
const statesPerSource = 8;

/** Sets that make up a state: one of bare keys, the others each in a folder of its own, so that they stay apart. */
const setsPerState = 6;

/** Sets that follow one another on one server. */
const setsPerServer = 25;

const fullSets = 100_000;

/** One set in a hundred also goes over HTTP, in each of the four ways of listing. */
const overHttp = 0.01;

const ways = [
  { version: 2, encoded: true },
  { version: 2, encoded: false },
  { version: 1, encoded: true },
  { version: 1, encoded: false },
] as const;

/** A hold is about how much is deleted, which is not the question here. */
const neverHold = { holdAboveObjects: Number.MAX_SAFE_INTEGER };

/** Whatever the keys are, a run finds exactly what the sets of before and after differ by. */
export async function proveAnyKey({ share, seed }: { share: number; seed: number }): Promise<ProofResult[]> {
  const sets = Math.ceil(fullSets * share);
  const direct = await timedOutcome(() => repeated(sets, seed, runKeySets));
  const http = await timedOutcome(() => proveOverHttp(Math.ceil(sets * overHttp), seed));
  return [
    resultOf(
      'random key sets, in states of a bucket that follow one another: diff, events and catalogue = set model',
      seed,
      direct,
    ),
    resultOf(
      'the same through the S3 client and HTTP, list v1 and v2, url-encoded or (keys without U+FFFD) not: keys byte-equal',
      seed,
      http,
    ),
  ];
}

async function repeated(
  sets: number,
  seed: number,
  play: (seed: number, sets: number) => Promise<KeyOutcome>,
): Promise<KeyOutcome> {
  const sum = { problems: [] as string[], sets: 0, keys: 0 };
  for (let source = seed; sum.sets < sets; source += 1) {
    const outcome = await play(source, sets - sum.sets);
    const replay = `(replay: node test/prove/replay.ts any-key ${source})`;
    sum.problems.push(...outcome.problems.map((problem) => `${problem} ${replay}`));
    sum.sets += outcome.sets;
    sum.keys += outcome.keys;
  }
  return sum;
}

/** States that follow one another, through the core, on the bucket model. All of it follows from the seed. */
export async function runKeySets(seed: number): Promise<KeyOutcome> {
  const random = createRandomSource(seed);
  const world = createModelWorld({ settings: neverHold });
  const outcome = { problems: [] as string[], sets: statesPerSource * setsPerState, keys: 0 };
  try {
    const bucket = world.bucket('sample-bucket');
    const sync = { page_size: random.pick([2, 3, 7, 1000]), first_load_events: true };
    const { id, uid } = await world.addDatasource({ list_version: random.pick([1, 2]) }, sync);
    for (let state = 0; state < statesPerSource; state += 1) {
      const keys = randomState(random);
      const step = nextStep(random, bucket, keys);
      outcome.keys += keys.length;
      const run = await world.sync(id);
      outcome.problems.push(...counterProblems(run, step), ...(await eventProblems(world, step)));
      outcome.problems.push(...differences(await catalogueFacts(world.table, uid), expectedFacts(bucket)));
      outcome.problems.push(...keys.flatMap((key) => idProblems(id, key)));
    }
    return outcome;
  } finally {
    world.close();
  }
}

function randomState(random: RandomSource): string[] {
  const keys: string[] = [];
  for (let set = 0; set < setsPerState; set += 1) {
    const folder = set === 0 ? '' : `set ${set}/`;
    for (const key of randomKeySet(random, random.between(1, 12))) {
      keys.push(Buffer.byteLength(folder + key) > longestKey ? key : folder + key);
    }
  }
  return keys;
}

/** Makes the bucket hold exactly these keys; of those that it had, some are written anew. */
function nextStep(random: RandomSource, bucket: BucketModel, keys: readonly string[]): Step {
  const had = new Set(bucket.objects().map((object) => object.key));
  const kept = [...had].filter(() => random.chance(0.4));
  const next = new Set([...keys, ...kept]);
  const step = { added: new Set<string>(), modified: new Set<string>(), deleted: new Set<string>() };
  for (const key of next) {
    if (!had.has(key)) step.added.add(key);
    else if (random.chance(0.5)) step.modified.add(key);
  }
  for (const key of had) if (!next.has(key)) step.deleted.add(key);
  for (const key of [...step.added, ...step.modified]) bucket.put(key);
  for (const key of step.deleted) bucket.delete(key);
  return step;
}

function counterProblems({ status, counters, message }: RunRow, step: Step): string[] {
  if (status !== 'completed') return [`a run ended ${status}: ${message ?? ''}`];
  return (['added', 'modified', 'deleted'] as const)
    .filter((name) => counters[name] !== step[name].size)
    .map((name) => `${counters[name]} ${name}, by the sets ${step[name].size}`);
}

async function eventProblems(world: ModelWorld, step: Step): Promise<string[]> {
  const told = await world.publish();
  const expected = [
    ...[...step.added].map((key) => `Objects Added ${key}`),
    ...[...step.modified].map((key) => `Objects Modified ${key}`),
    ...[...step.deleted].map((key) => `Objects Deleted ${key}`),
  ];
  const actual = told.map(({ kind, key }) => `${kind} ${key}`);
  if (actual.length === expected.length && actual.sort().every((text, index) => text === expected.sort()[index]))
    return [];
  return [`events ${JSON.stringify(actual)}, by the sets ${JSON.stringify(expected)}`];
}

/** A document's id must lead back to the very bytes of its key. */
function idProblems(datasource: string, key: string): string[] {
  const parsed = parseDocumentId(documentId(datasource, key));
  const same = parsed?.datasource === datasource && Buffer.from(parsed.key).equals(Buffer.from(key));
  return same ? [] : [`the document id of ${JSON.stringify(key)} does not lead back to it`];
}

async function proveOverHttp(sets: number, seed: number): Promise<KeyOutcome> {
  const sum = { problems: [] as string[], sets: 0, keys: 0 };
  for (const way of ways) {
    const outcome = await repeated(Math.ceil(sets / ways.length), seed, (source, count) =>
      runHttpSets(source, Math.min(count, setsPerServer), way),
    );
    sum.problems.push(...outcome.problems);
    sum.sets += outcome.sets;
    sum.keys += outcome.keys;
  }
  return sum;
}

/** Key sets that follow one another, through the real S3 client and a server on this machine. */
export async function runHttpSets(
  seed: number,
  sets: number,
  way: { readonly version: 1 | 2; readonly encoded: boolean },
): Promise<KeyOutcome> {
  const random = createRandomSource(seed);
  const world = await createSyncWorld({ settings: neverHold });
  const outcome = { problems: [] as string[], sets, keys: 0 };
  try {
    if (!way.encoded) world.s3.faults.add({ when: { operation: 'list' }, act: { kind: 'ignore-encoding' } });
    const { id } = await world.addDatasource({ config: { list_version: way.version }, sync: { page_size: 7 } });
    for (let set = 0; set < sets; set += 1) {
      const drawn = randomKeySet(random, random.between(1, 24));
      // Without encoding U+FFFD stands for what a server cannot write: such a row is told of, and no key made of it.
      const keys = way.encoded ? drawn : drawn.filter((key) => !key.includes('\ufffd'));
      const step = nextHttpStep(random, world, keys);
      outcome.keys += keys.length;
      const run = await world.sync(id);
      outcome.problems.push(...counterProblems(run, step), ...(await byteProblems(world, id)));
    }
    return outcome;
  } finally {
    await world.close();
  }
}

function nextHttpStep(random: RandomSource, { s3 }: SyncWorld, keys: readonly string[]): Step {
  const had = new Set(s3.objects(bucketName).map((object) => object.key));
  const next = new Set([...keys, ...[...had].filter(() => random.chance(0.4))]);
  const step = { added: new Set<string>(), modified: new Set<string>(), deleted: new Set<string>() };
  for (const key of next) {
    if (had.has(key)) continue;
    step.added.add(key);
    // Old enough that the server's clock cannot take it for written during the run.
    s3.put(bucketName, key, { body: key, lastModified: 1_700_000_000_000 });
  }
  for (const key of had) {
    if (next.has(key)) continue;
    step.deleted.add(key);
    s3.delete(bucketName, key);
  }
  return step;
}

async function byteProblems(world: SyncWorld, id: string): Promise<string[]> {
  const hexOf = (facts: readonly { key: string }[]) =>
    facts.map(({ key, ...rest }) => `${Buffer.from(key).toString('hex')} ${JSON.stringify(rest)}`);
  const records = hexOf(recordFacts(await world.catalogue(id)));
  const objects = hexOf(bucketFacts(world.s3));
  const odd = objects.find((text, index) => text !== records[index]);
  if (odd === undefined && records.length === objects.length) return [];
  return [`the catalogue has ${records.length} records of ${objects.length} objects; ${odd ?? records.at(-1)} differs`];
}

type Timed = { readonly outcome: KeyOutcome; readonly seconds: number };

async function timedOutcome(work: () => Promise<KeyOutcome>): Promise<Timed> {
  const began = performance.now();
  const outcome = await work();
  return { outcome, seconds: (performance.now() - began) / 1000 };
}

function resultOf(claim: string, seed: number, { outcome, seconds }: Timed): ProofResult {
  const { problems, sets, keys } = outcome;
  const shown = problems.length === 0 ? '' : `: ${problems.slice(0, 5).join('; ')}`;
  const measured = `${sets} sets of ${keys} keys from seed ${seed}, ${problems.length} problems${shown}`;
  return { proof: 'any-key', claim, measured, passed: problems.length === 0, seconds };
}
