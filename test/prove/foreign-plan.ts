import type { RunRow } from '#core/runs/run.ts';
import type { BucketModel } from '../simulation/bucket-model.ts';
import { createQuirkyServer, type ForeignQuirk, foreignQuirks, isOddKey } from '../simulation/foreign-quirks.ts';
import { createModelWorld, type ModelWorld } from '../simulation/model-world.ts';
import { createRandomSource, type RandomSource } from '../simulation/random-source.ts';
import { catalogueFacts, differences, expectedFacts, type Facts } from '../simulation/reference-model.ts';

/** What one history on a foreign server did and found. */
export type ForeignOutcome = {
  readonly quirk: ForeignQuirk;
  readonly problems: readonly string[];
  runs: number;
  completed: number;
  deletions: number;
};

type History = {
  readonly quirk: ForeignQuirk;
  readonly world: ModelWorld;
  readonly bucket: BucketModel;
  readonly random: RandomSource;
  readonly source: { readonly id: string; readonly uid: string };
  readonly restart: () => void;
  readonly outcome: ForeignOutcome & { readonly problems: string[] };
};

const bucketName = 'sample-bucket';

/**
 * One random history of a bucket on a server with one quirk: runs in small ranges, changes between and during them, the
 * store held up, the server started anew. After each run: no record is gone whose object was there throughout, and a run
 * that says `completed` lacks no object that was there throughout and can be read. All of it follows from the seed.
 */
export async function runForeignPlan(seed: number): Promise<ForeignOutcome> {
  const random = createRandomSource(seed);
  const quirk = random.pick(foreignQuirks);
  const outcome = { quirk, problems: [] as string[], runs: 0, completed: 0, deletions: 0 };
  let restart = (): void => {};
  const world = createModelWorld({
    endpoint: 's3.example.com',
    settings: { rangeObjects: random.pick([15, 40, 1000]), leafRecords: 4, streams: random.pick([1, 3, 16]) },
    before(honest, place) {
      const server = createQuirkyServer(quirk, honest, { ...place, bucket: place.bucket(bucketName), random });
      restart = () => server.restart();
      return server.buckets;
    },
  });
  try {
    const bucket = world.bucket(bucketName);
    const version = quirk.endsWith('order') || quirk === 'order-with-repeats' ? 'auto' : random.pick(['auto', 2]);
    const source = await world.addDatasource({ list_version: version }, { page_size: random.pick([3, 8, 20]) });
    const history = { quirk, world, bucket, random, source, restart: () => restart(), outcome };
    edit(history, random.between(30, 150), 0);
    for (let round = random.between(2, 5); round > 0; round -= 1) await playRound(history);
    return outcome;
  } catch (error) {
    outcome.problems.push(`broke off: ${error instanceof Error ? error.stack : String(error)}`);
    return outcome;
  } finally {
    world.close();
  }
}

async function playRound(history: History): Promise<void> {
  const { world, random, source, outcome, bucket } = history;
  edit(history, random.between(0, 20), random.chance(0.1) ? 0.8 : 0.3);
  world.advance(60_000);
  const before = await catalogueFacts(world.table, source.uid);
  const throughout = disturb(history);
  const run = await world.sync(source.id);
  world.beforePage = undefined;
  const after = await catalogueFacts(world.table, source.uid);
  outcome.runs += 1;
  if (run.status === 'completed') outcome.completed += 1;
  outcome.deletions += run.counters.deleted;
  const lost = [...before.keys()].filter((key) => throughout.has(key) && !after.has(key));
  if (lost.length > 0) outcome.problems.push(told(history, run, `removed ${lost.length} that exist, ${lost[0]}`));
  outcome.problems.push(...lackingOf(history, run, after, throughout));
  if (random.chance(0.3) && bucket.size > 0) await settle(history);
}

/** An object that cannot be read is told of, not catalogued. */
function lackingOf(history: History, run: RunRow, after: Facts, throughout: ReadonlySet<string>): string[] {
  if (run.status !== 'completed') return [];
  const readable = history.quirk.startsWith('odd-rows') ? (key: string) => !isOddKey(key) : () => true;
  const lacking = [...throughout].filter((key) => readable(key) && !after.has(key));
  return lacking.length === 0 ? [] : [told(history, run, `completed and lacks ${lacking.length}, ${lacking[0]}`)];
}

/** With nothing disturbed, the server comes to be catalogued exactly, unless it hides what it cannot write. */
async function settle(history: History): Promise<void> {
  const { world, source, outcome, quirk, bucket } = history;
  if (quirk.startsWith('odd-rows')) return;
  const run = await world.sync(source.id);
  outcome.runs += 1;
  if (run.status === 'held' || quirk === 'way-changes') return;
  if (run.status !== 'completed')
    outcome.problems.push(told(history, run, `quiet, and ended ${run.status}: ${run.message}`));
  const left = differences(await catalogueFacts(world.table, source.uid), expectedFacts(bucket));
  if (run.status === 'completed' && run.waiting === undefined && left.length > 0) {
    outcome.problems.push(told(history, run, `quiet, and not exact: ${left[0]}`));
  }
}

/** Before some page: objects come and go, the store takes minutes, the server is started anew. Returns what was there all
 *  the time. */
function disturb(history: History): ReadonlySet<string> {
  const { world, random, bucket, restart } = history;
  const throughout = new Set(bucket.objects().map(({ key }) => key));
  let pagesToGo = random.chance(0.5) ? random.between(1, 12) : 0;
  world.beforePage = () => {
    pagesToGo -= 1;
    if (pagesToGo !== 0) return;
    const disturbance = random.pick(['edit', 'stall', 'restart'] as const);
    if (disturbance === 'stall') world.advance(random.pick([50_000, 70_000]));
    if (disturbance === 'restart') restart();
    if (disturbance === 'edit') edit(history, random.between(1, 4), 0.5);
    for (const key of throughout) if (bucket.get(key) === undefined) throughout.delete(key);
  };
  return throughout;
}

function told({ quirk }: History, run: RunRow, what: string): string {
  return `${quirk}: run ${run.id} ${what}`;
}

const folders = ['docs/', 'docs/', 'docs/', 'docs/a/', 'zz/', ''];
const siblings = ['docs-', 'docs ', 'docs+', 'docs.'];
const names = ['a', 'b', '\u{1f600}', '\uffee', 'é', '+ %', '\r', 'Z'];

/** So many changes: deletions with that probability, otherwise new objects, or new states of old ones. */
function edit({ random, bucket }: Pick<History, 'random' | 'bucket'>, changes: number, deletions: number): void {
  for (let change = 0; change < changes; change += 1) {
    const objects = bucket.objects();
    if (objects.length > 0 && random.chance(deletions)) bucket.delete(random.pick(objects).key);
    else if (objects.length > 0 && random.chance(0.2)) bucket.put(random.pick(objects).key);
    else {
      const place = random.chance(0.4) ? random.pick(siblings) : random.pick(folders);
      bucket.put(`${place}${random.pick(names)}${random.below(60)}`);
    }
  }
}
