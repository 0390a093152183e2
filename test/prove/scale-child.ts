import { rmSync } from 'node:fs';
import * as z from 'zod';
import { createGeneratedWorld, type GeneratedWorld, type SyncCost } from '#support/generated-world.ts';

/** What the process is to do, as JSON in its first argument. */
export const scaleTask = z.object({
  file: z.string(),
  objects: z.number().int(),
  style: z.enum(['numbered', 'dated']),
  workers: z.number().int(),
  /** 0–1: pages and ranges become smaller with the number of objects, so that there are as many of them. */
  share: z.number(),
  changesOfAKind: z.number().int(),
});
export type ScaleTask = z.output<typeof scaleTask>;

const RANGE_OBJECTS = 125_000;
const PAGE = 1000;

/** What a LIST of a thousand keys takes on S3 on a slow day. */
const REQUEST_MS = 100;
const SLICE_MS = 10_000;

/** RSS is looked at once in so many requests. */
const SAMPLE_EVERY = 5;

export type ScaleRun = {
  readonly status: string;
  readonly counters: SyncCost['run']['counters'];
  readonly lists: number;
  readonly recordWrites: number;
  readonly writes: number;
  readonly invocations: number;
  readonly longestMs: number;
  readonly seconds: number;
  /** Objects in each range, in key order. */
  readonly ranges: readonly number[];
  /** Between bucket and catalogue; not looked for after a run that wrote no record. */
  readonly differences: number;
  /** RSS, megabytes, at even distances. */
  readonly rss: readonly number[];
};

export type ScaleReport = {
  readonly firstLoad: ScaleRun;
  readonly unchanged: ScaleRun;
  readonly changed: ScaleRun;
  readonly peakMegabytes: number;
};

async function perform(task: ScaleTask): Promise<ScaleReport> {
  const { file, objects, style, workers, share } = task;
  const pageSize = Math.max(1, Math.round(PAGE * share));
  const settings = { workers, rangeObjects: Math.round(RANGE_OBJECTS * share) };
  const size = { objects, style, pageSize, settings, requestMs: REQUEST_MS, sliceMs: SLICE_MS };
  const world = await createGeneratedWorld(file, size);
  const firstLoad = await measure(world);
  const unchanged = await measure(world);
  changeSome(world, task);
  const changed = await measure(world);
  world.close();
  return { firstLoad, unchanged, changed, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
}

async function measure(world: GeneratedWorld): Promise<ScaleRun> {
  const rss: number[] = [];
  let asked = 0;
  world.onRequest = () => {
    asked += 1;
    if (asked % SAMPLE_EVERY === 0) rss.push(process.memoryUsage.rss() / 2 ** 20);
  };
  const { run, ...cost } = await world.sync();
  world.onRequest = undefined;
  const ranges = (await world.ranges()).map((range) => range.objects);
  const differences = cost.recordWrites === 0 ? 0 : await world.differences();
  return { ...cost, status: run.status, counters: run.counters, ranges, differences, rss };
}

/** Spread evenly over the bucket, each kind at numbers of its own. */
function changeSome({ bucket }: GeneratedWorld, { objects, changesOfAKind }: ScaleTask): void {
  const step = Math.floor(objects / changesOfAKind);
  for (let change = 0; change < changesOfAKind; change += 1) {
    const index = change * step;
    bucket.modify(index);
    bucket.delete(index + Math.floor(step / 3));
    bucket.addBehind(index + Math.floor((2 * step) / 3));
  }
}

const task = scaleTask.parse(JSON.parse(process.argv[2] ?? '{}'));
const report = await perform(task);
rmSync(task.file, { force: true });
process.stdout.write(JSON.stringify(report));
