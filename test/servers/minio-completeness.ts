/**
 * `npm run servers -- --minio`: a bucket on a real MinIO on which a listing that begins at a key leaves objects out.
 * Whatever happens to a run on it, `completed` means that each object is catalogued.
 */
import type { Bench } from './column.ts';
import { withBench } from './drive-server.ts';
import { minio } from './engines/minio.ts';
import { sample } from './exactness.ts';
import { type Held, holdAtList } from './hold-at-list.ts';
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
  {
    name: 'first load',
    play: async (stage) => {
      await register(stage, 'whole');
      return endOf(stage.bench, 'whole', await stage.bench.stocktake.startRun('whole'));
    },
  },
  { name: 'the same again', play: async ({ bench }) => endOf(bench, 'whole', await bench.stocktake.startRun('whole')) },
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tenth): Scene => {
    const name = `killed-${tenth}`;
    return { name: `killed after ${tenth} of 11 parts`, play: (stage) => runKilled(stage, name, tenth / 11) };
  }),
  {
    name: 'killed, and MinIO restarted',
    play: (stage) => runKilled(stage, 'restarted', 0.6, async () => stage.bench.server.restart?.()),
  },
  {
    name: 'MinIO restarted under a run',
    play: async (stage) => {
      const { run, held } = await startAndHold(stage, 'restarted-under', 0.4);
      await stage.bench.server.restart?.();
      held.release();
      return orTheNext(stage.bench, 'restarted-under', run);
    },
  },
  {
    name: 'killed, and resumed 20 minutes later',
    isLong: true,
    play: (stage) => runKilled(stage, 'later', 0.5, () => pause(CACHE_GONE_MS)),
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
  minio.fetch();
  return withBench(minio, share, async (bench) => {
    const pageSize = Math.max(10, Math.ceil(1000 * share));
    await bench.client.createBucket(BUCKET);
    const began = Date.now();
    await fillCompleteness(bench, share);
    const expected = (await bench.client.listByToken(BUCKET)).size;
    say(`filled in ${Math.round((Date.now() - began) / 1000)} s`);
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

/** So many objects a tar. */
const SNOWBALL = 5000;

async function fillCompleteness({ client }: Bench, share: number): Promise<void> {
  const siblings = Math.max(300, Math.round(1500 * share));
  const objects = [
    ...numbered(Math.round(140_000 * share), 6, (number) => `docs/${number}.pdf`),
    ...numbered(siblings, 4, (number) => `docs-${number}.zip`),
    ...numbered(Math.round(5000 * share), 4, (number) => `zz/${number}`),
  ];
  for (let from = 0; from < objects.length; from += SNOWBALL) {
    await client.fillBySnowball(BUCKET, objects.slice(from, from + SNOWBALL));
  }
}

function* numbered(count: number, digits: number, keyOf: (number: string) => string) {
  for (let index = 0; index < count; index += 1) {
    yield { key: keyOf(String(index).padStart(digits, '0')), body: 'x' };
  }
}

async function outcomeOf(scene: Scene, stage: Stage): Promise<{ isExact: boolean; text: string }> {
  const began = Date.now();
  const before = stage.bench.watched.counts();
  try {
    const run = await scene.play(stage);
    const { lists, listsFromKey, heads } = stage.bench.watched.counts(before);
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

/** A first load that is killed once it has asked for this share of its pages, and goes on in a new process. */
async function runKilled(stage: Stage, datasource: string, share: number, between?: () => Promise<void>): Promise<Run> {
  const { run, held } = await startAndHold(stage, datasource, share);
  await stage.bench.stocktake.killAndRestart(async () => {
    held.release();
    await between?.();
  });
  return endOf(stage.bench, datasource, run);
}

/** Registers, starts a run, and holds up the list that comes after this share of its pages. */
async function startAndHold(stage: Stage, datasource: string, share: number): Promise<{ run: string; held: Held }> {
  await register(stage, datasource);
  const run = await stage.bench.stocktake.startRun(datasource);
  const lists = Math.max(1, Math.floor(stage.pages * share));
  const held = await holdAtList(stage.bench, { datasource, run, lists, withinMs: RUN_MS });
  if (!held.arrived) throw new Error(`the run ended before it asked for ${lists} lists`);
  return { run, held };
}

/** The store holds an answer back for minutes: whoever asked gives up, asks again, and gives up the run at last. */
async function playHeldUp(stage: Stage): Promise<Run> {
  const { run, held } = await startAndHold(stage, 'held-up', 0.4);
  await pause(HELD_UP_MS);
  held.release();
  return orTheNext(stage.bench, 'held-up', run);
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
