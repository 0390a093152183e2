/**
 * `npm run servers -- --minio`: a bucket on a real MinIO on which a listing that begins at a key leaves objects out.
 * Whatever happens to a run on it, `completed` means that each object is catalogued.
 */
import type { Bench } from './column.ts';
import { withBench } from './drive-server.ts';
import { minio } from './engines/minio.ts';
import { sample } from './exactness.ts';
import { registerBucket } from './run-once.ts';
import type { Run } from './stocktake-user.ts';

const BUCKET = 'completeness';

/** A run over 146,500 objects on a machine that others use too. */
const RUN_MS = 1_800_000;

/** MinIO forgets what it knows of a listing 3 minutes after it was last read, 15 after it was finished. */
const CACHE_GONE_MS = 1_200_000;
const HELD_UP_MS = 300_000;

export type CompletenessOptions = {
  /** 0–1: of the objects; pages become smaller by as much, so that there are as many. */
  readonly share: number;
  /** Whether to wait the 20 minutes, and the 5. */
  readonly patient: boolean;
  readonly say: (text: string) => void;
};

type Scene = {
  readonly name: string;
  /** Whether it waits for minutes. */
  readonly isLong?: true;
  play(stage: Stage): Promise<Run>;
};

/** The bench, and the sizes that the share makes. */
type Stage = { readonly bench: Bench; readonly pages: number; readonly pageSize: number };

const scenes: readonly Scene[] = [
  { name: 'first load', play: (stage) => runThrough(stage, 'whole', []) },
  { name: 'the same again', play: async ({ bench }) => endOf(bench, 'whole', await bench.stocktake.startRun('whole')) },
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tenth): Scene => {
    const name = `killed-${tenth}`;
    return { name: `killed after ${tenth} of 11 parts`, play: (stage) => runThrough(stage, name, [tenth / 11]) };
  }),
  {
    name: 'killed, and MinIO restarted',
    play: (stage) => runThrough(stage, 'restarted', [0.6], async () => stage.bench.server.restart?.()),
  },
  {
    name: 'MinIO restarted under a run',
    play: async (stage) => {
      const { run } = await startAt(stage, 'restarted-under', 0.4);
      await stage.bench.server.restart?.();
      return orTheNext(stage.bench, 'restarted-under', run);
    },
  },
  {
    name: 'killed, and resumed 20 minutes later',
    isLong: true,
    play: (stage) => runThrough(stage, 'later', [0.5], () => pause(CACHE_GONE_MS)),
  },
  { name: 'held up for 5 minutes between two pages', isLong: true, play: playHeldUp },
  {
    name: 'list_version 1 with small pages',
    play: async (stage) => {
      await register(stage, 'version-1', { config: { list_version: 1 }, sync: { page_size: 37 } });
      return endOf(stage.bench, 'version-1', await stage.bench.stocktake.startRun('version-1'));
    },
  },
  {
    name: '1,500 siblings put later',
    play: async ({ bench }) => {
      await bench.client.fill(
        BUCKET,
        numbered(1500, 4, (number) => `docs 2/${number}`),
      );
      return endOf(bench, 'whole', await bench.stocktake.startRun('whole'));
    },
  },
];

/** Plays all scenes and says of each how it came out. True if each was exact. */
export async function proveMinioCompleteness({ share, patient, say }: CompletenessOptions): Promise<boolean> {
  minio.fetch({ mayInstall: false });
  return withBench(minio, share, async (bench) => {
    const pageSize = Math.max(10, Math.ceil(1000 * share));
    await bench.client.createBucket(BUCKET);
    await fillCompleteness(bench, share);
    const expected = (await bench.client.listByToken(BUCKET)).size;
    say(`${minio.name} ${minio.version}: ${expected} objects, pages of ${pageSize}`);
    const stage = { bench, pages: Math.ceil(expected / pageSize), pageSize };
    let wrong = 0;
    for (const scene of scenes.filter(({ isLong }) => patient || isLong === undefined)) {
      const told = await outcomeOf(scene, stage);
      wrong += told.isExact ? 0 : 1;
      say(`${told.isExact ? 'exact' : 'WRONG'}  ${scene.name}: ${told.text}`);
    }
    return wrong === 0;
  });
}

async function fillCompleteness({ client }: Bench, share: number): Promise<void> {
  const siblings = Math.max(300, Math.round(1500 * share));
  await client.fill(
    BUCKET,
    numbered(Math.round(140_000 * share), 6, (number) => `docs/${number}.pdf`),
  );
  await client.fill(
    BUCKET,
    numbered(siblings, 4, (number) => `docs-${number}.zip`),
  );
  await client.fill(
    BUCKET,
    numbered(Math.round(5000 * share), 4, (number) => `zz/${number}`),
  );
}

function* numbered(count: number, digits: number, keyOf: (number: string) => string) {
  for (let index = 0; index < count; index += 1) {
    yield { key: keyOf(String(index).padStart(digits, '0')), body: 'x' };
  }
}

async function outcomeOf(scene: Scene, stage: Stage): Promise<{ isExact: boolean; text: string }> {
  const began = Date.now();
  stage.bench.watched.countAnew();
  try {
    const run = await scene.play(stage);
    const { lists, listsFromKey, heads } = stage.bench.watched.counts;
    const [missing, extra] = await difference(stage.bench, run.datasource);
    const text = [
      `${run.status}${run.error === undefined ? '' : ` (${run.error.code}: ${run.error.message.slice(0, 200)})`}`,
      `${missing.length} missing${missing.length === 0 ? '' : ` (${sample(missing)})`}, ${extra.length} too many`,
      `${lists} LISTs, ${listsFromKey} of them from a key, ${heads} HEADs`,
      `${Math.round((Date.now() - began) / 1000)} s`,
    ];
    return { isExact: run.status === 'completed' && missing.length + extra.length === 0, text: text.join('; ') };
  } catch (error) {
    return { isExact: false, text: error instanceof Error ? error.message : String(error) };
  }
}

/** Key by key with the bucket's own listing, followed by its tokens from the beginning. */
async function difference({ client, stocktake }: Bench, datasource: string): Promise<[string[], string[]]> {
  const there = await client.listByToken(BUCKET);
  const catalogue = await stocktake.catalogue(datasource);
  return [[...there].filter((key) => !catalogue.has(key)), [...catalogue.keys()].filter((key) => !there.has(key))];
}

/** A first load that is killed once it is as far as each of these shares of its pages, and begun again each time. */
async function runThrough(
  stage: Stage,
  datasource: string,
  kills: readonly number[],
  between?: () => Promise<void>,
): Promise<Run> {
  const { bench } = stage;
  const { run, killed } = await startAt(stage, datasource, kills[0]);
  if (killed) await bench.stocktake.killAndRestart(between);
  return endOf(bench, datasource, run);
}

/** Registers, starts a run, and waits until it is so far; `killed` is false where it ended before. */
async function startAt(stage: Stage, datasource: string, share?: number): Promise<{ run: string; killed: boolean }> {
  await register(stage, datasource);
  const run = await stage.bench.stocktake.startRun(datasource);
  if (share === undefined) return { run, killed: false };
  const page = Math.max(1, Math.floor(stage.pages * share));
  const deadline = Date.now() + RUN_MS;
  while (Date.now() < deadline) {
    const { status, counters } = await stage.bench.stocktake.run(datasource, run);
    if (status !== 'queued' && status !== 'running') return { run, killed: false };
    if ((counters.pages ?? 0) >= page) return { run, killed: true };
    await pause(10);
  }
  throw new Error(`the run is not at page ${page} after ${RUN_MS / 1000} s`);
}

/** The store holds one answer back, in the middle, until whoever asked has given up many times over. */
async function playHeldUp(stage: Stage): Promise<Run> {
  const { bench } = stage;
  const { run } = await startAt(stage, 'held-up', 0.4);
  const until = Date.now() + HELD_UP_MS;
  bench.watched.holdUp = async () => pause(Math.max(0, until - Date.now()));
  await pause(HELD_UP_MS);
  bench.watched.holdUp = undefined;
  return orTheNext(bench, 'held-up', run);
}

/** A run that the store let down may fail, in the open; the next must be exact. */
async function orTheNext(bench: Bench, datasource: string, run: string): Promise<Run> {
  const ended = await endOf(bench, datasource, run);
  if (ended.status === 'completed') return ended;
  return endOf(bench, datasource, await bench.stocktake.startRun(datasource));
}

async function register({ bench, pageSize }: Stage, datasource: string, more: object = {}): Promise<void> {
  await registerBucket(bench, datasource, BUCKET, { sync: { page_size: pageSize }, ...more });
}

function endOf({ stocktake }: Bench, datasource: string, run: string): Promise<Run> {
  return stocktake.endOf(datasource, run, RUN_MS);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
