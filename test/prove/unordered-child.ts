import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createGeneratedWorld, type SyncCost } from '#support/generated-world.ts';

/** What a bucket without order took: argument 1 is a folder, 2 how many objects, 3 how many of them are deleted. */
export type UnorderedReport = {
  readonly runs: readonly Pick<SyncCost, 'lists' | 'recordWrites' | 'seconds'>[];
  readonly statuses: readonly string[];
  readonly messages: readonly (string | undefined)[];
  readonly deleted: number;
  /** Between bucket and catalogue, after the first run and after the last. */
  readonly differences: readonly number[];
  readonly peakMegabytes: number;
};

/** Time that a LIST takes, and what Lambda gives an invocation that keeps a minute back. */
const requestMs = 82;
const sliceMs = 840_000;

async function perform(folder: string, objects: number, deletions: number): Promise<UnorderedReport> {
  const scrambledIn = mkdtempSync(join(folder, 'spool-'));
  const size = { objects, style: 'dated', pageSize: 1000, settings: {}, requestMs, sliceMs, scrambledIn } as const;
  const world = await createGeneratedWorld(join(folder, 'table.db'), size);
  try {
    const first = await world.sync();
    const afterFirst = await world.differences();
    const second = await world.sync();
    for (let count = 0; count < deletions; count += 1) world.bucket.delete(Math.floor((count * objects) / deletions));
    const third = await world.sync();
    const runs = [first, second, third];
    return {
      runs: runs.map(({ lists, recordWrites, seconds }) => ({ lists, recordWrites, seconds })),
      statuses: runs.map(({ run }) => run.status),
      messages: runs.map(({ run }) => run.message),
      deleted: third.run.counters.deleted,
      differences: [afterFirst, await world.differences()],
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    world.close();
    rmSync(scrambledIn, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [folder = '', objects, deletions] = process.argv.slice(2);
  console.log(JSON.stringify(await perform(folder, Number(objects), Number(deletions))));
}
